"""The watched objects of one resource, in memory, with callbacks for changes.

Controllers and kubelet decide on these; none of them asks the server. A writer puts what the server
answered here at once (`remember`), so that it never decides on a state from before its own write.
"""

import asyncio
from collections.abc import Callable, Iterable

from controller.local.apiserver.store import Store
from controller.objects import Manifest

Key = tuple[str, str]
"""Namespace and name."""
Changed = Callable[[Manifest | None, Manifest | None], None]
"""Called with the object before and after; None before it existed and after it is gone."""


def key_of(manifest: Manifest) -> Key:
    """Give an object's namespace and name."""
    metadata = manifest["metadata"]
    return metadata.get("namespace", ""), metadata["name"]


def controller_of(manifest: Manifest) -> Manifest | None:
    """Give the owner reference of the object that controls this one."""
    references: Iterable[Manifest] = manifest["metadata"].get("ownerReferences") or ()
    return next((owner for owner in references if owner.get("controller")), None)


class Informer:
    """All objects of one resource; complete once `synced` is set."""

    def __init__(self, store: Store, resource: str) -> None:
        self._store = store
        self.resource = resource
        self.synced = asyncio.Event()
        self._objects: dict[Key, Manifest] = {}
        self._owned: dict[str, dict[Key, None]] = {}
        self._callbacks: list[Changed] = []
        self._version = 0

    def subscribe(self, changed: Changed) -> None:
        """Call this function with every change from now on."""
        self._callbacks.append(changed)

    def get(self, key: Key) -> Manifest | None:
        """Give one object."""
        return self._objects.get(key)

    def objects(self, namespace: str | None = None) -> list[Manifest]:
        """Give the objects of a namespace, or all."""
        return [
            found
            for key, found in self._objects.items()
            if namespace is None or key[0] == namespace
        ]

    def owned_by(self, uid: str) -> list[Manifest]:
        """Give the objects whose controller has this uid."""
        return [self._objects[key] for key in self._owned.get(uid, ())]

    def remember(self, written: Manifest) -> None:
        """Take the server's answer to a write, unless the watch has seen that or a later state."""
        version = int(written["metadata"]["resourceVersion"])
        known = self._objects.get(key_of(written))
        if version <= self._version or (known is not None and _version(known) >= version):
            return
        self._put(written)

    async def run(self) -> None:
        """Follow the resource until cancelled."""
        async for event, found in self._store.watch(self.resource):
            if event == "BOOKMARK":
                self.synced.set()
                continue
            self._version = max(self._version, _version(found))
            if event == "DELETED":
                self._remove(found)
            else:
                self._put(found)

    def _put(self, found: Manifest) -> None:
        key = key_of(found)
        before = self._objects.get(key)
        if before is not None and _version(before) >= _version(found):
            return
        if before is not None:
            self._disown(key, before)
        self._objects[key] = found
        if owner := controller_of(found):
            self._owned.setdefault(owner["uid"], {})[key] = None
        self._call(before, found)

    def _remove(self, found: Manifest) -> None:
        key = key_of(found)
        before = self._objects.pop(key, None)
        if before is not None:
            self._disown(key, before)
        self._call(before or found, None)

    def _disown(self, key: Key, manifest: Manifest) -> None:
        if owner := controller_of(manifest):
            owned = self._owned.get(owner["uid"], {})
            owned.pop(key, None)
            if not owned:
                self._owned.pop(owner["uid"], None)

    def _call(self, before: Manifest | None, after: Manifest | None) -> None:
        for changed in self._callbacks:
            changed(before, after)


def _version(manifest: Manifest) -> int:
    return int(manifest["metadata"]["resourceVersion"])
