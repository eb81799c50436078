"""Garbage collection, namespaces and custom definitions, on a server without a network."""

import asyncio
from typing import Any

import pytest

from controller.local.apiserver.background import Background
from controller.local.apiserver.definitions import Definitions
from controller.local.apiserver.garbage import Collector
from controller.local.apiserver.namespaces import Namespaces
from controller.local.apiserver.storage import Key
from controller.local.apiserver.store import Store


@pytest.fixture
def background(store: Store) -> Background:
    def fail(error: Exception, key: Key) -> None:
        raise AssertionError(key) from error

    verbs = store.verbs
    loops = (Definitions(verbs, verbs.registry), Collector(verbs), Namespaces(verbs, "CERTIFICATE"))
    made = Background(verbs, loops, fail)
    made.look_at(verbs.storage)
    return made


def config(name: str, **metadata: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, **metadata}}


async def family(store: Store) -> None:
    owner = await store.create("configmaps", "default", config("owner"))
    reference = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "name": "owner",
        "uid": owner["metadata"]["uid"],
    }
    child = config("child", ownerReferences=[reference])
    await store.create("configmaps", "default", child)


@pytest.mark.parametrize("propagation", ["Background", "Foreground"])
def test_dependents_go_with_their_owner(
    store: Store, background: Background, propagation: str
) -> None:
    async def scenario() -> list[Any]:
        await family(store)
        await store.delete("configmaps", "default", "owner", propagation=propagation)
        await background.settle()
        return await store.list("configmaps", "default")

    assert asyncio.run(scenario()) == []


def test_orphans_stay_without_their_owner(store: Store, background: Background) -> None:
    async def scenario() -> list[Any]:
        await family(store)
        await store.delete("configmaps", "default", "owner", propagation="Orphan")
        await background.settle()
        return await store.list("configmaps", "default")

    left = asyncio.run(scenario())
    assert [value["metadata"]["name"] for value in left] == ["child"]
    assert "ownerReferences" not in left[0]["metadata"]


def test_a_namespace_goes_with_all_that_it_holds(store: Store, background: Background) -> None:
    async def scenario() -> tuple[Any, Any]:
        await store.create("namespaces", None, config("n"))
        await background.settle()
        await store.create("configmaps", "n", config("a"))
        await store.delete("namespaces", None, "n")
        await background.settle()
        return await store.get("namespaces", None, "n"), await store.list("configmaps", "n")

    assert asyncio.run(scenario()) == (None, [])


def test_a_new_namespace_has_a_service_account(store: Store, background: Background) -> None:
    async def scenario() -> Any:
        await store.create("namespaces", None, config("n"))
        await background.settle()
        return await store.get("serviceaccounts", "n", "default")

    assert asyncio.run(scenario()) is not None


def test_the_root_certificate_comes_with_the_first_pod(
    store: Store, background: Background
) -> None:
    async def scenario() -> Any:
        spec = {"containers": [{"name": "c", "image": "i"}]}
        await store.create("pods", "default", {**config("p"), "spec": spec})
        await background.settle()
        return await store.get("configmaps", "default", "kube-root-ca.crt")

    assert asyncio.run(scenario())["data"] == {"ca.crt": "CERTIFICATE"}


def definition() -> dict[str, Any]:
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": {"type": "object"}},
    }
    return {
        **config("gizmos.x.example"),
        "spec": {
            "group": "x.example",
            "scope": "Cluster",
            "names": {"plural": "gizmos", "kind": "Gizmo"},
            "versions": [version],
        },
    }


def test_a_definition_brings_its_kind_and_takes_it_away(
    store: Store, background: Background
) -> None:
    name = "customresourcedefinitions.apiextensions.k8s.io"

    async def scenario() -> list[Any]:
        await store.create(name, None, definition())
        await background.settle()
        await store.create("gizmos.x.example", None, config("g"))
        made = await store.list("gizmos.x.example")
        await store.delete(name, None, "gizmos.x.example")
        await background.settle()
        return made

    assert len(asyncio.run(scenario())) == 1
    assert store.verbs.registry.by_storage_key("gizmos.x.example") is None
    assert list(store.verbs.storage.scan("gizmos.x.example")) == []
