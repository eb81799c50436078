"""What the controller has not got yet: batched, retried with backoff, bounded.

A turn never waits for the controller longer than a moment. Events of a session go out in one
request and in order; of a task only the latest form goes out. What nobody waits for gathers company
for a moment; sessions do not wait for each other. While the controller is away, writes gather here,
up to a limit of bytes, and follow when it is back. Ids are given before the first try, so a request
that is tried again does not happen twice.
"""

import asyncio
import json
import logging
import math
import random
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from controller.errors import PermanentError, TransientError
from controller.runtime.sessions.routes import Routes, SessionKey

_log = logging.getLogger(__name__)

LINGER_S = 0.25
"""How long a write that nobody waits for may gather company."""
LONG_LINGER_S = 1.0
"""The same for what hardly anybody can ask for before there is more of it."""
FIRST_RETRY_S, LAST_RETRY_S = 0.5, 30.0
MAX_WAITING_BYTES = 32 * 1024 * 1024
"""Beyond it, the session that waited longest loses its unsent events: memory stays bounded."""
_MAX_ITEMS = 100
"""Events in one request."""
_MAX_SESSIONS = 1000
_SIDE_BY_SIDE = 8
"""Requests under way at once: the sessions of busy agents would wait in line otherwise."""


@dataclass(slots=True, kw_only=True)
class _Letters:
    """Unsent events of one session."""

    title: str = ""
    source: str = ""
    is_created: bool = False
    events: list[Mapping[str, str]] = field(default_factory=list)
    due: float = math.inf
    """When they go out, on the monotonic clock."""
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    """Set while nothing waits."""

    @property
    def size_bytes(self) -> int:
        return sum(len(event["data"]) for event in self.events)


TaskForm = Callable[[], Awaitable[Mapping[str, Any] | None]]


@dataclass(slots=True, kw_only=True)
class _Saving:
    """A task that waits to be saved."""

    form: TaskForm
    due: float


