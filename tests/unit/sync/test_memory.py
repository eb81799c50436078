from typing import Any

from controller.diff.difference import Difference, Outcome
from controller.objects import ObjectKey
from controller.sync import memory
from controller.sync.memory import Memory

DESIRED: dict[str, Any] = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}}


def difference(name: str) -> Difference:
    key = ObjectKey("", "ConfigMap", "ns", name)
    return Difference(key=key, outcome=Outcome.SAME, desired=None, live=None)


def live(version: str, **parts: Any) -> dict[str, Any]:
    metadata = {"name": "x", "uid": "u", "resourceVersion": version}
    return {**DESIRED, "metadata": metadata, **parts}


def test_the_least_used_is_forgotten_first() -> None:
    remembered = Memory(size=2)
    remembered.put("a", difference("a"))
    remembered.put("b", difference("b"))
    remembered.get("a")
    remembered.put("c", difference("c"))

    assert remembered.get("b") is None
    assert remembered.get("a") == difference("a")


def test_an_exact_answer_is_for_one_version() -> None:
    one, two = memory.exact_key(DESIRED, live("1")), memory.exact_key(DESIRED, live("2"))

    assert one != two


def test_a_settled_answer_does_not_depend_on_status_and_version() -> None:
    one = memory.settled_key(DESIRED, live("1", status={"a": 1}))

    assert one == memory.settled_key(DESIRED, live("2", status={"a": 2}))
    assert one != memory.settled_key(DESIRED, live("1", data={"a": "1"}))


def test_the_rendered_hash_is_used_where_there_is_one() -> None:
    stamped = {**DESIRED, "metadata": {"annotations": {"roster.dev/content-hash": "abc"}}}

    assert memory.desired_hash(stamped) == "abc"
    assert len(memory.desired_hash(DESIRED)) == 64
