"""The plan."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from controller.definitions.findings import DefinitionId
from controller.definitions.syncoptions import DEFAULTS, SyncOptions
from controller.diff.difference import Difference
from controller.objects import Manifest, ObjectKey


class Action(StrEnum):
    """What happens to one object."""

    CREATE = "create"
    UPDATE = "update"
    UNCHANGED = "unchanged"
    PRUNE = "prune"
    KEEP = "keep"
    """Left git, and stays: prune is off or the object is protected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One object: what to do with it, for which component, in which wave."""

    action: Action
    key: ObjectKey
    component: DefinitionId | None
    """None for orphans, whose definition is gone."""
    manifest: Manifest | None
    """What to apply; None for prune and keep."""
    difference: Difference | None = None
    live: Manifest | None = None
    """The object as it was when the plan was made; a prune deletes only what has its uid."""
    wave: int = 0
    options: SyncOptions = DEFAULTS
    reason: str = ""
    """Why it is kept, or why it is written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """A rule that holds back part of the plan, with what lifts it."""

    rule: str
    """Stable id, such as `prune-needs-confirmation` or `empty-source`."""
    message: str
    keys: tuple[ObjectKey, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything a sync of one application would do at one revision."""

    application: str
    revision: str
    waves: tuple[tuple[Step, ...], ...]
    """Writes in order: a wave starts when the one before it is applied (and healthy)."""
    prunes: tuple[Step, ...] = ()
    """In the order of deletion; carried out last."""
    kept: tuple[Step, ...] = ()
    unchanged: tuple[Step, ...] = ()
    blocked: tuple[tuple[DefinitionId, str], ...] = ()
    guards: tuple[Guard, ...] = ()
    depends_on: Mapping[DefinitionId, frozenset[DefinitionId]] = field(default_factory=dict)
    """What each component refers to: where one fails, those that need it wait."""

    @property
    def is_empty(self) -> bool:
        """Whether carrying it out would write nothing."""
        return not self.prunes and not any(self.waves)
