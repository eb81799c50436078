from typing import Any

from controller.local.apiserver import revisions


def _object(**metadata: Any) -> dict[str, Any]:
    return {"kind": "ConfigMap", "metadata": {"name": "a", **metadata}, "data": {"k": "v"}}


def _owner(manager: str, time: str) -> dict[str, Any]:
    return {"manager": manager, "operation": "Update", "time": time}


def test_a_write_that_moves_only_the_times_of_owners_changes_nothing() -> None:
    before = _object(managedFields=[_owner("a", "1"), _owner("b", "1")])

    assert revisions.is_same(_object(managedFields=[_owner("b", "2"), _owner("a", "2")]), before)
    assert not revisions.is_same(_object(managedFields=[_owner("a", "1")]), before)


def test_what_the_server_gave_is_put_back() -> None:
    metadata = {"name": "a", "uid": "mine", "generation": 9, "labels": {"x": "y"}}

    revisions.restore(metadata, {"name": "a", "uid": "theirs"})

    assert metadata == {"name": "a", "uid": "theirs", "labels": {"x": "y"}}


def test_an_object_is_released_when_nobody_holds_it() -> None:
    assert revisions.is_released(_object())
    assert not revisions.is_released(_object(finalizers=["x"]))
    assert not revisions.is_released(_object(deletionGracePeriodSeconds=30))
    namespace = {"kind": "Namespace", "metadata": {}, "spec": {"finalizers": ["kubernetes"]}}
    assert not revisions.is_released(namespace)
