"""Why an operation that runs must end: something newer waits, somebody ends it, Roster stops."""

import threading
import time
from collections.abc import Callable

SUPERSEDED = "Superseded: a newer revision takes over."
TERMINATED = "Terminated by {by}."
STOPPING = "Interrupted: Roster stops here and goes on at its next start."

_LOOK_AGAIN_S = 0.5
"""How long a newer revision may go unnoticed: to look for one costs a listing of references."""


class Interruption:
    """Asked before every write, from several threads; stays with the first reason that it got."""

    def __init__(
        self,
        look: Callable[[], str],
        *,
        has_moved: Callable[[], bool],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare to look.

        Args:
            look: gives the reason, from memory and at once, empty where there is none.
            has_moved: whether the source has a newer revision; asked at most every half second.
            clock: seconds that only increase.
        """
        self.reason = ""
        self._look = look
        self._has_moved = has_moved
        self._clock = clock
        self._lock = threading.Lock()
        self._not_before = clock()

    def __call__(self) -> str:
        """Give the reason, empty while there is none."""
        with self._lock:
            if not self.reason:
                self.reason = self._look() or self._newer()
            return self.reason

    def _newer(self) -> str:
        if self._clock() < self._not_before:
            return ""
        has_moved = self._has_moved()
        self._not_before = self._clock() + _LOOK_AGAIN_S
        return SUPERSEDED if has_moved else ""
