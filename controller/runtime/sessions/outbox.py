"""What the controller has not got yet: batched, retried with backoff, bounded.

A turn never waits for the controller longer than a moment. Events of a session go out in one
request and in order; of a task only the latest form goes out. While the controller is away, writes
gather here, up to a limit of bytes, and follow when it is back. Ids are given before the first try,
so a request that is tried again does not happen twice.
"""

import asyncio
import json
import logging
import random
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from controller.errors import PermanentError, TransientError
from controller.runtime.sessions.routes import Routes, SessionKey

_log = logging.getLogger(__name__)

LINGER_S = 0.25
"""How long a write that nobody waits for may gather company."""
FIRST_RETRY_S, LAST_RETRY_S = 0.5, 30.0
MAX_WAITING_BYTES = 32 * 1024 * 1024
"""Beyond it, the session that waited longest loses its unsent events: memory stays bounded."""
_MAX_ITEMS = 100
"""Events in one request."""
_MAX_SESSIONS = 1000


@dataclass(slots=True, kw_only=True)
class _Letters:
    """Unsent events of one session."""

    title: str = ""
    source: str = ""
    is_created: bool = False
    events: list[Mapping[str, str]] = field(default_factory=list)
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    """Set while nothing waits."""

    @property
    def size_bytes(self) -> int:
        return sum(len(event["data"]) for event in self.events)


TaskForm = Callable[[], Awaitable[Mapping[str, Any] | None]]


