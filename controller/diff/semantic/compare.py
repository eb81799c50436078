"""The story of a semantic diff: two catalogs in, what changed out, the most important first."""

import dataclasses
from collections.abc import Iterator

from controller.definitions.catalog import Catalog, Definition
from controller.definitions.findings import DefinitionId
from controller.definitions.kinds import KAGENT
from controller.diff.semantic import agents, facts, plain, prompts, rules, tools
from controller.diff.semantic.change import Change, Kind, Piece, SemanticDiff, Severity
from controller.diff.semantic.facts import Facts, Told
from controller.diff.semantic.reach import Reach

_SEVERITIES = tuple(Severity)
_KINDS = tuple(Kind)
_NO_FACTS: Facts = {}
NOTHING = Catalog(definitions={}, depends_on={})
"""The catalog of no revision: everything is new compared with it."""


def compare(
    before: Catalog, after: Catalog, *, before_name: str = "", after_name: str = ""
) -> SemanticDiff:
    """Compare two revisions.

    Args:
        before: the earlier revision.
        after: the later revision.
        before_name: what the earlier one is called, such as its commit.
        after_name: what the later one is called.
    """
    changed = _changed(before, after)
    reach = Reach(before, after)
    found = [
        *_definitions(before, after, changed, reach),
        *prompts.compare(before, after, _prompted(changed, reach)),
    ]
    callers = {users: reach.callers(users) for users in {change.agents for change in found}}
    told = (dataclasses.replace(change, reaches=callers[change.agents]) for change in found)
    return SemanticDiff(
        before=before_name, after=after_name, changes=tuple(sorted(told, key=_order))
    )


def _order(change: Change) -> tuple[int, DefinitionId, int, int, str]:
    """Agents come before what they use, by the accident of the alphabet that A comes first."""
    return (
        _SEVERITIES.index(change.severity),
        change.definition,
        _KINDS.index(change.kind),
        change.position.line,
        change.summary,
    )


def _changed(before: Catalog, after: Catalog) -> tuple[DefinitionId, ...]:
    """Give the definitions that differ. Parsing gives the same object for an unchanged file."""
    return tuple(
        id_
        for id_ in sorted({*before.definitions, *after.definitions})
        if not _is_same(before.definitions.get(id_), after.definitions.get(id_))
    )


def _is_same(old: Definition | None, new: Definition | None) -> bool:
    if old is None or new is None:
        return False
    return old is new or old.document.data == new.document.data


def _prompted(changed: tuple[DefinitionId, ...], reach: Reach) -> tuple[DefinitionId, ...]:
    """Give the agents whose prompt may have changed: their own text or one that they include."""
    found: dict[DefinitionId, None] = {}
    for id_ in changed:
        if id_.kind in {"Agent", "ConfigMap", "Secret"}:
            found.update(dict.fromkeys(reach.agents(id_)))
    return tuple(sorted(found))


def _definitions(
    before: Catalog, after: Catalog, changed: tuple[DefinitionId, ...], reach: Reach
) -> Iterator[Change]:
    for id_ in changed:
        old, new = before.definitions.get(id_), after.definitions.get(id_)
        users = reach.agents(id_)
        for told, pieces in _definition(old, new, before, after):
            yield Change(
                kind=told.kind,
                severity=told.severity,
                definition=id_,
                position=told.position,
                summary=told.summary,
                pieces=pieces,
                agents=users,
            )


_Found = Iterator[tuple[Told, tuple[Piece, ...]]]


def _definition(
    old: Definition | None, new: Definition | None, before: Catalog, after: Catalog
) -> _Found:
    definition = new or old
    if definition is None:
        return
    if old is None or new is None:
        yield _came_or_went(old, new, definition), ()
    if definition.is_plain:
        if old is not None and new is not None:
            keys = _prompt_keys(definition.id, before) | _prompt_keys(definition.id, after)
            for told in plain.compare(old, new, told_elsewhere=keys):
                yield told, ()
        return
    if definition.spec is None or (old is not None and old.spec is None):
        yield _unreadable(definition), ()
    elif new is not None:
        yield from _own_kind(old, new, before, after)


def _own_kind(old: Definition | None, new: Definition, before: Catalog, after: Catalog) -> _Found:
    given = _facts(new, without_defaults=old is None)
    for told in facts.compare(_facts(old), given, old.document if old else None, new.document):
        if old is not None or told.severity is not Severity.LOW:
            yield told, ()
    if new.id.kind != "Agent":
        return
    yield from agents.description(old, new)
    for found in (
        agents.model(old, new, before, after),
        agents.network(old, new),
        tools.compare(old, new),
    ):
        for told in found:
            yield told, ()


def _facts(definition: Definition | None, *, without_defaults: bool = False) -> Facts:
    if definition is None or definition.spec is None or definition.id.group != KAGENT:
        return _NO_FACTS
    table = rules.BY_KIND.get(definition.id.kind)
    if table is None:
        return _NO_FACTS
    elsewhere = rules.AGENT_ELSEWHERE if definition.id.kind == "Agent" else ()
    return facts.of(definition.spec, table, without=elsewhere, without_defaults=without_defaults)


def _came_or_went(old: Definition | None, new: Definition | None, either: Definition) -> Told:
    kind, severity = (
        plain.came_or_went(old, new)
        if either.is_plain
        else (Kind.DEFINITION, Severity.LOW if new else Severity.MEDIUM)
    )
    return Told(
        kind=kind,
        severity=severity,
        summary="added" if new else "removed",
        position=either.document.position(),
    )


def _unreadable(definition: Definition) -> Told:
    return Told(
        kind=Kind.DEFINITION,
        severity=Severity.MEDIUM,
        summary="has errors in one of the revisions and is not compared",
        position=definition.document.position(),
    )


def _prompt_keys(config_map: DefinitionId, catalog: Catalog) -> frozenset[str]:
    """Give the keys of a ConfigMap that agents take as prompts: those changes are told as such."""
    if config_map.kind != "ConfigMap":
        return frozenset()
    return frozenset(
        key
        for agent in catalog.definitions.values()
        if config_map in catalog.depends_on.get(agent.id, ())
        for key in prompts.keys_of(agent, config_map, catalog)
    )
