"""Findings about the tools of an application's servers, out of what is known of them. Pure."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from controller.definitions import toolnames
from controller.definitions.catalog import Catalog
from controller.definitions.findings import DefinitionId, Finding
from controller.definitions.toolnames import Known
from controller.definitions.violation import finding
from controller.render import toolconflicts
from controller.state.records import ApplicationRecord
from controller.state.toolservers import ToolRecord, ToolServerRecord


def of(
    record: ApplicationRecord, catalog: Catalog, servers: Mapping[str, ToolServerRecord]
) -> tuple[Finding, ...]:
    """Give what is to be said of an application's grants; nothing of servers never heard of."""
    since = _deployed_at(record)
    known = {
        DefinitionId.parse(id_): _known(server, since)
        for id_, server in servers.items()
        if server.connected_at is not None
    }
    return (*toolnames.check(catalog, known), *_conflicts(catalog, known))


def _conflicts(catalog: Catalog, known: Mapping[DefinitionId, Known]) -> Iterator[Finding]:
    listed = {server: tools.names for server, tools in known.items()}
    for id_, definition in catalog.definitions.items():
        for told in toolconflicts.observed(definition, catalog.definitions.get, listed):
            yield finding(told, definition.document, id_)


def _deployed_at(record: ApplicationRecord) -> datetime | None:
    """Give when the revision that stands was committed, or deployed where that came later."""
    commit = record.status.commit
    if commit is None:
        return None
    begun = [
        operation.started_at
        for operation in record.history
        if operation.revision == commit.revision
    ]
    first = [min(begun)] if begun else []
    return max((*first, *([commit.committed_at] if commit.committed_at else [])), default=None)


def _known(server: ToolServerRecord, since: datetime | None) -> Known:
    return Known(
        names=frozenset(tool.name for tool in server.offered),
        withdrawn={
            tool.name: _text(tool.withdrawn_at) for tool in server.tools if tool.withdrawn_at
        },
        changed=dict(_changed(server.offered, since)),
    )


def _changed(tools: tuple[ToolRecord, ...], since: datetime | None) -> Iterator[tuple[str, str]]:
    for tool in tools:
        if tool.changed_at and since and tool.changed_at > since:
            yield tool.name, _text(tool.changed_at)


def _text(when: datetime) -> str:
    return f"{when.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
