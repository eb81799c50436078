import asyncio
from contextlib import aclosing

import pytest

from controller.local.apiserver.errors import ApiError
from controller.local.apiserver.store import Store


def body(name: str, **labels: str) -> dict[str, object]:
    return {"metadata": {"name": name, "labels": labels}}


def test_a_watch_begins_with_what_is_there_and_goes_on_with_what_happens(store: Store) -> None:
    async def scenario() -> list[tuple[str, str]]:
        await store.create("configmaps", "default", body("a"))
        seen = []
        async with aclosing(store.watch("configmaps", "default")) as events:
            async for kind, value in events:
                seen.append((kind, value["metadata"].get("name", "")))
                if kind == "BOOKMARK":
                    await store.create("configmaps", "default", body("b"))
                    await store.delete("configmaps", "default", "a")
                if kind == "DELETED":
                    break
        return seen

    expected = [("ADDED", "a"), ("BOOKMARK", ""), ("ADDED", "b"), ("DELETED", "a")]
    assert asyncio.run(scenario()) == expected


def test_an_object_that_ceases_to_match_is_deleted_for_the_watcher(store: Store) -> None:
    async def scenario() -> list[str]:
        await store.create("configmaps", "default", body("a", app="x"))
        seen = []
        async with aclosing(store.watch("configmaps", labels="app=x")) as events:
            async for kind, _ in events:
                seen.append(kind)
                if kind == "BOOKMARK":
                    patch = {"metadata": {"labels": {"app": "y"}}}
                    await store.patch("configmaps", "default", "a", patch)
                if kind == "DELETED":
                    break
        return seen

    assert asyncio.run(scenario()) == ["ADDED", "BOOKMARK", "DELETED"]


def test_a_controller_acts_under_its_own_field_manager(store: Store) -> None:
    acting = store.acting_as("system:x", manager="kube-controller-manager")

    made = asyncio.run(acting.create("configmaps", "default", body("a", app="x")))

    assert made["metadata"]["managedFields"][0]["manager"] == "kube-controller-manager"


def test_binding_puts_a_pod_onto_a_node(store: Store) -> None:
    async def scenario() -> dict[str, object]:
        spec = {"containers": [{"name": "c", "image": "i"}]}
        await store.create("pods", "default", {**body("p"), "spec": spec})
        target = {"target": {"name": "local"}}
        await store.create("pods", "default", target, subresource="binding", name="p")
        return await store.get("pods", "default", "p") or {}

    pod = asyncio.run(scenario())
    assert pod["spec"]["nodeName"] == "local"
    assert [c["type"] for c in pod["status"]["conditions"]] == ["PodScheduled"]


def test_what_is_not_there_is_none_or_an_error(store: Store) -> None:
    assert asyncio.run(store.get("configmaps", "default", "none")) is None
    with pytest.raises(ApiError, match="not found"):
        asyncio.run(store.delete("configmaps", "default", "none"))
