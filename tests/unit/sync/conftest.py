"""A cluster in memory, for the little that sync asks of one."""

import copy
import itertools
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pytest

from controller.cluster.errors import (
    ConflictError,
    FieldConflict,
    ForbiddenError,
    ImmutableError,
    InvalidError,
)
from controller.cluster.store import Store
from controller.definitions.findings import DefinitionId, Position
from controller.diff.difference import Difference
from controller.errors import RosterError
from controller.objects import Manifest, ObjectKey
from controller.objects.metadata import with_metadata
from controller.plan import make
from controller.plan.policy import Policy
from controller.plan.steps import Plan
from controller.render.component import Component


class Cluster(Store):
    """Objects, and the order in which they were written; is its own client and live state."""

    def __init__(self) -> None:
        super().__init__()
        self.log: list[str] = []
        self.requests: list[str] = []
        self.forbidden: set[str] = set()
        self.failing: dict[str, RosterError] = {}
        self.immutable: set[str] = set()
        self.contested: dict[str, FieldConflict] = {}
        self.propagations: dict[str, str] = {}
        self.asked: dict[str, tuple[bool, str]] = {}
        self.defaults: dict[str, Any] = {}
        self.when_applied: Callable[[Manifest], Mapping[str, Any]] = lambda _: {}
        self._versions = itertools.count(1)
        self._uids = itertools.count(1)
        self._guard = threading.Lock()
        self.unlabelled: dict[ObjectKey, Manifest] = {}

    def apply(
        self,
        manifest: Manifest,
        *,
        force: bool = True,
        dry_run: bool = False,
        validation: str = "Strict",
    ) -> Manifest:
        key = ObjectKey.of(manifest)
        with self._guard:
            self.requests.append(f"{'try' if dry_run else 'apply'} {key.name}")
            self.asked[key.name] = (force, validation)
            if key.name in self.failing:
                raise self.failing[key.name]
            if key.name in self.immutable and self.get(key):
                raise ImmutableError("spec.selector: field is immutable")
            if key.name in self.contested and not force:
                raise ConflictError("Conflict.", conflicts=(self.contested[key.name],))
            made = self._made(manifest, self.get(key))
            if dry_run:
                return made
            self.log.append(f"apply {key.kind} {key.name}")
        self.upsert(made)
        return made

    def get(self, key: ObjectKey, api_version: str = "") -> Manifest | None:
        del api_version
        return self.unlabelled.get(key) or super().get(key)

    def read(self, key: ObjectKey) -> dict[str, Any]:
        """A copy of a live object that has to be there."""
        found = self.get(key)
        assert found is not None
        return copy.deepcopy(dict(found))

    def names_of(self, kind: str) -> list[str]:
        return [key.name for key in [*self._objects, *self.unlabelled] if key.kind == kind]

    def follow(self, kinds: Iterable[tuple[str, str]]) -> None:
        for _, kind in kinds:
            if kind in self.forbidden:
                raise ForbiddenError(f"Cannot list v1 {kind}.")

    def follow_below(self, keys: Iterable[ObjectKey]) -> None:
        """Nothing is made of the objects of this cluster."""

    def pods(self, _uid: str) -> tuple[Manifest, ...]:
        return ()

    def gone(self, manifest: Manifest) -> None:
        self.delete_from_store(manifest)

    def delete_from_store(self, manifest: Manifest) -> None:
        super().delete(manifest)

    def set(self, key: ObjectKey, **parts: Any) -> None:
        """Change a live object, as somebody else would."""
        found = self.read(key)
        found["metadata"]["resourceVersion"] = str(next(self._versions))
        self.upsert({**found, **parts})

    def _made(self, manifest: Manifest, before: Manifest | None) -> dict[str, Any]:
        old = (before or {}).get("metadata", {})
        server = {
            "uid": old.get("uid") or f"uid-{next(self._uids)}",
            "resourceVersion": str(next(self._versions)),
            "managedFields": [
                {
                    "manager": "roster",
                    "operation": "Apply",
                    "fieldsV1": _fields(
                        {
                            **manifest,
                            "metadata": {
                                k: v
                                for k, v in manifest["metadata"].items()
                                if k not in {"name", "namespace"}
                            },
                        }
                    ),
                }
            ],
        }
        return copy.deepcopy(
            {
                **self.defaults,
                **manifest,
                "metadata": {**manifest["metadata"], **server},
                **self.when_applied(manifest),
            }
        )


