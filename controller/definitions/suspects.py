"""Errors that may hide a definition which others refer to: one cause, many consequences. Pure."""

from collections.abc import Iterable
from pathlib import PurePath

from controller.definitions import kinds, suggest
from controller.definitions.findings import DefinitionId, Finding, Position, Severity
from controller.definitions.references import Reference


class Suspects:
    """Errors of a revision by what they seem to define."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        errors = [found for found in findings if found.severity is Severity.ERROR]
        self._named: dict[DefinitionId, Position] = {}
        self._files: dict[str, Position] = {}
        for found in errors:
            if found.definition is not None:
                self._named.setdefault(_meant(found.definition), found.position)
            else:
                # Files are named for what they define.
                self._files.setdefault(PurePath(found.position.file).stem, found.position)

    def hiding(self, reference: Reference) -> Position | None:
        """Give the error for which what is referred to seems to be missing."""
        name = DefinitionId(reference.kind, reference.namespace, reference.name, reference.group)
        return self._named.get(name) or self._files.get(reference.name)


def _meant(id_: DefinitionId) -> DefinitionId:
    """Give the id with the kind that its author meant: `ModelConfg` is a slip."""
    if id_.group != kinds.KAGENT or id_.kind in kinds.SPECS:
        return id_
    return DefinitionId(
        suggest.nearest(id_.kind, kinds.SPECS) or id_.kind, id_.namespace, id_.name, id_.group
    )
