"""What others make of our objects, as light nodes: what health and the tree need, no more.

ReplicaSets, Pods, the Jobs of a CronJob and EndpointSlices carry no label of ours; they are found
by their owners, and kept at about a tenth of their size.
"""

import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

from controller.health import Health
from controller.health import assess as health
from controller.objects import Manifest, ObjectKey

Place: TypeAlias = tuple[str, str, str]
"""API version, kind and namespace: what one watch of light nodes follows."""

_PODS = (("v1", "Pod"),)
_BELOW: Mapping[tuple[str, str], tuple[tuple[str, str], ...]] = {
    ("apps", "Deployment"): (("apps/v1", "ReplicaSet"), *_PODS),
    ("apps", "ReplicaSet"): _PODS,
    ("apps", "StatefulSet"): _PODS,
    ("apps", "DaemonSet"): _PODS,
    ("batch", "Job"): _PODS,
    ("batch", "CronJob"): (("batch/v1", "Job"), *_PODS),
    ("", "Service"): (("discovery.k8s.io/v1", "EndpointSlice"),),
}
"""What the cluster's own controllers make of a kind, by group and kind."""
_REVISION = "deployment.kubernetes.io/revision"

_METADATA = (
    "name", "namespace", "uid", "ownerReferences", "creationTimestamp", "deletionTimestamp",
    "generation", "resourceVersion",
)  # fmt: skip
_SPEC = ("restartPolicy", "replicas", "nodeName")
_STATUS = (
    "phase", "reason", "message", "podIP", "startTime", "observedGeneration", "replicas",
    "readyReplicas", "availableReplicas", "active", "succeeded", "failed",
)  # fmt: skip
_CONTAINER = ("name", "ready", "restartCount", "state", "lastState", "image")
_LISTS = {
    "containerStatuses": _CONTAINER,
    "initContainerStatuses": _CONTAINER,
    "conditions": ("type", "status", "reason", "message"),
}


def places_below(keys: Iterable[ObjectKey]) -> frozenset[Place]:
    """Give what to follow in order to see what the cluster makes of these objects."""
    return frozenset(
        (version, kind, key.namespace)
        for key in keys
        for version, kind in _BELOW.get((key.group, key.kind), ())
    )


def reduce(manifest: Manifest) -> Manifest:
    """Give the light node of an object; health reads it like the whole object."""
    spec, status = manifest.get("spec") or {}, manifest.get("status") or {}
    lists = {
        name: [_picked(entry, fields) for entry in status[name] or ()]
        for name, fields in _LISTS.items()
        if name in status
    }
    metadata = _picked(manifest["metadata"], _METADATA)
    revision = (manifest["metadata"].get("annotations") or {}).get(_REVISION)
    if revision is not None:
        metadata["annotations"] = {_REVISION: revision}
    return {
        "apiVersion": manifest.get("apiVersion"),
        "kind": manifest.get("kind"),
        "metadata": metadata,
        "spec": _picked(spec, _SPEC),
        "status": {**_picked(status, _STATUS), **lists},
        **_endpoints(manifest),
    }


def _endpoints(manifest: Manifest) -> dict[str, Any]:
    if "endpoints" not in manifest:
        return {}
    kept = [_picked(each, ("conditions",)) for each in manifest["endpoints"] or ()]
    return {"endpoints": kept}


