"""The copy of live state in memory, shared by the watches that fill it and all who read it."""

import threading
import time
from collections.abc import Callable, Mapping
from typing import TypeAlias

from controller.cluster.fieldsets import FieldSets
from controller.objects import Manifest, ObjectKey, shared
from controller.objects.metadata import APPLICATION, labels

Listener: TypeAlias = Callable[[ObjectKey, str], None]
"""Called with the key and the application of an object that came, changed or went."""

_OWN_WRITES_S = 10.0
"""How long an object written by us outlives a list that does not have it yet."""
_NOISE = frozenset({"resourceVersion", "managedFields", "generation"})


class Store:
    """Objects by key and by application. Safe to share between threads."""

    def __init__(self, *, label: str = APPLICATION) -> None:
        self._label = label
        self._changed = threading.Condition()
        self._objects: dict[ObjectKey, Manifest] = {}
        self._by_application: dict[str, dict[ObjectKey, Manifest]] = {}
        self._by_uid: dict[str, ObjectKey] = {}
        self._written: dict[ObjectKey, float] = {}
        self._field_sets = FieldSets()
        self._listeners: list[Listener] = []

    def get(self, key: ObjectKey) -> Manifest | None:
        """Give an object, or None."""
        with self._changed:
            return self._objects.get(key)

    def managed(self, application: str) -> Mapping[ObjectKey, Manifest]:
        """Give a copy of everything labelled with the application."""
        with self._changed:
            return dict(self._by_application.get(application, {}))

    def applications(self) -> frozenset[str]:
        """Give the names of all applications that have objects."""
        with self._changed:
            return frozenset(name for name, held in self._by_application.items() if held)

    def subscribe(self, listener: Listener) -> None:
        """Call the listener on every change that is more than bookkeeping of the server.

        It runs on the watching thread, without a lock held; it has to be quick and not to raise.
        """
        self._listeners.append(listener)

    def wait(self, timeout_s: float) -> None:
        """Wait until any object changes, or the time is over."""
        with self._changed:
            self._changed.wait(timeout_s)

    def touch(self, uid: str) -> None:
        """Tell listeners of an object although it did not change: something below it did."""
        with self._changed:
            key = self._by_uid.get(uid)
            application = self._application(self._objects[key]) if key else ""
            self._changed.notify_all()
        if key:
            self._tell({key: application})

    def observed(self, item: Manifest) -> None:
        """Take the answer to a write of ours, before the watch tells of it."""
        with self._changed:
            self._written[ObjectKey.of(item)] = time.monotonic()
        self.upsert(item)

    def deleting(self, item: Manifest) -> None:
        """Take the answer to a deletion of ours that is under way, unless it is over by now.

        Put back after the watch told of the end, the object would stay for ever.
        """
        key = ObjectKey.of(item)
        with self._changed:
            before = self._objects.get(key)
            if before is None or _is_older(item, before):
                return
            self._put(key, item)
        self._tell({key: self._application(item)})

    def upsert(self, item: Manifest) -> None:
        """Take an object, unless a newer one is known."""
        item = shared(item)
        key = ObjectKey.of(item)
        with self._changed:
            before = self._objects.get(key)
            if before is not None and _is_older(item, before):
                return
            self._put(key, item)
        if before is None or not _is_noise(before, item):
            self._tell({key: self._application(item) or self._application(before)})

    def delete(self, item: Manifest) -> None:
        """Drop an object, unless a newer one is known."""
        key = ObjectKey.of(item)
        with self._changed:
            before = self._objects.get(key)
            if before is None or _is_older(item, before):
                return
            self._drop(key)
        self._tell({key: self._application(before)})

    def replace_kind(self, api_version: str, kind: str, items: list[Manifest]) -> None:
        """Take a complete list of a kind; what is not in it, is gone."""
        listed = {ObjectKey.of(item): item for item in map(shared, items)}
        of_kind = ObjectKey.of({"apiVersion": api_version, "kind": kind})
        changes: dict[ObjectKey, str] = {}
        with self._changed:
            for key in self._kept(of_kind):
                if key not in listed and not self._was_written_lately(key):
                    changes[key] = self._application(self._drop(key))
            for key, item in listed.items():
                before = self._objects.get(key)
                if before is not None and self._was_written_lately(key) and _is_older(item, before):
                    continue
                self._put(key, item)
                if before is None or not _is_noise(before, item):
                    changes[key] = self._application(item)
        self._tell(changes)

    def _kept(self, of_kind: ObjectKey) -> list[ObjectKey]:
        return [
            key for key in self._objects if key.kind == of_kind.kind and key.group == of_kind.group
        ]

    def _was_written_lately(self, key: ObjectKey) -> bool:
        return time.monotonic() - self._written.get(key, -_OWN_WRITES_S) < _OWN_WRITES_S

    def _put(self, key: ObjectKey, item: Manifest) -> None:
        item = self._field_sets.shared(item)
        before = self._objects.get(key)
        if before is not None:
            self._by_application.get(self._application(before), {}).pop(key, None)
            self._by_uid.pop(_uid(before), None)
        self._objects[key] = item
        self._by_uid[_uid(item)] = key
        self._by_application.setdefault(self._application(item), {})[key] = item
        self._changed.notify_all()

    def _drop(self, key: ObjectKey) -> Manifest:
        item = self._objects.pop(key)
        self._by_uid.pop(_uid(item), None)
        self._by_application.get(self._application(item), {}).pop(key, None)
        self._written.pop(key, None)
        self._changed.notify_all()
        return item

    def _application(self, item: Manifest | None) -> str:
        return labels(item).get(self._label, "") if item is not None else ""

    def _tell(self, changes: Mapping[ObjectKey, str]) -> None:
        for key, application in changes.items():
            for listener in self._listeners:
                listener(key, application)


def _uid(item: Manifest) -> str:
    return str(item["metadata"].get("uid", ""))


def _is_older(item: Manifest, than: Manifest) -> bool:
    """Tell whether an object's state comes before another's.

    Resource versions of one kind are decimal numbers that only grow (Kubernetes promises it since
    1.35 and always did it); anything else is taken as newer.
    """
    one, other = (str(m["metadata"].get("resourceVersion", "")) for m in (item, than))
    return one.isdecimal() and other.isdecimal() and int(one) < int(other)


def _is_noise(before: Manifest, after: Manifest) -> bool:
    """Tell whether two states differ in nothing but the server's bookkeeping."""
    if before.keys() != after.keys():
        return False
    if any(before[name] != after[name] for name in before if name != "metadata"):
        return False
    return _told(before["metadata"]) == _told(after["metadata"])


def _told(metadata: Manifest) -> Manifest:
    return {name: value for name, value in metadata.items() if name not in _NOISE}
