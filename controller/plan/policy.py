"""What a sync may do beyond writing what is desired."""

from dataclasses import dataclass
from datetime import datetime

from controller.definitions.syncoptions import DEFAULTS, SyncOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The permissions of one sync."""

    prune: bool = False
    """Delete what left git."""
    confirmed: bool = False
    """A person has said yes to deleting most of the application."""
    approved_since: datetime | None = None
    """Approvals on objects that are older are of an earlier deletion; None: however old they are.

    Argo CD takes those since the sync began, which waits there; here the commit is what counts.
    """
    options: SyncOptions = DEFAULTS
    """The application's; an object's own come over them."""
