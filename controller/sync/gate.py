"""Waits for the health of what was written, where something later builds on it."""

import time
from collections.abc import Callable, Iterable

from controller.cluster.live import LiveState
from controller.health import Health, HealthStatus, worst
from controller.health import assess as health
from controller.objects import ObjectKey

_LOOK_AGAIN_S = 0.5
"""How long a newer revision may go unnoticed while waiting."""
_GOOD = frozenset({HealthStatus.HEALTHY, HealthStatus.SUSPENDED})


class SupersededError(Exception):
    """A newer revision is there: what this operation waits for no longer matters."""


class Gate:
    """Health of objects by the watches."""

    def __init__(
        self, live: LiveState, *, timeout_s: float, superseded: Callable[[], bool]
    ) -> None:
        self._live = live
        self._timeout_s = timeout_s
        self._superseded = superseded

    def wait(self, keys: Iterable[ObjectKey]) -> dict[ObjectKey, Health]:
        """Wait until all are healthy, one is beyond hope, or the time is over.

        Gives those that are not healthy then; empty is success.

        Raises:
            SupersededError: a newer revision came meanwhile.
        """
        watched = tuple(keys)
        deadline = time.monotonic() + self._timeout_s
        while True:
            unwell = self._unwell(watched)
            is_hopeless = worst(unwell.values()).status is HealthStatus.DEGRADED
            if not unwell or is_hopeless or time.monotonic() >= deadline:
                return unwell
            if self._superseded():
                raise SupersededError
            self._live.wait(min(_LOOK_AGAIN_S, max(0.0, deadline - time.monotonic())))

    def _unwell(self, keys: Iterable[ObjectKey]) -> dict[ObjectKey, Health]:
        found = {key: self._health(key) for key in keys}
        return {key: one for key, one in found.items() if one.status not in _GOOD}

    def _health(self, key: ObjectKey) -> Health:
        live = self._live.get(key)
        return health.MISSING if live is None else health.assess(live)
