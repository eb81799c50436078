from dataclasses import replace
from typing import Any

import pytest

from controller.local.apiserver.calls import Call
from controller.local.apiserver.deletion import DeleteOptions
from controller.local.apiserver.errors import ApiError
from controller.local.apiserver.patches import APPLY, JSON, MERGE, STRATEGIC
from controller.local.apiserver.verbs import Verbs


def config(**data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": data}


def by(call: Call, manager: str, **more: Any) -> Call:
    return replace(call, manager=manager, **more)


def owners(value: dict[str, Any]) -> dict[str, Any]:
    return {e["manager"]: e["fieldsV1"] for e in value["metadata"].get("managedFields", ())}


def creation(call: Call) -> Call:
    return replace(call, name="")


def deployment(**spec: Any) -> dict[str, Any]:
    template = {
        "metadata": {"labels": {"app": "x"}},
        "spec": {"containers": [{"name": "main", "image": "img:1"}]},
    }
    whole = {"selector": {"matchLabels": {"app": "x"}}, "template": template, **spec}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "d"},
        "spec": whole,
    }


@pytest.fixture
def deployments(verbs: Verbs) -> Call:
    resource = verbs.registry.by_name("deployments.apps")
    return Call(resource=resource, namespace="default", name="d", manager="me")


# Creating and updating


def test_an_object_is_created_once(verbs: Verbs, configmaps: Call) -> None:
    verbs.create(creation(configmaps), config(k="v"))

    with pytest.raises(ApiError, match='configmaps "a" already exists'):
        verbs.create(creation(configmaps), config(k="v"))


def test_an_update_from_an_old_version_is_refused(verbs: Verbs, configmaps: Call) -> None:
    made = verbs.create(creation(configmaps), config(k="v"))
    verbs.update(configmaps, config(k="v2"))

    with pytest.raises(ApiError) as refused:
        verbs.update(configmaps, {**made, "data": {"k": "v3"}})

    assert (refused.value.code, refused.value.reason) == (409, "Conflict")


def test_a_write_that_changes_nothing_keeps_the_version(verbs: Verbs, configmaps: Call) -> None:
    made = verbs.create(creation(configmaps), config(k="v"))

    again = verbs.update(configmaps, config(k="v"))

    assert again["metadata"]["resourceVersion"] == made["metadata"]["resourceVersion"]


def test_a_dry_run_stores_nothing(verbs: Verbs, configmaps: Call) -> None:
    made = verbs.create(by(creation(configmaps), "me", dry_run=True), config(k="v"))

    assert made["data"] == {"k": "v"}
    assert verbs.storage.get(configmaps.key) is None


def test_a_generated_name_begins_as_asked(verbs: Verbs, configmaps: Call) -> None:
    body = {"metadata": {"generateName": "gen-"}}

    made = verbs.create(creation(configmaps), body)

    assert made["metadata"]["name"].startswith("gen-")
    assert len(made["metadata"]["name"]) == len("gen-") + 5


def test_unknown_fields_are_told_or_refused(verbs: Verbs, deployments: Call) -> None:
    body = deployment(bogus=1)

    with pytest.raises(ApiError, match=r'strict decoding error: unknown field "spec\.bogus"'):
        verbs.create(by(creation(deployments), "me", validation="Strict"), body)
    verbs.create(creation(deployments), body)

    assert deployments.warnings == ['unknown field "spec.bogus"']


def test_the_generation_counts_changes_of_what_is_desired(verbs: Verbs, deployments: Call) -> None:
    verbs.create(creation(deployments), deployment())
    labelled = verbs.patch(deployments, MERGE, {"metadata": {"labels": {"a": "b"}}})
    scaled = verbs.patch(deployments, MERGE, {"spec": {"replicas": 3}})

    generations = [value["metadata"]["generation"] for value in (labelled, scaled)]
    assert generations == [1, 2]


def test_the_status_is_written_at_its_own_endpoint_only(verbs: Verbs, deployments: Call) -> None:
    verbs.create(creation(deployments), deployment())
    patch = {"status": {"replicas": 7}, "spec": {"replicas": 7}}

    verbs.patch(deployments, MERGE, patch)
    value = verbs.patch(replace(deployments, subresource="status"), MERGE, {**patch, "spec": {}})

    assert value["spec"]["replicas"] == 7
    assert value["status"] == {"replicas": 7}


def test_what_a_selector_says_stays(verbs: Verbs, deployments: Call) -> None:
    verbs.create(creation(deployments), deployment())
    labels = {"metadata": {"labels": {"app": "y"}}}
    patch = {"spec": {"selector": {"matchLabels": {"app": "y"}}, "template": labels}}

    with pytest.raises(ApiError, match=r"spec\.selector: .*: field is immutable"):
        verbs.patch(deployments, MERGE, patch)


def test_a_failed_test_of_a_json_patch_is_a_refusal(verbs: Verbs, configmaps: Call) -> None:
    verbs.create(creation(configmaps), config(k="v"))

    with pytest.raises(ApiError) as refused:
        verbs.patch(configmaps, JSON, [{"op": "test", "path": "/data/k", "value": "x"}])

    assert refused.value.code == 422


