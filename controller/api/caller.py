"""Who asks for something, as the caller names itself: shown in the history, and trusted in nothing.

Whoever reaches the API may do what it offers; a sign-in is the business of what stands before it.
"""

import pydantic

HEADER = "X-Roster-User"
_OWN = frozenset({"automated", "self-heal"})
"""Names under which Roster acts by itself."""


class Caller(pydantic.BaseModel):
    """The headers in which a caller names itself."""

    user: str | None = pydantic.Field(
        default=None,
        alias=HEADER,
        pattern=r"^[A-Za-z0-9._@+-]{1,64}$",
        description="Who asks, for the history; not verified. Without it, `api`.",
    )

    @property
    def name(self) -> str:
        """The name for the history."""
        return "api" if self.user is None or self.user in _OWN else self.user
