"""What this process remembers of each conversation, bounded."""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field

from pydantic_ai.messages import ModelMessage

from controller.runtime.turns import PendingCall

MAX_CONVERSATIONS = 1000
"""Beyond it, the conversation that rested longest is forgotten: memory stays bounded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One message of a history, under the id of the event that keeps it."""

    id: str
    message: ModelMessage


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What is known of a conversation between two turns."""

    entries: tuple[Entry, ...] = ()
    pending: tuple[PendingCall, ...] = ()
    """Tool calls at the end of the history that wait for a person."""
    pending_since: float = 0.0
    """When they began to wait, in seconds of the epoch."""
    colleague_contexts: dict[str, str] = field(default_factory=dict)
    """The context in which this conversation speaks with each colleague."""

    @property
    def messages(self) -> list[ModelMessage]:
        """The history as the agent loop takes it."""
        return [entry.message for entry in self.entries]


@dataclass(slots=True, kw_only=True)
class Conversation:
    """One context of one owner; whoever changes it holds its lock."""

    context_id: str
    owner: str
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    past: Past = field(default_factory=Past)
    is_known: bool = False
    """Whether the controller has been asked for it, or never will be."""


class Conversations:
    """All conversations of this process."""

    def __init__(self, limit: int = MAX_CONVERSATIONS) -> None:
        self._limit = limit
        self._known: OrderedDict[tuple[str, str], Conversation] = OrderedDict()

    def of(self, owner: str, context_id: str) -> Conversation:
        """The conversation of a context, new if it is unknown.

        Contexts of the same name that belong to different owners have nothing in common.
        """
        key = (owner, context_id)
        if key not in self._known:
            self._known[key] = Conversation(context_id=context_id, owner=owner)
        self._known.move_to_end(key)
        self._forget_oldest()
        return self._known[key]

    def _forget_oldest(self) -> None:
        for key in list(self._known):
            if len(self._known) <= self._limit:
                return
            if not self._known[key].lock.locked():
                del self._known[key]