def test_a_strategic_patch_merges_lists_by_key(verbs: Verbs, deployments: Call) -> None:
    verbs.create(creation(deployments), deployment())
    containers = [{"name": "main", "image": "img:2"}, {"name": "side", "image": "s"}]
    patch = {"spec": {"template": {"spec": {"containers": containers}}}}

    value = verbs.patch(deployments, STRATEGIC, patch)

    found = value["spec"]["template"]["spec"]["containers"]
    assert [(c["name"], c["image"]) for c in found] == [("main", "img:2"), ("side", "s")]


# Ownership


def test_an_apply_takes_away_what_it_no_longer_lists(verbs: Verbs, configmaps: Call) -> None:
    verbs.patch(configmaps, APPLY, config(x="1", y="1"))

    value = verbs.patch(configmaps, APPLY, config(x="1"))

    assert value["data"] == {"x": "1"}


def test_an_apply_leaves_what_others_own(verbs: Verbs, configmaps: Call) -> None:
    verbs.patch(configmaps, APPLY, config(x="1"))
    verbs.patch(by(configmaps, "other"), APPLY, config(x="1", y="2"))

    value = verbs.patch(configmaps, APPLY, config(z="3"))

    assert value["data"] == {"x": "1", "y": "2", "z": "3"}


def test_a_conflict_names_the_owner_and_the_field(verbs: Verbs, configmaps: Call) -> None:
    verbs.patch(configmaps, APPLY, config(x="1", y="1"))

    with pytest.raises(ApiError) as refused:
        verbs.patch(by(configmaps, "other"), APPLY, config(x="2", y="2"))

    expected = 'Apply failed with 2 conflicts: conflicts with "me":\n- .data.x\n- .data.y'
    assert refused.value.message == expected


def test_force_takes_the_field_over(verbs: Verbs, configmaps: Call) -> None:
    verbs.patch(configmaps, APPLY, config(x="1", y="1"))

    value = verbs.patch(by(configmaps, "other", force=True), APPLY, config(x="2"))

    assert owners(value) == {
        "me": {"f:data": {"f:y": {}}},
        "other": {"f:data": {"f:x": {}}},
    }


def test_an_update_takes_over_what_it_changes(verbs: Verbs, configmaps: Call) -> None:
    verbs.patch(configmaps, APPLY, config(x="1", y="1"))

    value = verbs.patch(by(configmaps, "hand"), MERGE, {"data": {"x": "2"}})

    assert owners(value)["hand"] == {"f:data": {"f:x": {}}}
    assert owners(value)["me"] == {"f:data": {"f:y": {}}}


def test_the_first_apply_protects_what_nobody_is_known_to_own(
    verbs: Verbs, configmaps: Call
) -> None:
    made = verbs.create(creation(configmaps), config(x="1"))
    bare = {n: v for n, v in made["metadata"].items() if n != "managedFields"}
    verbs.storage.put(configmaps.key, {**made, "metadata": bare})

    with pytest.raises(ApiError, match=r'conflict with "before-first-apply" using v1: \.data\.x'):
        verbs.patch(configmaps, APPLY, config(x="2"))


# Deleting


def test_a_finalizer_holds_the_object(verbs: Verbs, configmaps: Call) -> None:
    body = config()
    body["metadata"]["finalizers"] = ["demo.example/hold"]
    verbs.create(creation(configmaps), body)

    marked = verbs.delete(configmaps, DeleteOptions())
    verbs.patch(configmaps, MERGE, {"metadata": {"finalizers": None}})

    assert marked["metadata"]["deletionTimestamp"]
    assert verbs.storage.get(configmaps.key) is None


def test_a_deletion_may_insist_on_the_uid(verbs: Verbs, configmaps: Call) -> None:
    verbs.create(creation(configmaps), config())

    with pytest.raises(ApiError, match="the UID in the precondition"):
        verbs.delete(configmaps, DeleteOptions(uid="another"))


def test_an_ending_namespace_takes_nothing_new(verbs: Verbs, configmaps: Call) -> None:
    namespaces = verbs.registry.by_name("namespaces")
    verbs.create(Call(resource=namespaces), {"metadata": {"name": "n"}})
    verbs.delete(Call(resource=namespaces, name="n"), DeleteOptions())

    with pytest.raises(ApiError, match="because it is being terminated"):
        verbs.create(replace(configmaps, namespace="n", name=""), config())


def test_a_lasting_namespace_cannot_be_deleted(verbs: Verbs) -> None:
    call = Call(resource=verbs.registry.by_name("namespaces"), name="default")

    with pytest.raises(ApiError, match="this namespace may not be deleted"):
        verbs.delete(call, DeleteOptions())


def test_a_running_pod_is_given_its_time(verbs: Verbs) -> None:
    call = Call(resource=verbs.registry.by_name("pods"), namespace="default")
    spec = {"nodeName": "local", "containers": [{"name": "c", "image": "i"}]}
    verbs.create(call, {"metadata": {"name": "p"}, "spec": spec})
    named = replace(call, name="p")

    marked = verbs.delete(named, DeleteOptions(grace_s=5))
    verbs.delete(named, DeleteOptions(grace_s=0))

    assert marked["metadata"]["deletionGracePeriodSeconds"] == 5
    assert verbs.storage.get(named.key) is None
