"""What is kept without being asked: every few turns, the gist of the conversation.

It is written beside the turns: nobody waits for it, and a failure costs only the notes.
"""

import asyncio
import logging
from collections.abc import Sequence

from pydantic_ai.exceptions import AgentRunError, UserError
from pydantic_ai.messages import ModelMessage, ModelRequest, UserPromptPart

from controller.errors import RosterError
from controller.runtime import digest
from controller.runtime.memory.store import Memory
from controller.runtime.models import ConfiguredModel
from controller.runtime.turns import Turn

_log = logging.getLogger(__name__)

EVERY = 5
"""Turns of the user; kagent-adk's number."""


class Notes:
    """Takes notes of one agent's conversations."""

    def __init__(self, memory: Memory, model: ConfiguredModel) -> None:
        self._memory, self._model = memory, model
        self._writing: set[asyncio.Task[None]] = set()

    def after(self, turn: Turn, messages: Sequence[ModelMessage]) -> None:
        """Take notes when it is time, without anybody waiting for them."""
        said = sum(
            isinstance(message, ModelRequest)
            and any(isinstance(part, UserPromptPart) for part in message.parts)
            for message in messages
        )
        if turn.decisions is not None or said == 0 or said % EVERY:
            return
        writing = asyncio.create_task(self._write(turn, list(messages)))
        self._writing.add(writing)
        writing.add_done_callback(self._writing.discard)

    async def close(self) -> None:
        """Leave off."""
        for writing in list(self._writing):
            writing.cancel()
        await asyncio.gather(*self._writing, return_exceptions=True)

    async def _write(self, turn: Turn, messages: Sequence[ModelMessage]) -> None:
        try:
            response = await digest.asked(self._model, digest.FACTS, messages)
            facts = digest.facts(response.text or "")
            if facts:
                await self._memory.save(facts, user_id=turn.owner)
        except (AgentRunError, UserError, RosterError) as error:
            _log.warning("notes_failed", extra={"reason": str(error)})