class Outbox:
    """Writes of one agent to its controller."""

    def __init__(self, routes: Routes, *, limit_bytes: int = MAX_WAITING_BYTES) -> None:
        self._routes = routes
        self._limit_bytes = limit_bytes
        self._letters: OrderedDict[SessionKey, _Letters] = OrderedDict()
        self._tasks: OrderedDict[tuple[str, str], TaskForm] = OrderedDict()
        self._wake, self._hurry = asyncio.Event(), asyncio.Event()
        self._worker: asyncio.Task[None] | None = None
        self.problem = ""
        """Why the last try failed; empty when it did not."""
        self.lost = 0
        """Events that were given up."""

    @property
    def waiting(self) -> int:
        """How many events and tasks the controller has not got yet."""
        return len(self._tasks) + sum(len(letters.events) for letters in self._letters.values())

    def open(self, key: SessionKey, *, title: str, source: str, is_created: bool) -> None:
        """Get ready to append to a session; the controller hears of it before its first task."""
        letters = self._letters.setdefault(key, _Letters())
        letters.title = letters.title or title
        letters.source = letters.source or source
        letters.is_created = letters.is_created or is_created

    def append(self, key: SessionKey, events: list[Mapping[str, Any]]) -> None:
        """Send events of an opened session soon."""
        letters = self._letters.setdefault(key, _Letters())
        letters.events += [
            {"id": event["id"], "data": json.dumps(event, ensure_ascii=False)} for event in events
        ]
        letters.gone.clear()
        self._letters.move_to_end(key)
        self._stay_bounded()
        self._start(hurry=True)

    def save_task(self, task_id: str, user_id: str, form: TaskForm, *, hurry: bool) -> None:
        """Send the form that a task has when its time comes."""
        self._tasks[(user_id, task_id)] = form
        self._start(hurry=hurry)

    async def gone(self, key: SessionKey, limit_s: float) -> bool:
        """Whether all events of a session are with the controller, waiting a moment for it."""
        letters = self._letters.get(key)
        if letters is None or not letters.events:
            return True
        if self.problem:
            return False
        with suppress(TimeoutError):
            async with asyncio.timeout(limit_s):
                await letters.gone.wait()
        return not letters.events

    def holds(self, key: SessionKey) -> bool:
        """Whether events of a session wait."""
        letters = self._letters.get(key)
        return bool(letters and letters.events)

    async def close(self, limit_s: float) -> None:
        """Send what waits, for as long as there is time."""
        if self._worker is None:
            return
        self._worker.cancel()
        await asyncio.gather(self._worker, return_exceptions=True)
        with suppress(TimeoutError):
            async with asyncio.timeout(limit_s):
                if self.waiting and not await self._send():
                    await asyncio.sleep(FIRST_RETRY_S)
                    await self._send()
        if self.waiting:
            _log.warning("writes_unsent", extra={"count": self.waiting, "reason": self.problem})

    def _start(self, *, hurry: bool) -> None:
        self._wake.set()
        if hurry:
            self._hurry.set()
        if self._worker is None:
            self._worker = asyncio.create_task(self._work())

    async def _work(self) -> None:
        retry_s = FIRST_RETRY_S
        while True:
            await self._wake.wait()
            with suppress(TimeoutError):
                async with asyncio.timeout(LINGER_S):
                    await self._hurry.wait()
            self._wake.clear()
            self._hurry.clear()
            if await self._send():
                retry_s = FIRST_RETRY_S
                continue
            await asyncio.sleep(retry_s * random.uniform(0.75, 1.25))  # noqa: S311 - to spread
            retry_s = min(2 * retry_s, LAST_RETRY_S)
            self._start(hurry=True)

    async def _send(self) -> bool:
        """Try everything that waits once; False: the controller is away."""
        try:
            # In this order, because a task belongs to a session.
            for key, letters in list(self._letters.items()):
                await self._create(key, letters)
            await self._send_tasks()
            for key, letters in list(self._letters.items()):
                await self._send_events(key, letters)
        except TransientError as error:
            if not self.problem:
                _log.warning("controller_away", extra={"reason": str(error)})
            self.problem = str(error)
            return False
        if self.problem:
            _log.info("controller_back")
        self.problem = ""
        self._forget_quiet()
        return True

    async def _create(self, key: SessionKey, letters: _Letters) -> None:
        if letters.is_created:
            return
        try:
            await self._routes.create_session(key, title=letters.title, source=letters.source)
        except PermanentError as error:
            # The controller may not have seen this agent yet: kagent's refuses until it has.
            raise TransientError(str(error)) from error
        letters.is_created = True

    async def _send_events(self, key: SessionKey, letters: _Letters) -> None:
        while letters.events:
            batch = letters.events[:_MAX_ITEMS]
            try:
                await self._append(key, letters, batch)
            except PermanentError as error:
                self.lost += len(batch)
                _log.error("events_refused", extra={"session": key.id, "reason": str(error)})
            del letters.events[: len(batch)]
        letters.gone.set()

    async def _append(
        self, key: SessionKey, letters: _Letters, batch: list[Mapping[str, str]]
    ) -> None:
        await self._create(key, letters)
        if await self._routes.append(key, batch):
            return
        letters.is_created = False  # somebody deleted it meanwhile
        await self._create(key, letters)
        if not await self._routes.append(key, batch):
            raise PermanentError("The controller does not know the session it just created.")

    async def _send_tasks(self) -> None:
        by_user: dict[str, list[tuple[str, TaskForm]]] = {}
        for (user_id, task_id), form in self._tasks.items():
            by_user.setdefault(user_id, []).append((task_id, form))
        for user_id, group in by_user.items():
            forms = [await form() for _, form in group]
            try:
                await self._routes.save_tasks([form for form in forms if form], user_id)
            except PermanentError as error:
                self.lost += len(group)
                _log.error("tasks_refused", extra={"reason": str(error)})
            for task_id, form in group:
                # A task that was saved again meanwhile has another form, which still waits.
                if self._tasks.get((user_id, task_id)) is form:
                    del self._tasks[(user_id, task_id)]

    def _stay_bounded(self) -> None:
        total = sum(letters.size_bytes for letters in self._letters.values())
        for key, letters in list(self._letters.items()):
            if total <= self._limit_bytes:
                return
            total -= letters.size_bytes
            self.lost += len(letters.events)
            _log.error("events_lost", extra={"session": key.id, "count": len(letters.events)})
            letters.events.clear()
            letters.gone.set()

    def _forget_quiet(self) -> None:
        """Let go of the oldest sessions with nothing to send; their next turn opens them again."""
        spare = len(self._letters) - _MAX_SESSIONS
        quiet = [key for key, letters in self._letters.items() if not letters.events]
        for key in quiet[: max(spare, 0)]:
            del self._letters[key]
