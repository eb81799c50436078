"""What passes between the A2A endpoint and the agent loop: the seam of the engine.

`executor` speaks A2A and turns messages into a `Turn`; `engine` runs it and yields events. Nothing
here knows either side's library, so one can be exchanged without the other.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from controller.errors import PermanentError


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks, as far as the request says so."""

    user_id: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    """All headers of the request, names in lower case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file that came with a message."""

    content: bytes
    media_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a person said to a tool call that waited for approval."""

    approved: bool
    reason: str = ""
    answers: tuple[Any, ...] = ()
    """What the person answered to the agent's own questions, in their order."""
    message: Mapping[str, Any] = field(default_factory=dict)
    """The decision as it came, for a colleague that asked through this agent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One message to the agent and what is needed to answer it."""

    context_id: str
    task_id: str
    begins_context: bool = False
    """Whether this process has just made the context up, so that nobody else can know it."""
    owner: str = ""
    """Whose conversation it is: the caller's, or that of whoever began the task."""
    text: str = ""
    attachments: tuple[Attachment, ...] = ()
    decisions: Mapping[str, Decision] | None = None
    """By id of the tool call; given instead of a text."""
    decided_by: str = ""
    """Who sent the decisions."""
    caller: Caller = field(default_factory=Caller)


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingCall:
    """A tool call that waits for a person."""

    id: str
    name: str
    arguments: Mapping[str, Any]
    payload: Mapping[str, Any] = field(default_factory=dict)
    """For a call to a colleague that itself waits: its task and what it asks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens, as the models' providers counted them, by the model's name."""

    by_model: Mapping[str, "Tokens"] = field(default_factory=dict)

    @property
    def total(self) -> "Tokens":
        """All models together."""
        return sum(self.by_model.values(), Tokens())


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """What one model was asked and answered."""

    input: int = 0
    output: int = 0
    requests: int = 0

    def __add__(self, other: "Tokens") -> "Tokens":
        return Tokens(
            input=self.input + other.input,
            output=self.output + other.output,
            requests=self.requests + other.requests,
        )


class LimitReachedError(PermanentError):
    """A turn was ended because it took all that it may take."""

    def __init__(self, message: str, *, remedy: str, limit: str, usage: Usage) -> None:
        super().__init__(message, remedy=remedy)
        self.limit = limit
        """`seconds`, `steps` or `tokens`."""
        self.usage = usage


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseStarted:
    """The model begins another answer; the text before was on the way to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TextDelta:
    """A piece of the model's text."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCalled:
    """The model called a tool."""

    id: str
    name: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolAnswered:
    """A tool's answer, or what went wrong."""

    id: str
    name: str
    content: Any
    failed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalAsked:
    """The turn rests until a person has decided; the last event of its turn."""

    calls: tuple[PendingCall, ...]
    usage: Usage
    is_stored: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """The turn is over; the last event of its turn."""

    usage: Usage
    is_stored: bool | None = None
    """Whether the controller has the turn; None: the agent runs without one."""


Event = ResponseStarted | TextDelta | ToolCalled | ToolAnswered | ApprovalAsked | Finished
