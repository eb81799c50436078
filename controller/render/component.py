"""What rendering yields."""

from dataclasses import dataclass

from controller.definitions.findings import DefinitionId, Finding, Position
from controller.objects import Manifest


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """One definition and the objects it renders to: the unit that is synced and that fails."""

    id: DefinitionId
    position: Position
    manifests: tuple[Manifest, ...]
    """Stamped with application label, component, source and content hash (`objects.metadata`)."""
    depends_on: frozenset[DefinitionId] = frozenset()
    wave: int = 0
    prune: bool = True
    """False where the definition says `roster.dev/prune: disabled`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """Every component of a revision, and what went wrong on the way."""

    components: tuple[Component, ...]
    """In the order of their ids; broken definitions are missing here."""
    blocked: tuple[tuple[DefinitionId, str], ...]
    """Definitions that have no manifests this time, each with the reason in one sentence."""
    findings: tuple[Finding, ...]
