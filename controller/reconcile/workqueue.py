"""The work queue: which application is visited next, and when.

Level-triggered: a key stands for "look at this application again", never for an event, so that
duplicates merge and nothing is lost by merging. The rules are those of controller-runtime's queue:
a key is worked on by one worker at a time, and one that is added while it is worked on is handed
out once more afterwards.
"""

import heapq
import itertools
import random
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum


class Trigger(StrEnum):
    """Why an application is visited."""

    POLL = "poll"
    WEBHOOK = "webhook"
    """A push notice, from a forge or from the watch of a local repository."""
    MANUAL = "manual"
    DRIFT = "drift"
    RETRY = "retry"
    """A visit failed."""
    TIMER = "timer"
    """A time came that an earlier visit named: a retry, a sync window."""
    STARTUP = "startup"


URGENT = frozenset({Trigger.WEBHOOK, Trigger.MANUAL, Trigger.STARTUP, Trigger.POLL})
"""Triggers that end a backoff, because they look at git: the commit that mends what failed must not
wait for it (Argo CD issue 11494). So a failing application is tried at least once an interval of
polling. Drift says nothing of the kind: what failed may itself be what keeps changing."""


@dataclass(frozen=True, slots=True)
class Item:
    """A key handed to a worker, with everything that asked for it."""

    key: str
    triggers: frozenset[Trigger]


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """Exponential delays: base, twice that, four times …, at most the maximum; then jitter."""

    base_s: float = 1.0
    max_s: float = 300.0
    jitter: float = 0.1
    """Share by which a delay is lengthened at random, so that keys that failed together do not
    come back together."""

    def delay_s(self, failures: int, *, at_least_s: float, chance: float) -> float:
        """Give the delay after so many failures in a row; `chance` is uniform in [0, 1)."""
        # The exponent is capped because a float overflows after a thousand failures.
        doubled = self.base_s * 2.0 ** min(failures - 1, 64)
        return max(min(doubled, self.max_s), at_least_s) * (1.0 + self.jitter * chance)


@dataclass(slots=True)
class _Waiting:
    """A key that waits: until when, and for what reasons."""

    due: float
    triggers: set[Trigger] = field(default_factory=set)
    backing_off: bool = False


class WorkQueue:
    """A thread-safe queue of keys with delays, merging and per-key backoff."""

    def __init__(
        self,
        *,
        backoff: Backoff | None = None,
        clock: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.backoff = backoff or Backoff()
        self._clock = clock
        self._chance = chance
        self._changed = threading.Condition()
        self._waiting: dict[str, _Waiting] = {}
        self._active: set[str] = set()
        self._failures: dict[str, int] = {}
        # Entries of the heap go stale when a key becomes due earlier; `_waiting` is the truth.
        self._heap: list[tuple[float, int, str]] = []
        self._order = itertools.count()
        self._is_shut_down = False

    def __len__(self) -> int:
        """Give the number of keys that wait; those being worked on are not counted."""
        with self._changed:
            return len(self._waiting)

    def add(self, key: str, *, trigger: Trigger, delay_s: float = 0.0) -> None:
        """Ask for a visit of the key, now or after a delay; the earliest of several wins."""
        with self._changed:
            self._add(key, (trigger,), self._clock() + delay_s)

    def get(self, timeout_s: float | None = None) -> Item | None:
        """Take the key that is due longest; None after the timeout or when shut down.

        The caller owes `done` for it, and before that `forget` or `retry`.
        """
        give_up = None if timeout_s is None else self._clock() + timeout_s
        with self._changed:
            while not self._is_shut_down:
                now = self._clock()
                if (item := self._pop(now)) is not None:
                    return item
                if give_up is not None and now >= give_up:
                    return None
                self._changed.wait(self._patience_s(now, give_up))
        return None

    def done(self, key: str) -> None:
        """Give the key back; it becomes available again if it was added meanwhile."""
        with self._changed:
            self._active.discard(key)
            if (waiting := self._waiting.get(key)) is not None:
                self._push(key, waiting.due)

    def retry(self, key: str, *, at_least_s: float = 0.0) -> float:
        """Ask for another visit after a backoff that doubles with each failure in a row.

        Returns:
            The delay in seconds.
        """
        with self._changed:
            failures = self._failures[key] = self._failures.get(key, 0) + 1
            delay_s = self.backoff.delay_s(failures, at_least_s=at_least_s, chance=self._chance())
            self._add(key, (Trigger.RETRY,), self._clock() + delay_s)
            return delay_s

    def forget(self, key: str) -> None:
        """Start the key's backoff anew: it succeeded, or it no longer exists."""
        with self._changed:
            self._failures.pop(key, None)

    def pending(self, key: str) -> frozenset[Trigger]:
        """Give what asks for a visit of the key that has not begun yet."""
        with self._changed:
            waiting = self._waiting.get(key)
            return frozenset(waiting.triggers) if waiting else frozenset()

    @property
    def is_shut_down(self) -> bool:
        """Whether nothing more is handed out."""
        return self._is_shut_down

    def shutdown(self) -> None:
        """Hand out nothing more, ignore what is added, and wake everybody who waits."""
        with self._changed:
            self._is_shut_down = True
            self._changed.notify_all()

    def _add(self, key: str, triggers: Iterable[Trigger], due: float) -> None:
        if self._is_shut_down:
            return
        asked = set(triggers)
        waiting = self._waiting.get(key)
        before = waiting.due if waiting else None
        if waiting is None:
            waiting = self._waiting[key] = _Waiting(due=due, backing_off=Trigger.RETRY in asked)
        elif Trigger.RETRY in asked:
            self._back_off(waiting, due)
        elif not waiting.backing_off or asked & URGENT:
            waiting.due = min(waiting.due, due)
        waiting.triggers |= asked
        if key not in self._active and waiting.due != before:
            self._push(key, waiting.due)

    @staticmethod
    def _back_off(waiting: _Waiting, due: float) -> None:
        """Delay what was asked for while the visit failed, unless somebody is waiting for it."""
        if waiting.triggers & URGENT:
            return
        waiting.due = due
        waiting.backing_off = True

    def _push(self, key: str, due: float) -> None:
        heapq.heappush(self._heap, (due, next(self._order), key))
        self._changed.notify()

    def _pop(self, now: float) -> Item | None:
        while self._heap and self._heap[0][0] <= now:
            due, _, key = heapq.heappop(self._heap)
            waiting = self._waiting.get(key)
            if waiting is None or key in self._active or waiting.due != due:
                continue
            del self._waiting[key]
            self._active.add(key)
            return Item(key, frozenset(waiting.triggers))
        return None

    def _patience_s(self, now: float, give_up: float | None) -> float | None:
        times = [self._heap[0][0]] if self._heap else []
        if give_up is not None:
            times.append(give_up)
        return max(min(times) - now, 0.0) if times else None
