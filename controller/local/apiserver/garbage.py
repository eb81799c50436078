"""The garbage collector: objects go with their owners.

Background deletion removes what has no owner left; foreground deletion holds the owner until its
dependents are gone; orphaning cuts the tie. (k8s.io/kubernetes `pkg/controller/garbagecollector`.)
"""

from collections.abc import Iterator, Mapping
from typing import Any

from controller.local.apiserver.calls import Call
from controller.local.apiserver.deletion import DeleteOptions
from controller.local.apiserver.storage import Change, Key, Object
from controller.local.apiserver.verbs import Verbs

_ORPHAN, _FOREGROUND = "orphan", "foregroundDeletion"


def _owners(value: Mapping[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = value["metadata"].get("ownerReferences") or []
    return found


class Collector:
    """Keeps who belongs to whom, and acts on it."""

    def __init__(self, verbs: Verbs) -> None:
        self._verbs = verbs
        self._dependents: dict[str, set[Key]] = {}
        self._by_uid: dict[str, Key] = {}

    def keys_of(self, change: Change) -> Iterator[Key]:
        """Look at what was written, and at the owners and dependents of what went."""
        self._index(change)
        if change.type == "DELETED":
            uid = change.value["metadata"]["uid"]
            yield from tuple(self._dependents.get(uid, ()))
            for owner in _owners(change.value):
                if owner["uid"] in self._by_uid:
                    yield self._by_uid[owner["uid"]]
        elif _owners(change.value) or "deletionTimestamp" in change.value["metadata"]:
            yield change.key

    def _index(self, change: Change) -> None:
        for owner in _owners(change.before or {"metadata": {}}):
            self._dependents.get(owner["uid"], set()).discard(change.key)
        uid = change.value["metadata"]["uid"]
        if change.type == "DELETED":
            self._by_uid.pop(uid, None)
            if not self._dependents.get(uid):
                self._dependents.pop(uid, None)
            return
        self._by_uid[uid] = change.key
        for owner in _owners(change.value):
            self._dependents.setdefault(owner["uid"], set()).add(change.key)

    def settle(self, key: Key) -> None:
        """Carry on the deletion of an object, or delete it if its owners are gone."""
        value = self._verbs.storage.get(key)
        if value is None:
            return
        if "deletionTimestamp" in value["metadata"]:
            self._carry_on(key, value)
        elif _owners(value):
            self._check_owners(key, value)

    def _carry_on(self, key: Key, value: Object) -> None:
        finalizers = value["metadata"].get("finalizers", ())
        dependents = tuple(self._dependents.get(value["metadata"]["uid"], ()))
        if _ORPHAN in finalizers:
            for dependent in dependents:
                self._release(dependent, value["metadata"]["uid"])
            self._drop_finalizer(key, _ORPHAN)
        elif _FOREGROUND in finalizers:
            if not dependents:
                self._drop_finalizer(key, _FOREGROUND)
            for dependent in dependents:
                self._delete(dependent, "Foreground")

    def _check_owners(self, key: Key, value: Object) -> None:
        solid, waiting, gone = self._sorted(value)
        if solid:
            for owner in (*waiting, *gone):
                self._release(key, owner["uid"])
        elif waiting or gone:
            held = bool(waiting) and bool(self._dependents.get(value["metadata"]["uid"]))
            self._delete(key, "Foreground" if held else "Background")

    def _sorted(self, value: Object) -> tuple[list[Any], list[Any], list[Any]]:
        """Sort owners into those that stay, those that wait for this object, and those gone."""
        solid, waiting, gone = [], [], []
        for reference in _owners(value):
            owner_key = self._by_uid.get(reference["uid"])
            owner = self._verbs.storage.get(owner_key) if owner_key else None
            if owner is None:
                gone.append(reference)
            elif _FOREGROUND in owner["metadata"].get("finalizers", ()) and (
                "deletionTimestamp" in owner["metadata"]
            ):
                waiting.append(reference)
            else:
                solid.append(reference)
        return solid, waiting, gone

    def _call(self, key: Key) -> Call | None:
        resource = self._verbs.registry.by_storage_key(key.resource)
        if resource is None:
            return None
        return Call(
            resource=resource,
            namespace=key.namespace,
            name=key.name,
            manager="kube-controller-manager",
            validation="Ignore",
        )

    def _delete(self, key: Key, propagation: str) -> None:
        call, value = self._call(key), self._verbs.storage.get(key)
        if call is None or value is None or "deletionTimestamp" in value["metadata"]:
            return
        uid = value["metadata"]["uid"]
        has_dependents = bool(self._dependents.get(uid))
        chosen = propagation if has_dependents or propagation != "Foreground" else "Background"
        self._verbs.delete(call, DeleteOptions(uid=uid, propagation=chosen))

    def _release(self, key: Key, owner_uid: str) -> None:
        call, value = self._call(key), self._verbs.storage.get(key)
        if call is None or value is None:
            return
        kept = [owner for owner in _owners(value) if owner["uid"] != owner_uid]
        patch = {"metadata": {"ownerReferences": kept or None}}
        self._verbs.patch(call, "application/merge-patch+json", patch)

    def _drop_finalizer(self, key: Key, name: str) -> None:
        call, value = self._call(key), self._verbs.storage.get(key)
        if call is None or value is None:
            return
        kept = [held for held in value["metadata"].get("finalizers", ()) if held != name]
        patch = {"metadata": {"finalizers": kept or None}}
        self._verbs.patch(call, "application/merge-patch+json", patch)
