"""Why an operation that runs must end: something newer waits, somebody ends it, Roster stops."""

import threading
import time
from collections.abc import Callable

_LOOK_AGAIN_S = 0.5
"""How long a reason may go unnoticed: one that is asked for may cost a listing of references."""


class Interruption:
    """Asks for a reason to end, at most every half second, and stays with the first one it got.

    It is asked before every write, from several threads.
    """

    def __init__(
        self, look: Callable[[], str], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.reason = ""
        self._look = look
        self._clock = clock
        self._lock = threading.Lock()
        self._not_before = clock()

    def __call__(self) -> str:
        """Give the reason, empty while there is none."""
        with self._lock:
            if not self.reason and self._clock() >= self._not_before:
                self.reason = self._look()
                self._not_before = self._clock() + _LOOK_AGAIN_S
            return self.reason
