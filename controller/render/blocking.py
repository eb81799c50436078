"""Which definitions have to wait for others, and why."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet

from controller.definitions.catalog import Catalog
from controller.definitions.findings import DefinitionId, Finding, Severity

WAITS = "DependencyNotReady"
"""How the reason of a definition begins that has nothing wrong itself."""


def closure(
    broken: AbstractSet[DefinitionId],
    depends_on: Mapping[DefinitionId, AbstractSet[DefinitionId]],
) -> frozenset[DefinitionId]:
    """Give the broken definitions and everything that depends on one, however far away."""
    dependents = defaultdict(set)
    for id_, needed in depends_on.items():
        for other in needed:
            dependents[other].add(id_)
    found = set(broken)
    to_visit = list(broken)
    while to_visit:
        more = dependents[to_visit.pop()] - found
        found |= more
        to_visit += more
    return frozenset(found)


def reasons(
    waiting: Iterable[DefinitionId],
    broken: AbstractSet[DefinitionId],
    catalog: Catalog,
    findings: Iterable[Finding],
) -> tuple[tuple[DefinitionId, str], ...]:
    """Give for each definition that waits why it does, in one sentence."""
    causes: dict[DefinitionId, Finding] = {}
    for finding in sorted(findings, key=lambda found: found.severity is not Severity.ERROR):
        if finding.definition:
            causes.setdefault(finding.definition, finding)
    waiting = frozenset(waiting)
    return tuple(
        (id_, _own(causes.get(id_)) if id_ in broken else _of_others(id_, waiting, catalog))
        for id_ in sorted(waiting)
        if id_ in catalog.definitions
    )


def _own(finding: Finding | None) -> str:
    if finding is None:
        return "InvalidDefinition: it has errors."
    if finding.cause is not None:
        return f"{WAITS}: {finding.message}, for the error at {finding.cause}."
    if finding.severity is not Severity.ERROR:
        return f"NotKnownHere: {finding.message} ({finding.position})."
    return f"InvalidDefinition: {finding.message} ({finding.position})."


def _of_others(id_: DefinitionId, waiting: AbstractSet[DefinitionId], catalog: Catalog) -> str:
    names = ", ".join(map(str, sorted(catalog.depends_on[id_] & waiting)))
    return f"{WAITS}: {names}."
