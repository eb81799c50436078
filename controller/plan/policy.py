"""What a sync may do beyond writing what is desired."""

from dataclasses import dataclass

from controller.definitions.syncoptions import DEFAULTS, SyncOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The permissions of one sync."""

    prune: bool = False
    """Delete what left git."""
    confirmed: bool = False
    """A person has said yes to deleting most of the application."""
    options: SyncOptions = DEFAULTS
    """The application's; an object's own come over them."""
