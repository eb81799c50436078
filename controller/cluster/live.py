"""Live state without polling: watches of every kind that we manage, scoped by our label.

In steady state a reconcile reads from here and makes no request. What the cluster makes of our
objects (Pods and the like) carries no label of ours; it is followed by namespace, as light nodes.
"""

import threading
import time
from collections.abc import Iterable, Mapping

from controller.cluster import nodes
from controller.cluster.client import Client
from controller.cluster.reflector import Reflector
from controller.cluster.store import Listener, Store
from controller.objects import Manifest, ObjectKey
from controller.objects.metadata import APPLICATION

_FIRST_LIST_S = 30.0
_STOP_S = 2.0
"""A thread that waits for a server that hangs is left behind: it is a daemon, and holds nothing."""


class LiveState:
    """What the cluster holds of ours. Safe to share between threads."""

    def __init__(self, client: Client, *, label: str = APPLICATION, namespace: str = "") -> None:
        """Prepare to watch objects with the label, in one namespace where one is given."""
        self._client = client
        self._label = label
        self._namespace = namespace
        self._store = Store(label=label)
        self._nodes = nodes.Nodes(self._store.touch)
        self._lock = threading.Lock()
        self._reflectors: dict[tuple[str, str, str], Reflector] = {}
        self._stopped = False

    def start(self) -> None:
        """Take up watching; kinds come with `follow`."""
        self._stopped = False

    def stop(self) -> None:
        """End all watches."""
        with self._lock:
            self._stopped = True
            reflectors = list(self._reflectors.values())
            self._reflectors.clear()
        for reflector in reflectors:
            reflector.stop()
        deadline = time.monotonic() + _STOP_S
        for reflector in reflectors:
            reflector.join(max(0.0, deadline - time.monotonic()))

    def follow(self, kinds: Iterable[tuple[str, str]]) -> None:
        """Watch these kinds (apiVersion and kind), and wait until what is known of them is current.

        Costs nothing for kinds that are watched already and healthy. A kind that the cluster does
        not know has no objects; it is looked for again every few seconds.

        Raises:
            UnavailableError: a kind's state is not known at present, or stale.
            ForbiddenError: a kind may not be listed.
        """
        self._await([self._reflector(version, kind) for version, kind in sorted(set(kinds))])

    def follow_below(self, keys: Iterable[ObjectKey]) -> None:
        """Watch what the cluster makes of these objects (Pods and the like), as light nodes.

        Returns at once: they explain a health, and none is wrong without them. What may not be
        listed stays unknown. Subscribers hear of the object above when a health below changes.
        """
        for api_version, kind, namespace in nodes.places_below(keys):
            self._reflector(api_version, kind, namespace)

    def get(self, key: ObjectKey) -> Manifest | None:
        """Give an object of ours, or None where there is none (or not with our label)."""
        return self._store.get(key)

    def managed(self, application: str) -> Mapping[ObjectKey, Manifest]:
        """Give everything labelled with the application, of the kinds that are followed."""
        return self._store.managed(application)

    def applications(self) -> frozenset[str]:
        """Give the names that our label has on live objects."""
        return self._store.applications()

    def children(self, uid: str) -> tuple[Manifest, ...]:
        """Give the light nodes that an object owns directly: ReplicaSets, Pods."""
        return self._nodes.children(uid)

    def pods(self, uid: str) -> tuple[Manifest, ...]:
        """Give the pods by which an object is judged, as light nodes: those of its newest state."""
        return self._nodes.pods(uid)

    def pods_in(self, namespace: str) -> Mapping[str, Manifest]:
        """Give the pods of a namespace by name, as light nodes: those that are heard of."""
        return self._nodes.named("Pod", namespace)

    def subscribe(self, callback: Listener) -> None:
        """Call back with key and application when an object of ours comes, changes or goes."""
        self._store.subscribe(callback)

    def observed(self, manifest: Manifest) -> None:
        """Take the answer to a write, so that the next comparison does not depend on the watch."""
        self._store.observed(manifest)

    def deleting(self, manifest: Manifest) -> None:
        """Take the answer to a deletion that goes on."""
        self._store.deleting(manifest)

    def gone(self, manifest: Manifest) -> None:
        """Take note of an object that is known to be deleted."""
        self._store.delete(manifest)

    def wait(self, timeout_s: float) -> None:
        """Wait until any object of ours changes, or the time is over."""
        self._store.wait(timeout_s)

    def _await(self, reflectors: Iterable[Reflector]) -> None:
        deadline = time.monotonic() + _FIRST_LIST_S
        for reflector in reflectors:
            reflector.wait(max(0.0, deadline - time.monotonic()))

    def _reflector(self, api_version: str, kind: str, node_namespace: str = "") -> Reflector:
        where = (api_version, kind, node_namespace)
        with self._lock:
            found = self._reflectors.get(where)
            if found is None or not found.is_alive:
                found = self._new_reflector(api_version, kind, node_namespace)
                self._reflectors[where] = found
                if not self._stopped:
                    found.start()
            return found

    def _new_reflector(self, api_version: str, kind: str, node_namespace: str) -> Reflector:
        if node_namespace:
            sink = nodes.NodeSink(self._nodes, kind, node_namespace)
            return Reflector(
                self._client, sink, api_version=api_version, kind=kind, namespace=node_namespace
            )
        return Reflector(
            self._client,
            _KindSink(self._store, api_version, kind),
            api_version=api_version,
            kind=kind,
            namespace=self._namespace,
            label=self._label,
        )


class _KindSink:
    """The part of the store that one watch fills."""

    def __init__(self, store: Store, api_version: str, kind: str) -> None:
        self._store = store
        self._api_version = api_version
        self._kind = kind

    def light(self, item: Manifest) -> Manifest:
        return _slim(item)

    def replace(self, items: list[Manifest]) -> None:
        self._store.replace_kind(self._api_version, self._kind, items)

    def upsert(self, item: Manifest) -> None:
        self._store.upsert(_slim(item))

    def delete(self, item: Manifest) -> None:
        self._store.delete(item)


def _slim(item: Manifest) -> Manifest:
    """Leave out who wrote which part of the status: half of an object's size, and nobody asks."""
    metadata = item.get("metadata") or {}
    fields = metadata.get("managedFields")
    if not fields:
        return item
    kept = [entry for entry in fields if entry.get("subresource") != "status"]
    return {**item, "metadata": {**metadata, "managedFields": kept}}
