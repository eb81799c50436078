"""Warnings that something must be in the cluster, once it is known to be there."""

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet

from controller.definitions import references
from controller.definitions.catalog import Catalog
from controller.definitions.findings import DefinitionId, Finding, Position
from controller.objects import ObjectKey

_RULE = "unverified-reference"


def among(catalog: Catalog, there: AbstractSet[ObjectKey]) -> frozenset[Finding]:
    """Give the findings of a catalog that are about references to these objects."""
    doubts = [finding for finding in catalog.findings if finding.rule == _RULE]
    if not doubts or not there:
        return frozenset()
    doubtful = {finding.definition for finding in doubts if finding.definition}
    places = frozenset(_places(catalog, doubtful, there))
    return frozenset(finding for finding in doubts if finding.position in places)


def _places(
    catalog: Catalog, doubtful: Iterable[DefinitionId], there: AbstractSet[ObjectKey]
) -> Iterator[Position]:
    for id_ in doubtful:
        definition = catalog.definitions[id_]
        for reference in references.of(definition):
            key = ObjectKey("", reference.kind, reference.namespace, reference.name)
            if key in there:
                yield definition.document.position(reference.path)
