"""What comparing two revisions yields."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from controller.definitions.findings import DefinitionId, Position


class Kind(StrEnum):
    """What of an agent a change is about, in the order in which a reviewer reads them."""

    DEFINITION = "definition"
    """A definition came, went, or cannot be read."""
    APPROVAL = "approval"
    TOOLS = "tools"
    AGENTS = "agents"
    """Other agents that it may call."""
    ACCESS = "access"
    """What it may reach, and who may reach it."""
    PROMPT = "prompt"
    MODEL = "model"
    SKILLS = "skills"
    SECRETS = "secrets"
    HEADERS = "headers"
    DESCRIPTION = "description"
    MEMORY = "memory"
    CONTEXT = "context"
    INFRASTRUCTURE = "infrastructure"
    OTHER = "other"


class Severity(StrEnum):
    """How carefully to look: the first is the most careful."""

    HIGH = "high"
    """More power or less protection: every tool granted, approval gone, traffic elsewhere."""
    MEDIUM = "medium"
    """It will behave differently."""
    LOW = "low"
    """It runs or presents itself differently, or is more restricted than before."""


class Mark(StrEnum):
    """What a piece of a compared text is."""

    SAME = "same"
    ADDED = "added"
    REMOVED = "removed"
    GAP = "gap"
    """Left out, because it is the same and far from any change, or because there is too much."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a compared text."""

    mark: Mark
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One thing that changed."""

    kind: Kind
    severity: Severity
    definition: DefinitionId
    """The definition that was changed; the agents it matters to are in `agents`."""
    position: Position
    """Where it stands: in the later revision, or in the earlier one where it is gone."""
    summary: str
    """One sentence without a full stop. What comes from the repository stands in backticks and
    holds none; everything else is ours. No value of a Secret, a header or a variable."""
    pieces: tuple[Piece, ...] = ()
    """The compared text word by word, for prompts and descriptions."""
    agents: tuple[DefinitionId, ...] = ()
    """Agents that use the definition, itself if it is one."""
    reaches: tuple[DefinitionId, ...] = ()
    """Agents that call one of those, directly or through others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SemanticDiff:
    """Everything that changed between two revisions, what matters most first."""

    before: str
    """The earlier revision; empty where there is none."""
    after: str
    """The later revision; empty for a folder that is not committed."""
    changes: tuple[Change, ...] = ()

    @property
    def counts(self) -> Mapping[Severity, int]:
        """Number of changes by severity, the highest first."""
        found = Counter(change.severity for change in self.changes)
        return {severity: found[severity] for severity in Severity if found[severity]}
