"""Doing something often, but never for most of the time."""

import time
from collections.abc import Callable

_PAUSE_S = 0.2
_SHARE = 0.1
"""Looking at an application of thousands of objects must not slow down what is being looked at."""


class Paced:
    """Calls on at most every fifth of a second, and for at most a tenth of the time."""

    def __init__(
        self, action: Callable[[], None], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._action = action
        self._clock = clock
        self._not_before = clock()

    def __call__(self) -> None:
        """Do it, or leave it for the next call."""
        started = self._clock()
        if started < self._not_before:
            return
        self._action()
        ended = self._clock()
        self._not_before = ended + max(_PAUSE_S, (ended - started) / _SHARE)
