"""Health of what was written, by the watches, and how long to wait for it."""

import time
from collections.abc import Callable, Iterable, Mapping

from controller import tracing
from controller.cluster.live import LiveState
from controller.health import Health, HealthStatus, pods
from controller.health import assess as health
from controller.objects import ObjectKey

_LOOK_AGAIN_S = 0.5
"""How long a reason to stop may go unnoticed while waiting."""
_GOOD = frozenset({HealthStatus.HEALTHY, HealthStatus.SUSPENDED})

Stopped = Callable[[], str]
"""Asked again and again: why the operation must end, empty where it may go on."""


class StoppedError(Exception):
    """The operation must end here; the message says why."""


class Gate:
    """What later steps wait at."""

    def __init__(
        self,
        live: LiveState,
        *,
        timeout_s: float,
        stopped: Stopped,
        waiting: Callable[[], None],
        assess: health.Assess = health.assess,
    ) -> None:
        self.timeout_s = timeout_s
        self._live = live
        self._stopped = stopped
        self._waiting = waiting
        self._assess = assess

    def unwell(self, keys: Iterable[ObjectKey]) -> Mapping[ObjectKey, Health]:
        """Give those of the objects that are not healthy."""
        found = {key: self.health(key) for key in keys}
        return {key: one for key, one in found.items() if one.status not in _GOOD}

    def wait(self, keys: Iterable[ObjectKey]) -> Mapping[ObjectKey, Health]:
        """Wait until all are healthy, one is beyond hope, or the time is over.

        Gives those that are not healthy then; empty is success.

        Raises:
            StoppedError: the operation must end.
        """
        with tracing.span("health_wait"):
            return self._wait(tuple(keys))

    def _wait(self, watched: tuple[ObjectKey, ...]) -> Mapping[ObjectKey, Health]:
        deadline = time.monotonic() + self.timeout_s
        while True:
            unwell = self.unwell(watched)
            if not unwell or is_hopeless(unwell) or time.monotonic() >= deadline:
                return unwell
            self.pause(deadline)

    def pause(self, deadline: float) -> None:
        """Wait for a change of any object, but not for long.

        Raises:
            StoppedError: the operation must end.
        """
        self.check()
        self._waiting()
        self._live.wait(min(_LOOK_AGAIN_S, max(0.0, deadline - time.monotonic())))

    def check(self) -> None:
        """Raise StoppedError if the operation must end."""
        if reason := self.reason():
            raise StoppedError(reason)

    def reason(self) -> str:
        """Give why the operation must end, nothing where it may go on."""
        return self._stopped()

    def health(self, key: ObjectKey) -> Health:
        """Tell how an object is doing, with the cause that its pods name."""
        live = self._live.get(key)
        if live is None:
            return health.MISSING
        own = self._assess(live)
        cause = pods.explained(own, self._live.pods(str(live["metadata"].get("uid", ""))))
        # A container that crashes may only be early: what it needs comes up at the same time.
        return Health(own.status, cause.message)


def is_hopeless(unwell: Mapping[ObjectKey, Health]) -> bool:
    """Tell whether waiting longer makes no sense: one of them is Degraded, or gone.

    What was there and is Missing was deleted since, such as one that was applied while its deletion
    was under way: only another sync brings it back.
    """
    statuses = {one.status for one in unwell.values()}
    return not statuses.isdisjoint({HealthStatus.DEGRADED, HealthStatus.MISSING})


def told(unwell: Mapping[ObjectKey, Health]) -> str:
    """Name up to three objects with what is wrong with them."""
    return "; ".join(
        f"{key} is {one.status}: {one.message}".removesuffix(": ")
        for key, one in list(unwell.items())[:3]
    )
