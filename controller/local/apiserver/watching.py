"""Follows the changes of a resource: catch up from a version, then wait for more.

The counterpart of the watch cache: a watcher with a selector sees an object that begins to match as
ADDED and one that ceases to as DELETED.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from controller.local.apiserver.storage import Change, Object, Storage

Matches: TypeAlias = Callable[[Mapping[str, Any]], bool]
# A watcher that falls so far behind is cut off; it can come back and catch up, or list again.
_MAX_WAITING = 20_000


@dataclass(frozen=True, slots=True)
class Event:
    """What a watcher is told."""

    type: str
    value: Object
    version: int


class Watch:
    """One watcher's queue; made with the changes it has missed, closed when it goes."""

    def __init__(
        self, storage: Storage, resource: str, namespace: str | None, matches: Matches
    ) -> None:
        self._resource = resource
        self._namespace = namespace
        self._matches = matches
        self._waiting: deque[Event] = deque()
        self._more = asyncio.Event()
        self.overrun = False
        self._stop = storage.listen(self._hear)

    def close(self) -> None:
        """Stop listening."""
        self._stop()

    def catch_up(self, changes: list[Change]) -> None:
        """Put changes of the past in front."""
        for change in changes:
            self._hear(change)

    def _hear(self, change: Change) -> None:
        if change.key.resource != self._resource or self.overrun:
            return
        if self._namespace is not None and change.key.namespace != self._namespace:
            return
        event = self._event(change)
        if event is None:
            return
        if len(self._waiting) >= _MAX_WAITING:
            self.overrun = True
        self._waiting.append(event)
        self._more.set()

    def _event(self, change: Change) -> Event | None:
        is_there = change.type != "DELETED" and self._matches(change.value)
        was_there = change.before is not None and self._matches(change.before)
        if is_there:
            return Event("MODIFIED" if was_there else "ADDED", change.value, change.version)
        if not was_there or change.before is None:
            return None
        # The last state that matched, at the version at which it ceased to.
        metadata = {**change.before["metadata"], "resourceVersion": str(change.version)}
        return Event("DELETED", {**change.before, "metadata": metadata}, change.version)

    def take(self) -> list[Event]:
        """Give what has happened since the last time, which may be nothing."""
        taken = list(self._waiting)
        self._waiting.clear()
        self._more.clear()
        return taken

    async def wait(self, timeout_s: float | None) -> bool:
        """Wait until something has happened; tell whether it has before the time was up."""
        try:
            await asyncio.wait_for(self._more.wait(), timeout_s)
        except TimeoutError:
            return False
        return True
