import copy
from typing import Any

import pytest

from controller.diff.compare import compare
from controller.diff.difference import Outcome
from controller.diff.ignore import Rule, matching, without_ignored
from controller.objects import ObjectKey


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


def pod(*containers: tuple[str, str]) -> dict[str, Any]:
    listed = [{"name": name, "image": image} for name, image in containers]
    spec = {"template": {"spec": {"containers": listed}}}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "x"}, "spec": spec}


def owned(live: dict[str, Any], **fields: dict[str, Any]) -> dict[str, Any]:
    entries = [
        {
            "manager": manager,
            "operation": "Apply" if manager == "roster" else "Update",
            "fieldsV1": {"f:spec": {"f:template": {"f:spec": {"f:containers": tree}}}},
        }
        for manager, tree in fields.items()
    ]
    return {**live, "metadata": {"name": "x", "managedFields": entries}}


IMAGE = {'k:{"name":"main"}': {".": {}, "f:name": {}, "f:image": {}}}


def images(manifest: Any) -> dict[str, str]:
    listed = manifest["spec"]["template"]["spec"]["containers"]
    return {one["name"]: one.get("image", "") for one in listed}


def test_an_item_is_found_by_its_key_where_a_sidecar_came_before_it() -> None:
    there = owned(pod(("injected", "i"), ("main", "live")), roster=IMAGE)
    rule = Rule(kind="*", group="*", json_pointers=("/spec/template/spec/containers/0/image",))

    wanted = without_ignored(pod(("main", "git")), there, [rule])

    assert images(wanted) == {"main": "live"}


def test_jq_expressions_name_fields_in_both_states() -> None:
    there = owned(pod(("injected", "i"), ("main", "live")), updater=IMAGE)
    rule = Rule(jq_path_expressions=(".containers",))

    def find(expression: str, manifest: Any) -> tuple[tuple[str | int, ...], ...]:
        assert expression == ".containers"
        containers = manifest["spec"]["template"]["spec"]["containers"]
        place = ("spec", "template", "spec", "containers")
        return tuple((*place, index, "image") for index, _ in enumerate(containers))

    wanted = without_ignored(pod(("main", "git")), there, [rule], find=find)

    assert images(wanted) == {"main": ""}


def test_fields_of_named_managers_are_left_to_them() -> None:
    there = owned(pod(("main", "theirs")), updater=IMAGE, roster=IMAGE)

    wanted = without_ignored(
        pod(("main", "git")), there, [Rule(managed_fields_managers=("updater", "roster"))]
    )

    assert images(wanted) == {"main": ""}
    assert without_ignored(pod(), there, [Rule(managed_fields_managers=("nobody",))]) == pod()


def test_a_field_that_left_git_and_only_we_own_stays_as_it_is() -> None:
    there = live(5, "roster")
    wanted = deployment(1)
    del wanted["spec"]["replicas"]

    assert without_ignored(wanted, there)["spec"]["replicas"] == 5


def test_a_field_that_git_never_had_is_not_taken_over() -> None:
    wanted = deployment(1)
    del wanted["spec"]["replicas"]

    assert "replicas" not in without_ignored(wanted, live(5, "hpa"))["spec"]


def test_values_of_a_secret_are_found_under_data() -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x"}}
    entry = {"manager": "vault", "operation": "Update", "fieldsV1": {"f:data": {"f:token": {}}}}
    there = {
        **secret,
        "metadata": {"name": "x", "managedFields": [entry]},
        "data": {"token": "bGl2ZQ=="},
    }

    wanted = without_ignored(
        {**secret, "stringData": {"token": "git", "other": "o"}},
        there,
        [Rule(json_pointers=("/data/token",))],
    )

    assert wanted["data"] == {"other": "bw=="}
    assert "stringData" not in wanted


@pytest.mark.parametrize(
    ("rule", "matches"),
    [
        (Rule(group="apps", kind="Deployment"), True),
        (Rule(group="*", kind="Deploy*"), True),
        (Rule(kind="Deployment"), False),
        (Rule(group="apps", kind="Deployment", name="x", namespace="ns"), True),
        (Rule(group="apps", kind="Deployment", name="y"), False),
        (Rule(group="apps", kind="Deployment", namespace="other"), False),
    ],
    ids=str,
)
def test_rules_speak_of_objects_by_group_kind_name_and_namespace(rule: Rule, matches: bool) -> None:
    found = matching([rule], ObjectKey("apps", "Deployment", "ns", "x"))

    assert found == ((rule,) if matches else ())