class Outbox:
    """Writes of one agent to its controller."""

    def __init__(self, routes: Routes, *, limit_bytes: int = MAX_WAITING_BYTES) -> None:
        self._routes = routes
        self._limit_bytes = limit_bytes
        self._letters: OrderedDict[SessionKey, _Letters] = OrderedDict()
        self._unsent: OrderedDict[SessionKey, _Letters] = OrderedDict()
        """Those of the sessions that have events to send."""
        self._tasks: OrderedDict[tuple[str, str], _Saving] = OrderedDict()
        self._wake = asyncio.Event()
        self._worker: asyncio.Task[None] | None = None
        self._no_tasks = asyncio.Event()
        """Set while no task waits."""
        self._no_tasks.set()
        self.problem = ""
        """Why the last try failed; empty when it did not."""
        self.lost = 0
        """Events that were given up."""

    @property
    def waiting(self) -> int:
        """How many events and tasks the controller has not got yet."""
        return len(self._tasks) + sum(len(letters.events) for letters in self._unsent.values())

    def open(self, key: SessionKey, *, title: str, source: str, is_created: bool) -> None:
        """Get ready to append to a session; the controller hears of it before its first task."""
        letters = self._letters.setdefault(key, _Letters())
        letters.title = letters.title or title
        letters.source = letters.source or source
        letters.is_created = letters.is_created or is_created

    def append(self, key: SessionKey, events: list[Mapping[str, Any]]) -> None:
        """Send events of an opened session soon, or once somebody waits for them."""
        letters = self._letters.setdefault(key, _Letters())
        letters.events += [
            {"id": event["id"], "data": json.dumps(event, ensure_ascii=False)} for event in events
        ]
        letters.gone.clear()
        letters.due = min(letters.due, time.monotonic() + LINGER_S)
        self._letters.move_to_end(key)
        self._unsent[key] = letters
        self._unsent.move_to_end(key)
        self._stay_bounded()
        self._start()

    def save_task(self, task_id: str, user_id: str, form: TaskForm, *, within_s: float) -> None:
        """Send the form that a task has when its time comes."""
        key = (user_id, task_id)
        due = time.monotonic() + within_s
        if key in self._tasks:
            due = min(due, self._tasks[key].due)
        self._tasks[key] = _Saving(form=form, due=due)
        self._no_tasks.clear()
        self._start()

    async def gone(self, key: SessionKey, limit_s: float) -> bool:
        """Whether all events of a session are with the controller, waiting a moment for it."""
        letters = self._unsent.get(key)
        if letters is None:
            return True
        if self.problem:
            return False
        letters.due = 0.0
        self._start()
        with suppress(TimeoutError):
            async with asyncio.timeout(limit_s):
                await letters.gone.wait()
        return not letters.events

    def holds(self, key: SessionKey) -> bool:
        """Whether events of a session wait."""
        return key in self._unsent

    async def tasks_gone(self, limit_s: float) -> bool:
        """Whether all tasks are with the controller, waiting a moment for it."""
        if self._tasks and not self.problem:
            for saving in self._tasks.values():
                saving.due = 0.0
            self._start()
            with suppress(TimeoutError):
                async with asyncio.timeout(limit_s):
                    await self._no_tasks.wait()
        return not self._tasks

    async def close(self, limit_s: float) -> None:
        """Send what waits, for as long as there is time."""
        if self._worker is None:
            return
        self._worker.cancel()
        await asyncio.gather(self._worker, return_exceptions=True)
        with suppress(TimeoutError):
            async with asyncio.timeout(limit_s):
                if self.waiting and not await self._send(math.inf):
                    await asyncio.sleep(FIRST_RETRY_S)
                    await self._send(math.inf)
        if self.waiting:
            _log.warning("writes_unsent", extra={"count": self.waiting, "reason": self.problem})

    def _start(self) -> None:
        self._wake.set()
        if self._worker is None:
            self._worker = asyncio.create_task(self._work())

    async def _work(self) -> None:
        retry_s = FIRST_RETRY_S
        while True:
            await self._until_due()
            if await self._send(time.monotonic()):
                retry_s = FIRST_RETRY_S
                continue
            await asyncio.sleep(retry_s * random.uniform(0.75, 1.25))  # noqa: S311 - to spread
            retry_s = min(2 * retry_s, LAST_RETRY_S)

    async def _until_due(self) -> None:
        """Wait until the time of something has come."""
        while (left_s := self._first_due() - time.monotonic()) > 0:
            self._wake.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(left_s if left_s < math.inf else None):
                    await self._wake.wait()

    def _first_due(self) -> float:
        dues = [each.due for each in self._tasks.values()]
        dues += [each.due for each in self._unsent.values()]
        return min(dues, default=math.inf)

    async def _send(self, now: float) -> bool:
        """Try once everything whose time has come; False: the controller is away."""
        try:
            # In this order, because a task belongs to a session.
            new = [(key, each) for key, each in self._letters.items() if not each.is_created]
            await _side_by_side(self._create, new)
            await self._send_tasks(now)
            due = [(key, each) for key, each in self._unsent.items() if each.due <= now]
            await _side_by_side(self._send_events, due)
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
        self._all_gone(key, letters)

    def _all_gone(self, key: SessionKey, letters: _Letters) -> None:
        letters.due = math.inf
        letters.gone.set()
        self._unsent.pop(key, None)

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

    async def _send_tasks(self, now: float) -> None:
        by_user: dict[str, dict[str, _Saving]] = {}
        for (user_id, task_id), saving in self._tasks.items():
            if saving.due <= now:
                by_user.setdefault(user_id, {})[task_id] = saving
        await _side_by_side(self._send_tasks_of, list(by_user.items()))

    async def _send_tasks_of(self, user_id: str, group: Mapping[str, _Saving]) -> None:
        forms = [await saving.form() for saving in group.values()]
        try:
            await self._routes.save_tasks([form for form in forms if form], user_id)
        except PermanentError as error:
            self.lost += len(group)
            _log.error("tasks_refused", extra={"reason": str(error)})
        for task_id, saving in group.items():
            # A task that was saved again meanwhile has another form, which still waits.
            if self._tasks.get((user_id, task_id)) is saving:
                del self._tasks[user_id, task_id]
        if not self._tasks:
            self._no_tasks.set()

    def _stay_bounded(self) -> None:
        total = sum(letters.size_bytes for letters in self._unsent.values())
        for key, letters in list(self._unsent.items()):
            if total <= self._limit_bytes:
                return
            total -= letters.size_bytes
            self.lost += len(letters.events)
            _log.error("events_lost", extra={"session": key.id, "count": len(letters.events)})
            letters.events.clear()
            self._all_gone(key, letters)

    def _forget_quiet(self) -> None:
        """Let go of the oldest sessions with nothing to send; their next turn opens them again."""
        spare = len(self._letters) - _MAX_SESSIONS
        if spare > 0:
            quiet = [key for key in self._letters if key not in self._unsent]
            for key in quiet[:spare]:
                del self._letters[key]


async def _side_by_side(
    send: Callable[..., Awaitable[None]], items: Collection[tuple[Any, ...]]
) -> None:
    """Send several things at once; what one of a few senders fails at ends its work.

    Raises:
        TransientError: the controller is away.
    """
    left = iter(items)

    async def work() -> None:
        for item in left:
            await send(*item)

    workers = (work() for _ in range(min(len(items), _SIDE_BY_SIDE)))
    for outcome in await asyncio.gather(*workers, return_exceptions=True):
        if isinstance(outcome, BaseException):
            raise outcome
