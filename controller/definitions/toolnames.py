"""The tools that agents are granted against those that their servers have.

The servers' side is observed, so these findings change without a commit; they are warnings, because
a server may come to have a tool that it lacks today.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from controller.definitions import grants, suggest
from controller.definitions.catalog import Catalog, Path
from controller.definitions.findings import DefinitionId, Finding, Severity
from controller.definitions.grants import Grant
from controller.definitions.violation import Violation, finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of a server that listed its tools at least once."""

    names: frozenset[str]
    """The tools that it has."""
    withdrawn: Mapping[str, str] = field(default_factory=dict)
    """Tools that it had, with the time when they were first missing, as text."""
    changed: Mapping[str, str] = field(default_factory=dict)
    """Tools that are not what they were when the revision was deployed, with the time."""


def check(catalog: Catalog, servers: Mapping[DefinitionId, Known]) -> tuple[Finding, ...]:
    """Give the findings of every agent whose servers are known."""
    return tuple(
        finding(violation, catalog.definitions[grant.agent].document, grant.agent)
        for grant in grants.all_of(catalog)
        if grant.server in servers
        for violation in _grant(grant, servers[grant.server])
    )


def _grant(grant: Grant, known: Known) -> Iterator[Violation]:
    for index, name in enumerate(grant.tools):
        path = (*grant.path, "toolNames", index)
        if name in known.withdrawn:
            yield _withdrawn(grant, name, known.withdrawn[name], path)
        elif name not in known.names:
            yield _unknown(grant, name, known, path)
    for name, since in sorted(known.changed.items()):
        if grant.covers(name):
            yield _changed(grant, name, since)


def _unknown(grant: Grant, name: str, known: Known, path: Path) -> Violation:
    near = suggest.nearest(name, known.names)
    has = suggest.listing(known.names)
    return Violation(
        rule="unknown-tool",
        path=path,
        message=f"{grant.server} has no tool {name!r}",
        remedy=f"Did you mean {near!r}?" if near else f"It has {has or 'no tool at all'}.",
        severity=Severity.WARNING,
    )


def _withdrawn(grant: Grant, name: str, since: str, path: Path) -> Violation:
    return Violation(
        rule="withdrawn-tool",
        path=path,
        message=f"{grant.server} has withdrawn the tool {name!r} ({since})",
        remedy="Bring it back at the server, or take it from the agent.",
        severity=Severity.WARNING,
    )


def _changed(grant: Grant, name: str, since: str) -> Violation:
    return Violation(
        rule="changed-tool",
        path=(*grant.path, "name"),
        message=(
            f"the tool {name!r} of {grant.server} is not what it was when this revision was"
            f" deployed (changed {since})"
        ),
        remedy="Look at it with `roster tool list -o yaml`; the next commit takes it as it is.",
        severity=Severity.WARNING,
    )
