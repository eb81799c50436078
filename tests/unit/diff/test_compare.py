import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from controller.diff.compare import compare, decide
from controller.diff.difference import Outcome
from controller.objects import ObjectKey

OBJECTS = Path(__file__).parent / "objects"
"""Desired manifest and live object, as a real API server (1.36) answered the apply."""


def load(name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    desired, live = yaml.safe_load_all((OBJECTS / f"{name}.yaml").read_text())
    return desired, live


def taken_over(live: dict[str, Any], path: str, manager: str = "kubectl-edit") -> dict[str, Any]:
    """Move one field of the Apply entry to another manager, as an Update of it would."""
    changed = copy.deepcopy(live)
    (ours,) = (e for e in changed["metadata"]["managedFields"] if e["manager"] == "roster")
    *parents, last = path.split("|")
    node, taken = ours["fieldsV1"], (theirs := {})
    for name in parents:
        node, taken = node[name], taken.setdefault(name, {})
    taken[last] = node.pop(last)
    entry = {**ours, "manager": manager, "operation": "Update", "fieldsV1": theirs}
    changed["metadata"]["managedFields"].append(entry)
    return changed


@pytest.mark.parametrize("file", sorted(OBJECTS.glob("*.yaml")), ids=lambda file: file.stem)
def test_what_was_just_applied_is_the_same(file: Path) -> None:
    if file.stem == "deployment-scaled-by-other":
        return
    desired, live = load(file.stem)

    found = compare(desired, live)

    assert found.outcome is Outcome.SAME, found.changes
    assert found.changes == ()


def test_what_is_not_there_is_missing() -> None:
    desired, _ = load("config-map")

    assert compare(desired, None).outcome is Outcome.MISSING
    assert compare(desired, None).key == ObjectKey("", "ConfigMap", "t4", "a")


def test_a_changed_field_is_undecided_and_named() -> None:
    desired, live = load("deployment")
    desired["spec"]["template"]["spec"]["containers"][0]["image"] = "img:2"

    found = compare(desired, live)

    assert found.outcome is Outcome.UNDECIDED
    (change,) = found.changes
    assert change.path == "spec.template.spec.containers[name=main].image"
    assert (change.before, change.after) == ("img:1", "img:2")


def test_a_field_that_is_not_desired_any_more_is_seen() -> None:
    desired, live = load("deployment")
    desired["spec"]["template"]["spec"]["containers"][0]["env"] = []

    (change,) = compare(desired, live).changes

    assert change.path == "spec.template.spec.containers[name=main].env[name=A]"
    assert change.after is None


def test_a_list_that_is_not_desired_any_more_is_seen() -> None:
    desired, live = load("deployment")
    del desired["spec"]["template"]["spec"]["containers"][0]["env"]

    (change,) = compare(desired, live).changes

    assert change.path == "spec.template.spec.containers[name=main].env[name=A]"


def test_a_field_that_another_took_over_is_not_the_same_although_equal() -> None:
    desired, live = load("deployment")
    live = taken_over(live, "f:spec|f:replicas")

    found = compare(desired, live)

    assert found.outcome is Outcome.UNDECIDED
    assert [change.path for change in found.changes] == ["spec.replicas"]


def test_what_another_scaled_is_seen() -> None:
    desired, live = load("deployment-scaled-by-other")

    (change,) = compare(desired, live).changes

    assert (change.path, change.before, change.after) == ("spec.replicas", 3, 0)


def test_fields_of_others_do_not_count() -> None:
    desired, live = load("deployment")
    live["metadata"]["annotations"] = {"deployment.kubernetes.io/revision": "3", "their": "own"}
    live["spec"]["template"]["spec"]["nodeName"] = "here"

    assert compare(desired, live).outcome is Outcome.SAME


def test_an_object_that_we_never_applied_is_undecided() -> None:
    desired, live = load("config-map")
    live["metadata"]["managedFields"][0]["manager"] = "helm"

    assert compare(desired, live).outcome is Outcome.UNDECIDED


def test_the_revision_annotation_does_not_count() -> None:
    desired, live = load("config-map")
    live["metadata"]["annotations"] = {"roster.dev/revision": "abc"}
    fields = live["metadata"]["managedFields"][0]["fieldsV1"]
    fields["f:metadata"] = {"f:annotations": {"f:roster.dev/revision": {}}}

    assert compare(desired, live).outcome is Outcome.SAME


def test_an_atomic_map_with_a_value_too_many_is_undecided() -> None:
    desired, live = load("deployment")
    live["spec"]["selector"]["matchLabels"]["more"] = "x"

    (change,) = compare(desired, live).changes

    assert change.path == "spec.selector.matchLabels.more"


def test_secret_values_are_masked_and_stay_comparable() -> None:
    desired, live = load("secret-from-string-data")
    desired["stringData"] = {"config.json": "hunter2"}

    (change,) = compare(desired, live).changes

    assert change.path == "data[config.json]"
    assert "hunter2" not in str(change)
    assert change.before != change.after
    assert str(change.after).startswith("********")


def test_a_dry_run_decides_that_it_is_the_same() -> None:
    desired, live = load("config-map")
    undecided = compare({**desired, "data": {"x": "1", "y": "1", "n": "2"}}, live)
    predicted = {**live, "metadata": {**live["metadata"], "resourceVersion": "999"}}

    assert decide(undecided, predicted).outcome is Outcome.SAME


def test_a_dry_run_decides_that_it_differs_and_how() -> None:
    desired, live = load("service")
    predicted = copy.deepcopy(live)
    predicted["spec"]["ports"][0]["targetPort"] = 9999
    predicted["spec"]["ports"].append({"port": 1, "protocol": "TCP"})

    found = decide(compare(desired, live), predicted)

    assert found.outcome is Outcome.DIFFERENT
    assert [(c.path, c.before, c.after) for c in found.changes] == [
        ("spec.ports[port=8080].targetPort", 8081, 9999),
        ("spec.ports[port=1]", None, {"port": 1, "protocol": "TCP"}),
    ]


def test_comparing_changes_nothing() -> None:
    desired, live = load("secret-from-string-data")
    before = copy.deepcopy((desired, live))

    compare(desired, live)

    assert (desired, live) == before
