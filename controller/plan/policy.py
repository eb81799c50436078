"""What a sync may do beyond writing what is desired."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The permissions of one sync."""

    prune: bool = False
    """Delete what left git."""
    confirmed: bool = False
    """A person has said yes to deleting most of the application."""
    adopt: bool = False
    """Take over objects that exist already and belong to nobody."""
