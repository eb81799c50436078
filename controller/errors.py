"""What a caller needs to know of a failure: is it worth another try, and what should one do.

Everything that can go wrong inside Roster is one of these; a library's error is translated once, in
the adapter that calls the library. Subclasses exist only where somebody catches them.
"""


class RosterError(Exception):
    """A failure with a message for a person: what went wrong, where, and what to do about it."""

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".rstrip()


class TransientError(RosterError):
    """Another try may succeed: the network, a busy server, a conflict with another writer."""

    def __init__(
        self, message: str, *, remedy: str = "", retry_after_s: float | None = None
    ) -> None:
        super().__init__(message, remedy=remedy)
        self.retry_after_s = retry_after_s


class PermanentError(RosterError):
    """The same try fails the same way until somebody changes something."""


class UsageError(PermanentError):
    """The caller asked for something that makes no sense; the command line exits with 2."""
