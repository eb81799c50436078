"""What an agent remembers of a conversation: for now in memory, one entry a context.

The seam for sessions kept by the controller: `Conversations.of` is the only way in.
"""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field

from pydantic_ai.messages import ModelMessage

from controller.runtime.turns import PendingCall

MAX_CONVERSATIONS = 1000
"""Beyond it, the conversation that rested longest is forgotten: memory stays bounded."""


@dataclass(slots=True)
class Conversation:
    """One context's history; whoever changes it holds its lock."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    messages: list[ModelMessage] = field(default_factory=list)
    pending: tuple[PendingCall, ...] = ()
    """Tool calls at the end of the history that wait for a person."""
    colleague_contexts: dict[str, str] = field(default_factory=dict)
    """The context in which this conversation speaks with each colleague."""


class Conversations:
    """All conversations of this process."""

    def __init__(self, limit: int = MAX_CONVERSATIONS) -> None:
        self._limit = limit
        self._known: OrderedDict[str, Conversation] = OrderedDict()

    def of(self, context_id: str) -> Conversation:
        """The conversation of a context, new if it is unknown."""
        conversation = self._known.setdefault(context_id, Conversation())
        self._known.move_to_end(context_id)
        self._forget_oldest()
        return conversation

    def _forget_oldest(self) -> None:
        for context_id in list(self._known):
            if len(self._known) <= self._limit:
                return
            if not self._known[context_id].lock.locked():
                del self._known[context_id]
