from typing import Any

from controller.cluster.store import Store
from controller.objects import ObjectKey

KIND = ("v1", "ConfigMap")


def key(name: str) -> ObjectKey:
    return ObjectKey("", "ConfigMap", "ns", name)


def test_an_older_state_does_not_replace_a_newer_one(config_map: Any) -> None:
    store = Store()
    store.upsert(config_map("one", 100, x="new"))

    store.upsert(config_map("one", 99, x="old"))
    store.delete(config_map("one", 98))

    assert (store.get(key("one")) or {})["data"] == {"x": "new"}


def test_a_list_from_before_a_write_does_not_take_it_back(config_map: Any) -> None:
    store = Store()
    store.observed(config_map("new", 20))
    store.observed(config_map("changed", 21, x="new"))

    store.replace_kind(*KIND, [config_map("changed", 10, x="old")])

    assert store.get(key("new"))
    assert (store.get(key("changed")) or {})["data"] == {"x": "new"}


def test_a_list_replaces_the_whole_kind_and_no_other(config_map: Any) -> None:
    store = Store()
    secret = {**config_map("secret", 3), "kind": "Secret"}
    for item in (config_map("old", 1), config_map("kept", 2), secret):
        store.upsert(item)

    store.replace_kind(*KIND, [config_map("kept", 2), config_map("new", 5)])

    assert {found.name for found in store.managed("app")} == {"kept", "new", "secret"}


def test_an_object_can_move_to_another_application(config_map: Any) -> None:
    store = Store()
    store.upsert(config_map("one", 1, application="a"))

    store.upsert(config_map("one", 2, application="b"))

    assert store.managed("a") == {}
    assert set(store.managed("b")) == {key("one")}
    assert store.applications() == {"b"}


def test_listeners_hear_of_what_a_list_changed(config_map: Any) -> None:
    store = Store()
    store.upsert(config_map("same", 1))
    store.upsert(config_map("gone", 2))
    heard: set[str] = set()
    store.subscribe(lambda key, _: heard.add(key.name))

    store.replace_kind(*KIND, [config_map("same", 1), config_map("new", 3)])

    assert heard == {"gone", "new"}


def test_a_deletion_that_is_over_is_not_taken_back(config_map: Any) -> None:
    store = Store()
    store.upsert(config_map("one", 10, x="there"))
    store.deleting(config_map("one", 11, x="going"))
    seen = store.get(key("one")) or {}
    store.delete(config_map("one", 12))
    store.deleting(config_map("one", 11, x="going"))

    assert seen["data"] == {"x": "going"}
    assert store.get(key("one")) is None
