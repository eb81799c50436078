"""What the server does without being asked, when objects change.

Three small controllers that a real control plane has beside its API server, because the API's own
promises depend on them: the garbage collector, the end of namespaces, and custom definitions. Each
looks at the present state by key and may run again at any time; a change only says where to look.
"""

import asyncio
from collections.abc import Callable, Iterator
from typing import Protocol

from controller.local.apiserver.storage import Change, Key, Object, Storage
from controller.local.apiserver.verbs import Verbs


class Loop(Protocol):
    """One controller: which keys a change concerns, and what to do about a key."""

    def keys_of(self, change: Change) -> Iterator[Key]:
        """Give the keys to look at because of a change."""
        ...

    def settle(self, key: Key) -> None:
        """Make things as they should be around a key."""
        ...


class Background:
    """Runs loops over a storage, one key at a time, in the event loop's idle moments."""

    def __init__(
        self, verbs: Verbs, loops: tuple[Loop, ...], failed: Callable[[Exception, Key], None]
    ) -> None:
        self._loops = loops
        self._failed = failed
        self._waiting: dict[tuple[int, Key], None] = {}
        self._more = asyncio.Event()
        self._stop = verbs.storage.listen(self._hear)

    def look_at(self, storage: Storage) -> None:
        """Look at everything once, as after a start."""
        for resource in storage.resources():
            for value in storage.scan(resource):
                self._hear(_as_change(resource, value))

    def _hear(self, change: Change) -> None:
        for number, loop in enumerate(self._loops):
            for key in loop.keys_of(change):
                self._waiting[number, key] = None
                self._more.set()

    async def run(self) -> None:
        """Work until cancelled."""
        try:
            while True:
                await self._more.wait()
                await self.settle()
        finally:
            self._stop()

    async def settle(self) -> None:
        """Work until nothing is left to do; requests come in between."""
        while self._waiting:
            number, key = next(iter(self._waiting))
            del self._waiting[number, key]
            try:
                self._loops[number].settle(key)
            except Exception as e:  # noqa: BLE001 -- one key must not stop the others
                self._failed(e, key)
            await asyncio.sleep(0)
        self._more.clear()


def _as_change(resource: str, value: Object) -> Change:
    metadata = value["metadata"]
    key = Key(resource, metadata.get("namespace", ""), metadata["name"])
    return Change(int(metadata["resourceVersion"]), "ADDED", key, value, None)
