"""The plan."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from controller.definitions.findings import DefinitionId
from controller.definitions.hooks import Hook, Phase
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
class HookStep:
    """One run of a hook."""

    phase: Phase
    key: ObjectKey
    """Without a name where every run is to have its own."""
    component: DefinitionId
    manifest: Manifest
    hook: Hook
    wave: int = 0


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
    is_partial: bool = False
    """Whether changes are left out: carrying it out does not bring the application to git."""
    hooks: tuple[HookStep, ...] = ()
    """In the order of their phases and waves. They are no reason to sync."""
    depends_on: Mapping[DefinitionId, frozenset[DefinitionId]] = field(default_factory=dict)
    """What each component refers to: where one fails, those that need it wait."""

    @property
    def is_empty(self) -> bool:
        """Whether carrying it out would write nothing that lasts."""
        return not self.prunes and not any(self.waves)

    @property
    def changes(self) -> tuple[Step, ...]:
        """Everything that would be written or deleted, in order."""
        return (*(step for wave in self.waves for step in wave), *self.prunes)

    def only(self, keep: Callable[[Step], bool]) -> "Plan":
        """Give the plan with those of its changes alone."""
        kept = tuple(tuple(filter(keep, wave)) for wave in self.waves)
        chosen = replace(
            self, waves=tuple(filter(None, kept)), prunes=tuple(filter(keep, self.prunes))
        )
        is_less = len(chosen.changes) < len(self.changes)
        return replace(chosen, is_partial=self.is_partial or is_less)
