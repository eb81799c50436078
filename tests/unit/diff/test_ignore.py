import copy
from typing import Any

from controller.diff.compare import compare
from controller.diff.difference import Outcome
from controller.diff.ignore import without_ignored


def deployment(replicas: int, ignored: str = "/spec/replicas") -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "x", "annotations": {"roster.dev/ignore-differences": ignored}},
        "spec": {"replicas": replicas, "paused": False, "args": ["a", "b"]},
    }


def live(replicas: int, owner: str) -> dict[str, Any]:
    made = deployment(replicas)
    ours: dict[str, Any] = {
        "f:metadata": {"f:annotations": {"f:roster.dev/ignore-differences": {}}},
        "f:spec": {"f:paused": {}, "f:args": {}},
    }
    entries = [{"manager": "roster", "operation": "Apply", "fieldsV1": ours}]
    if owner == "roster":
        ours["f:spec"]["f:replicas"] = {}
    else:
        scaled = {"f:spec": {"f:replicas": {}}}
        entries.append({"manager": owner, "operation": "Update", "fieldsV1": scaled})
    made["metadata"]["managedFields"] = entries
    return made


def test_a_field_that_another_owns_is_left_out() -> None:
    wanted = without_ignored(deployment(1), live(5, "hpa"))

    assert "replicas" not in wanted["spec"]
    assert compare(wanted, live(5, "hpa")).outcome is Outcome.SAME


def test_a_field_that_nobody_else_owns_keeps_its_live_value() -> None:
    wanted = without_ignored(deployment(1), live(5, "roster"))

    assert wanted["spec"]["replicas"] == 5
    assert compare(wanted, live(5, "roster")).outcome is Outcome.SAME


def test_a_new_object_gets_the_value_of_git() -> None:
    assert without_ignored(deployment(1), None)["spec"]["replicas"] == 1


def test_without_the_annotation_nothing_is_ignored() -> None:
    manifest = deployment(1)
    del manifest["metadata"]["annotations"]

    assert without_ignored(manifest, live(5, "hpa")) is manifest


def test_several_pointers_and_odd_ones() -> None:
    ignored = "/spec/replicas, /spec/args/1\n/spec/none/deeper,nonsense,/spec/args/9"
    there = live(5, "roster")
    there["spec"]["args"] = ["a", "theirs"]

    wanted = without_ignored(deployment(1, ignored), there)

    assert wanted["spec"] == {"replicas": 5, "paused": False, "args": ["a", "theirs"]}


def test_nothing_is_changed_in_place() -> None:
    manifest = deployment(1)
    before = copy.deepcopy(manifest)

    without_ignored(manifest, live(5, "hpa"))

    assert manifest == before