class Client:
    """The cluster from the side of requests: deleting asks, where the store only forgets."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.apply = cluster.apply

    def get(self, key: ObjectKey, api_version: str = "") -> Manifest | None:
        self.cluster.requests.append(f"get {key.name}")
        return self.cluster.get(key, api_version)

    def replace(self, manifest: Manifest, *, validation: str = "Strict") -> Manifest:
        del validation
        self.cluster.log.append(f"replace {manifest['kind']} {manifest['metadata']['name']}")
        return manifest

    def canonical(self, manifest: Manifest) -> Manifest:
        if manifest["kind"] != "ClusterRole":
            return manifest
        metadata = {k: v for k, v in manifest["metadata"].items() if k != "namespace"}
        return {**manifest, "metadata": metadata}

    def names(self, api_version: str, kind: str, namespace: str) -> frozenset[str]:
        self.cluster.requests.append(f"list {api_version} {kind} {namespace}")
        return frozenset(self.cluster.names_of(kind))

    def delete(self, target: Manifest, *, uid: str, propagation: str = "Foreground") -> None:
        key = ObjectKey.of(target)
        self.cluster.propagations[key.name] = propagation
        assert target["metadata"]["uid"] == uid
        if f"delete {key.name}" in self.cluster.failing:
            raise self.cluster.failing[f"delete {key.name}"]
        self.cluster.log.append(f"delete {key.kind} {key.name}")
        self.cluster.delete_from_store(target)


def _fields(value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        return {}
    skipped = {"apiVersion", "kind"}
    return {f"f:{name}": _fields(inner) for name, inner in value.items() if name not in skipped}


@pytest.fixture
def cluster() -> Cluster:
    return Cluster()


@pytest.fixture
def client(cluster: Cluster) -> Client:
    return Client(cluster)


def id_of(name: str) -> DefinitionId:
    return DefinitionId(kind="Agent", namespace="ns", name=name)


@pytest.fixture
def component() -> Callable[..., Component]:
    """Make a component of one manifest or more, all named after it."""

    def build(
        name: str,
        *kinds: str,
        needs: tuple[str, ...] = (),
        wave: int = 0,
        application: str = "app",
        **content: Any,
    ) -> Component:
        id_ = id_of(name)
        manifests = tuple(
            with_metadata(
                {
                    "apiVersion": "apps/v1" if kind == "Deployment" else "v1",
                    "kind": kind,
                    "metadata": {"name": name, "namespace": "ns"},
                    **content,
                },
                labels={"roster.dev/application": application},
                annotations={"roster.dev/component": str(id_)},
            )
            for kind in kinds or ("ConfigMap",)
        )
        return Component(
            id=id_,
            position=Position("a.yaml"),
            manifests=manifests,
            depends_on=frozenset(id_of(other) for other in needs),
            wave=wave,
        )

    return build


@pytest.fixture
def plan_of() -> Callable[..., Plan]:
    """Make the plan of an application that prunes."""

    def plan(
        components: Iterable[Component],
        differences: Mapping[ObjectKey, Difference],
        live: Mapping[ObjectKey, Manifest],
        **policy: Any,
    ) -> Plan:
        return make.make(
            application="app",
            revision="r1",
            components=tuple(components),
            blocked=(),
            live=live,
            differences=differences,
            inventory=frozenset(live),
            policy=Policy(**{"prune": True, **policy}),
            source_is_empty=False,
        )

    return plan


@pytest.fixture
def invalid() -> InvalidError:
    return InvalidError("Cannot apply it: spec is wrong.")
