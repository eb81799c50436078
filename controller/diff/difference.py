"""What comparing yields."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from controller.objects import Manifest, ObjectKey


class Outcome(StrEnum):
    """What comparing one object came to."""

    SAME = "same"
    DIFFERENT = "different"
    MISSING = "missing"
    """Desired, and not in the cluster."""
    UNDECIDED = "undecided"
    """The owned fields differ from the desired ones; only the server can tell whether that
    matters (defaulting, quantities). A dry-run decides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One field: path as `spec.template.spec.containers[name=kagent].image`, before and after."""

    path: str
    before: Any
    """None where the field is new."""
    after: Any
    """None where the field goes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Desired and live state of one object, compared."""

    key: ObjectKey
    outcome: Outcome
    desired: Manifest | None
    live: Manifest | None
    changes: tuple[Change, ...] = ()
    predicted: Manifest | None = None
    """The server's answer to a dry-run of the apply, where it was asked."""
    message: str = ""
    """Why it stays undecided: the dry-run failed. Unknown is not Synced."""
    must_not_write: bool = False
    """Whether too little is known for a write: it could overwrite what belongs to others."""
