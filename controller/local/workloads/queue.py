"""A queue of keys for one controller: level-triggered, one visit per key at a time, with back-off.

The same discipline as `reconcile.workqueue`, for asyncio: adding a key twice is adding it once, a
key that is added while it is being visited is visited again, and a failed visit is repeated later.
"""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from controller.local.apiserver.errors import ApiError
from controller.local.workloads.informers import Key

log = structlog.get_logger(__name__)

_FIRST_RETRY_S = 0.01
_LAST_RETRY_S = 30.0
_CONCURRENCY = 16
"""Visits at a time: they wait for the store, which is one process away from nothing."""


Visit = Callable[[Key], Awaitable[float | None]]
"""Brings one object to what it should be; gives the seconds to the next visit, None for no more."""


class Queue:
    """Keys to visit, and the visits that are going on."""

    def __init__(self, name: str, visit: Visit) -> None:
        self._name = name
        self._visit = visit
        self._waiting: dict[Key, None] = {}
        self._visiting: dict[Key, asyncio.Task[None]] = {}
        self._timers: dict[Key, asyncio.TimerHandle] = {}
        self._settling: dict[Key, asyncio.TimerHandle] = {}
        self._failures: dict[Key, int] = {}
        self._is_closed = False

    def add(self, key: Key) -> None:
        """Visit this key as soon as there is room; when it has settled, if it is `settling`."""
        if self._is_closed or key in self._settling:
            return
        self._waiting[key] = None
        self._start_some()

    def add_after(self, key: Key, delay_s: float) -> None:
        """Visit this key in a while; an earlier time that was asked for stands."""
        loop = asyncio.get_running_loop()
        timer = self._timers.get(key)
        if self._is_closed or (timer and timer.when() <= loop.time() + delay_s):
            return
        if timer:
            timer.cancel()
        self._timers[key] = loop.call_later(max(0.0, delay_s), self._due, key)

    def settle(self, key: Key, quiet_s: float) -> None:
        """Visit this key when nothing has called this for so long."""
        if self._is_closed:
            return
        if timer := self._settling.get(key):
            timer.cancel()
        loop = asyncio.get_running_loop()
        self._settling[key] = loop.call_later(quiet_s, self._settled, key)

    async def close(self) -> None:
        """End the visits."""
        self._is_closed = True
        for timer in (*self._timers.values(), *self._settling.values()):
            timer.cancel()
        visits = list(self._visiting.values())
        for visit in visits:
            visit.cancel()
        await asyncio.gather(*visits, return_exceptions=True)

    def _settled(self, key: Key) -> None:
        del self._settling[key]
        self.add(key)

    def _due(self, key: Key) -> None:
        del self._timers[key]
        self.add(key)

    def _start_some(self) -> None:
        for key in [key for key in self._waiting if key not in self._visiting]:
            if len(self._visiting) >= _CONCURRENCY:
                return
            del self._waiting[key]
            self._visiting[key] = asyncio.create_task(self._run(key), name=f"{self._name} {key}")

    async def _run(self, key: Key) -> None:
        try:
            again_s = await self._visit(key)
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001 - one object's failure is never another's
            self._failed(key, error)
        else:
            self._failures.pop(key, None)
            if again_s is not None:
                self.add_after(key, again_s)
        finally:
            del self._visiting[key]
            if not self._is_closed:
                self._start_some()

    def _failed(self, key: Key, error: Exception) -> None:
        failures = self._failures[key] = self._failures.get(key, 0) + 1
        is_expected = isinstance(error, ApiError) and error.code in {404, 409}
        if not is_expected:
            log.warning(
                "workload_visit_failed",
                controller=self._name,
                namespace=key[0],
                name=key[1],
                error=str(error),
                exc_info=not isinstance(error, ApiError),
            )
        self.add_after(key, min(_FIRST_RETRY_S * 2 ** min(failures - 1, 20), _LAST_RETRY_S))
