"""Reads a session before a turn, writes it after each step, and says whether it is kept.

The controller's copy counts: another replica may have gone on with the conversation. Only while
events of a session still wait here, or the controller is away, does memory know better.
"""

import asyncio
import logging
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pydantic_ai.messages import ModelMessage

from controller.errors import RosterError, TransientError
from controller.runtime.sessions import events
from controller.runtime.sessions.conversations import Conversation, Conversations, Entry
from controller.runtime.sessions.outbox import Outbox
from controller.runtime.sessions.routes import Routes, SessionKey
from controller.runtime.turns import PendingCall, Turn

_log = logging.getLogger(__name__)

_SETTLE_S = 1.0
"""How long the end of a turn waits for its events to arrive, so that readers then see them."""
_LEAVE_ALONE_S = 5.0
"""Seconds for which a controller that could not be read is not asked again by another turn."""
_CLOSE_S = 3.0
_FIRST_RETRY_S, _LAST_RETRY_S = 1.0, 30.0


class Sessions:
    """The conversations of one agent, with the controller behind them where there is one."""

    def __init__(self, routes: Routes | None) -> None:
        self.routes = routes
        self.outbox = Outbox(routes) if routes else None
        self._conversations = Conversations()
        self._away_until = 0.0

    async def end_interrupted(self) -> list[str]:
        """End the tasks that a former process of this pod left, as soon as the controller is there.

        Returns when that is done, with the ended tasks of which somebody wants to be told.
        """
        retry_s = _FIRST_RETRY_S
        while self.routes is not None:
            try:
                return await self.routes.end_interrupted()
            except TransientError:
                await asyncio.sleep(retry_s)
                retry_s = min(2 * retry_s, _LAST_RETRY_S)
            except RosterError as error:
                # Such as kagent's own controller, which knows nothing of it.
                _log.warning("interrupted_tasks_stay", extra={"reason": str(error)})
                return []
        return []

    def of(self, owner: str, context_id: str) -> Conversation:
        """What this process knows of a conversation."""
        return self._conversations.of(owner, context_id)

    async def refresh(self, conversation: Conversation, turn: Turn) -> None:
        """Bring a conversation up to date for a turn; whoever asks holds its lock."""
        if self.routes is None or self.outbox is None:
            conversation.is_known = True
            return
        key = _key(conversation)
        source = turn.caller.headers.get("x-kagent-source", "")
        self.outbox.open(key, title=turn.text, source=source, is_created=False)
        if turn.begins_context:
            conversation.is_known = True
            return
        if self.outbox.holds(key) or time.monotonic() < self._away_until:
            return
        try:
            told = await self.routes.session_events(key)
        except TransientError as error:
            self._away_until = time.monotonic() + _LEAVE_ALONE_S
            _log.warning("session_unread", extra={"session": key.id, "reason": str(error)})
            return
        except RosterError as error:
            _log.warning("session_refused", extra={"session": key.id, "reason": str(error)})
            return
        conversation.is_known = True
        if told is not None:
            conversation.past = events.past(told)
            self.outbox.open(key, title="", source="", is_created=True)

    def keep(
        self,
        conversation: Conversation,
        turn: Turn,
        messages: Sequence[ModelMessage],
        **extra: Any,
    ) -> None:
        """Add messages to a conversation; `extra` is kept beside the last of them."""
        new = [Entry(id=str(uuid.uuid4()), message=message) for message in messages]
        past = conversation.past
        conversation.past = replace(past, entries=(*past.entries, *new))
        self._send(conversation, turn, new, extra)

    def sum_up(
        self, conversation: Conversation, turn: Turn, summary: ModelMessage, *, until: Entry
    ) -> None:
        """Let a summary take the place of everything up to an entry."""
        entry = Entry(id=str(uuid.uuid4()), message=summary)
        past = conversation.past
        entries = events.with_entry(past.entries, entry, replaces=until.id)
        conversation.past = replace(past, entries=tuple(entries))
        self._send(conversation, turn, [entry], {"replaces": until.id})

    def _send(
        self,
        conversation: Conversation,
        turn: Turn,
        new: Sequence[Entry],
        extra: Mapping[str, Any],
    ) -> None:
        if self.outbox is None or self.routes is None or not new:
            return
        extra = {**extra, "colleagues": dict(conversation.past.colleague_contexts)}
        key = _key(conversation)
        now = time.time()
        self.outbox.append(
            key,
            [
                events.event(
                    entry,
                    agent=self.routes.agent,
                    turn_id=turn.task_id,
                    at=now,
                    extra=extra if entry is new[-1] else None,
                )
                for entry in new
            ],
        )

    def wait_for(self, conversation: Conversation, pending: tuple[PendingCall, ...]) -> None:
        """Note which calls wait for a person; with none, that nothing does."""
        conversation.past = replace(
            conversation.past, pending=pending, pending_since=time.time() if pending else 0.0
        )

    def close_calls(self, conversation: Conversation) -> None:
        """Make the history one that a model can go on from, whatever ended the turn."""
        past = conversation.past
        conversation.past = replace(past, entries=tuple(events.closed(past.entries)))

    async def settled(self, conversation: Conversation) -> bool | None:
        """Whether everything of a conversation is with the controller; None: there is none."""
        if self.outbox is None:
            return None
        return await self.outbox.gone(_key(conversation), _SETTLE_S)

    def state(self) -> Mapping[str, Any]:
        """How storing goes, for the readiness page."""
        if self.outbox is None:
            return {"controller": "none"}
        about: dict[str, Any] = {
            "controller": "away" if self.outbox.problem else "reached",
            "waiting": self.outbox.waiting,
        }
        if self.outbox.problem:
            about["reason"] = self.outbox.problem
        if self.outbox.lost:
            about["lost"] = self.outbox.lost
        return about

    async def close(self) -> None:
        """Send what waits, then close the connection."""
        if self.outbox is not None:
            await self.outbox.close(_CLOSE_S)
        if self.routes is not None:
            await self.routes.close()


def _key(conversation: Conversation) -> SessionKey:
    return SessionKey(id=conversation.context_id, user_id=conversation.owner)
