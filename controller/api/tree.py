"""The tree of an application: what git asks for, and below it what the cluster makes of it. Pure.

Whether an object belongs to an application is decided here and nowhere else: it is one of its
objects, or its owners lead to one. By name alone, one application's reader could look at another's
objects (CVE-2026-42880).
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from controller.health import Health, HealthStatus
from controller.health import assess as health
from controller.objects import Manifest, ObjectKey
from controller.state.records import ApplicationRecord, ObjectStatus

_DEEPEST = 10
"""Levels below an object; a CronJob has two. Owners that go in a circle end here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What may be seen of a cluster without asking it."""

    live: Callable[[ObjectKey], Manifest | None]
    children: Callable[[str], Iterable[Manifest]]
    """The light nodes that the object of a uid owns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One object of the tree."""

    key: ObjectKey
    api_version: str
    manifest: Manifest | None
    """As it is: whole for an object of git, light below it; None where it is missing."""
    item: ObjectStatus | None
    """What the last visit found; None for what git did not ask for."""
    health: Health
    children: tuple["Node", ...] = ()

    @property
    def uid(self) -> str:
        """The object's uid; empty where it is missing."""
        return str(((self.manifest or {}).get("metadata") or {}).get("uid", ""))

    @property
    def created(self) -> datetime | None:
        """When the object was made; None where it is missing."""
        told = ((self.manifest or {}).get("metadata") or {}).get("creationTimestamp")
        return datetime.fromisoformat(str(told)) if told else None

    @property
    def is_spent(self) -> bool:
        """Whether this is a ReplicaSet of an earlier revision, kept for a rollback."""
        return self.key.kind == "ReplicaSet" and not self.children

    @property
    def is_explained(self) -> bool:
        """Whether something below says why this is not well."""
        return any(
            child.is_explained or child.health.status is HealthStatus.DEGRADED
            for child in self.children
        )

    def walk(self) -> Iterator["Node"]:
        """Give the node and everything below it, each before its children."""
        yield self
        for child in self.children:
            yield from child.walk()


def of(record: ApplicationRecord, sight: Sight) -> tuple[Node, ...]:
    """Give the objects of an application with what is below them, by key."""
    items = sorted(record.status.objects, key=lambda item: item.key)
    return tuple(of_object(item, sight) for item in items)


def of_object(item: ObjectStatus, sight: Sight) -> Node:
    """Give one object with what is below it."""
    key = ObjectKey.parse(item.key)
    live = sight.live(key)
    uid = str(((live or {}).get("metadata") or {}).get("uid", ""))
    return Node(
        key=key,
        api_version=item.api_version,
        manifest=live,
        item=item,
        health=Health(HealthStatus(item.health), item.message),
        children=_below(uid, sight, _DEEPEST),
    )


def find(record: ApplicationRecord, key: ObjectKey, sight: Sight) -> Node | None:
    """Give an object that belongs to the application; None for any other."""
    item = next((item for item in record.status.objects if item.key == str(key)), None)
    if item is not None:
        return of_object(item, sight)
    return next(
        (node for root in of(record, sight) for node in root.walk() if node.key == key), None
    )


def pods(nodes: Iterable[Node]) -> tuple[Node, ...]:
    """Give the pods among nodes and below them."""
    found = (node for root in nodes for node in root.walk())
    return tuple(node for node in found if (node.key.group, node.key.kind) == ("", "Pod"))


def workloads_first(nodes: Iterable[Node]) -> tuple[Node, ...]:
    """Give nodes with those first that have pods: what a reader looks for."""
    return tuple(sorted(nodes, key=lambda node: not pods([node])))


def _below(uid: str, sight: Sight, levels: int) -> tuple[Node, ...]:
    if not uid or not levels:
        return ()
    return tuple(_light(manifest, sight, levels - 1) for manifest in sight.children(uid))


def _light(manifest: Manifest, sight: Sight, levels: int) -> Node:
    return Node(
        key=ObjectKey.of(manifest),
        api_version=str(manifest.get("apiVersion", "")),
        manifest=manifest,
        item=None,
        health=_health(manifest),
        children=_below(str(manifest["metadata"].get("uid", "")), sight, levels),
    )


def _health(manifest: Manifest) -> Health:
    """Judge a light node; a ReplicaSet that was scaled down has done its work."""
    wanted = (manifest.get("spec") or {}).get("replicas")
    if manifest.get("kind") == "ReplicaSet" and wanted == 0:
        return Health(HealthStatus.HEALTHY)
    return health.assess(manifest)