class Nodes:
    """Light nodes by uid and by the uids of their owners. Safe to share between threads."""

    def __init__(self, changed: Callable[[str], None] = lambda _root: None) -> None:
        """Start empty.

        Args:
            changed: called with the uid of the object at the top when the health of something
                below it changes; without a lock held, quick and not raising.
        """
        self._changed = changed
        self._lock = threading.Lock()
        self._nodes: dict[str, Manifest] = {}
        self._children: dict[str, set[str]] = {}

    def children(self, uid: str) -> tuple[Manifest, ...]:
        """Give what an object owns, by name."""
        with self._lock:
            found = [self._nodes[child] for child in self._children.get(uid, ())]
        return tuple(sorted(found, key=lambda node: str(node["metadata"]["name"])))

    def pods(self, uid: str) -> tuple[Manifest, ...]:
        """Give the pods below an object that count: those of the newest ReplicaSet, if any."""
        below = [node for node in self.children(uid) if not _is_going(node)]
        sets = [node for node in below if node["kind"] == "ReplicaSet"]
        newest = max(sets, key=_revision, default=None)
        owned = [node for node in below if node["kind"] == "Pod"]
        deeper = [newest] if newest else [node for node in below if node["kind"] == "Job"]
        for node in deeper:
            owned.extend(self.pods(str(node["metadata"].get("uid", ""))))
        return tuple(owned)

    def put(self, manifest: Manifest) -> None:
        """Take a node as it is now."""
        node = reduce(manifest)
        uid = str(node["metadata"].get("uid", ""))
        with self._lock:
            before = self._nodes.get(uid)
            self._nodes[uid] = node
            for owner in owners(node):
                self._children.setdefault(owner, set()).add(uid)
            # A pod may have been heard of before the ReplicaSet that leads to its Deployment.
            is_news = before is None and uid in self._children
            root = self._root(uid)
        if is_news or _health(before) != _health(node):
            self._changed(root)

    def drop(self, uid: str) -> None:
        """Forget a node."""
        with self._lock:
            if uid not in self._nodes:
                return
            root = self._root(uid)
            node = self._nodes.pop(uid)
            for owner in owners(node):
                self._children.get(owner, set()).discard(uid)
            if not self._children.get(uid, True):
                del self._children[uid]
        self._changed(root)

    def uids(self, kind: str, namespace: str) -> frozenset[str]:
        """Give the uids of all nodes of a kind in a namespace."""
        with self._lock:
            return frozenset(
                uid
                for uid, node in self._nodes.items()
                if node["kind"] == kind and node["metadata"].get("namespace") == namespace
            )

    def named(self, kind: str, namespace: str) -> dict[str, Manifest]:
        """Give the nodes of a kind in a namespace by name."""
        with self._lock:
            return {
                str(node["metadata"]["name"]): node
                for node in self._nodes.values()
                if node["kind"] == kind and node["metadata"].get("namespace") == namespace
            }

    def _root(self, uid: str) -> str:
        """Climb from owner to owner, and give the first that is no light node itself."""
        seen: set[str] = set()
        while uid in self._nodes and uid not in seen:
            seen.add(uid)
            uid = next(iter(owners(self._nodes[uid])), uid)
        return uid


class NodeSink:
    """The part of the nodes that one watch fills."""

    def __init__(self, nodes: Nodes, kind: str, namespace: str) -> None:
        self._nodes = nodes
        self._kind = kind
        self._namespace = namespace

    def light(self, item: Manifest) -> Manifest:
        """Give what is kept of an object."""
        return reduce(item)

    def replace(self, items: list[Manifest]) -> None:
        """Take a complete list."""
        listed = {str(item["metadata"].get("uid", "")) for item in items}
        for uid in self._nodes.uids(self._kind, self._namespace) - listed:
            self._nodes.drop(uid)
        for item in items:
            self._nodes.put(item)

    def upsert(self, item: Manifest) -> None:
        """Take one node as it is now."""
        self._nodes.put(item)

    def delete(self, item: Manifest) -> None:
        """Drop one node."""
        self._nodes.drop(str(item["metadata"].get("uid", "")))


def owners(manifest: Manifest) -> tuple[str, ...]:
    """Give the uids of an object's owners."""
    references = (manifest.get("metadata") or {}).get("ownerReferences") or ()
    return tuple(str(reference.get("uid", "")) for reference in references)


def _health(node: Manifest | None) -> Health | None:
    return health.assess(node) if node is not None else None


def _is_going(node: Manifest) -> bool:
    return "deletionTimestamp" in node["metadata"]


def _revision(replica_set: Manifest) -> tuple[int, str]:
    metadata = replica_set["metadata"]
    told = str((metadata.get("annotations") or {}).get(_REVISION, ""))
    return int(told) if told.isdecimal() else 0, str(metadata.get("creationTimestamp", ""))


def _picked(mapping: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: mapping[name] for name in names if name in mapping}
