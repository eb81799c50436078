"""Pods and ReplicaSets as light nodes: what health and the tree need, a tenth of their size."""

import threading
from collections.abc import Mapping
from typing import Any

from controller.objects import Manifest

_METADATA = (
    "name", "namespace", "uid", "ownerReferences", "creationTimestamp", "deletionTimestamp",
    "generation", "resourceVersion",
)  # fmt: skip
_SPEC = ("restartPolicy", "replicas", "nodeName")
_STATUS = (
    "phase", "reason", "message", "podIP", "startTime", "observedGeneration", "replicas",
    "readyReplicas", "availableReplicas",
)  # fmt: skip
_CONTAINER = ("name", "ready", "restartCount", "state", "lastState", "image")


def reduce(manifest: Manifest) -> Manifest:
    """Give the light node of a Pod or ReplicaSet; health reads it like the whole object."""
    spec, status = manifest.get("spec") or {}, manifest.get("status") or {}
    containers = {
        name: [_picked(entry, _CONTAINER) for entry in status[name]]
        for name in ("containerStatuses", "initContainerStatuses")
        if name in status
    }
    conditions = {"conditions": status["conditions"]} if "conditions" in status else {}
    return {
        "apiVersion": manifest.get("apiVersion"),
        "kind": manifest.get("kind"),
        "metadata": _picked(manifest["metadata"], _METADATA),
        "spec": _picked(spec, _SPEC),
        "status": {**_picked(status, _STATUS), **containers, **conditions},
    }


class Nodes:
    """Light nodes by uid and by the uid of their controller. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._nodes: dict[str, Manifest] = {}
        self._children: dict[str, set[str]] = {}

    def children(self, uid: str) -> tuple[Manifest, ...]:
        """Give what an object owns, by name."""
        with self._lock:
            found = [self._nodes[child] for child in self._children.get(uid, ())]
        return tuple(sorted(found, key=lambda node: str(node["metadata"]["name"])))

    def put(self, manifest: Manifest) -> None:
        """Take a Pod or ReplicaSet as it is now."""
        node = reduce(manifest)
        uid = str(node["metadata"].get("uid", ""))
        with self._lock:
            self._nodes[uid] = node
            for owner in owners(node):
                self._children.setdefault(owner, set()).add(uid)

    def drop(self, uid: str) -> None:
        """Forget a node."""
        with self._lock:
            node = self._nodes.pop(uid, None)
            for owner in owners(node) if node else ():
                self._children.get(owner, set()).discard(uid)
            if not self._children.get(uid, True):
                del self._children[uid]

    def uids(self, kind: str, namespace: str) -> frozenset[str]:
        """Give the uids of all nodes of a kind in a namespace."""
        with self._lock:
            return frozenset(
                uid
                for uid, node in self._nodes.items()
                if node["kind"] == kind and node["metadata"].get("namespace") == namespace
            )


class NodeSink:
    """The part of the nodes that one watch fills."""

    def __init__(self, nodes: Nodes, kind: str, namespace: str) -> None:
        self._nodes = nodes
        self._kind = kind
        self._namespace = namespace

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


def _picked(mapping: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: mapping[name] for name in names if name in mapping}
