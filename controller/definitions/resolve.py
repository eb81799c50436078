"""Definitions to a catalog: duplicates, references, access between namespaces, cycles, prompts.

A reference to something that only git can bring (agents, models, MCP servers) must be in the
repository; ConfigMaps, Secrets and Services may exist in the cluster already.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping

from controller.definitions import chains, prompttemplates, references, targets
from controller.definitions.catalog import Catalog, Definition
from controller.definitions.findings import DefinitionId, Finding, Severity, in_order
from controller.definitions.parse import Parsed
from controller.definitions.references import Reference
from controller.definitions.suspects import Suspects
from controller.definitions.violation import finding


def resolve(parsed: Parsed) -> Catalog:
    """Make the catalog of a revision, with the findings of parsing and all of its own."""
    definitions = _first_of_each(parsed)
    index = targets.Index(definitions, Suspects(parsed.findings))
    depends_on: dict[DefinitionId, frozenset[DefinitionId]] = {}
    findings = [*parsed.findings, *_duplicates(parsed)]
    for definition in definitions.values():
        referred = references.of(definition)
        findings += _unresolved(definition, referred, index)
        findings += prompttemplates.check(definition, index)
        depends_on[definition.id] = _dependencies(definition, referred, index)
    tools = {id_: _called(id_, depends_on) for id_ in definitions if id_.kind == "Agent"}
    chained = chains.check(tools, definitions)
    findings += chained.findings
    return Catalog(
        definitions=definitions,
        depends_on=depends_on,
        findings=in_order(findings),
        broken=frozenset(_broken(findings)) | chained.broken,
    )


def _first_of_each(parsed: Parsed) -> Mapping[DefinitionId, Definition]:
    definitions: dict[DefinitionId, Definition] = {}
    for definition in parsed.definitions:
        definitions.setdefault(definition.id, definition)
    return dict(sorted(definitions.items()))


def _broken(findings: list[Finding]) -> Iterator[DefinitionId]:
    for found in findings:
        if found.severity is Severity.ERROR and found.definition is not None:
            yield found.definition


def _duplicates(parsed: Parsed) -> Iterator[Finding]:
    by_id: defaultdict[DefinitionId, list[Definition]] = defaultdict(list)
    for definition in parsed.definitions:
        by_id[definition.id].append(definition)
    for same in by_id.values():
        if len(same) > 1:
            yield from _duplicated(same)


def _duplicated(same: list[Definition]) -> Iterator[Finding]:
    places = [definition.document.position(("metadata", "name")) for definition in same]
    for definition, place in zip(same, places, strict=True):
        others = ", ".join(str(other) for other in places if other != place)
        yield Finding(
            rule="duplicate-definition",
            message=f"{definition.id} is defined more than once: also at {others}",
            remedy="Keep one of them, or give them different names or namespaces.",
            position=place,
            definition=definition.id,
        )


def _unresolved(
    definition: Definition, referred: tuple[Reference, ...], index: targets.Index
) -> Iterator[Finding]:
    for reference in referred:
        for violation in targets.check(definition, reference, index):
            yield finding(violation, definition.document, definition.id)


def _dependencies(
    definition: Definition, referred: tuple[Reference, ...], index: targets.Index
) -> frozenset[DefinitionId]:
    found = (index.find(reference) for reference in referred)
    return frozenset(target.id for target in found if target is not None) - {definition.id}


def _called(
    agent: DefinitionId, depends_on: Mapping[DefinitionId, frozenset[DefinitionId]]
) -> tuple[DefinitionId, ...]:
    called = (id_ for id_ in depends_on[agent] if id_.kind == "Agent" and id_.group == agent.group)
    return tuple(sorted(called))
