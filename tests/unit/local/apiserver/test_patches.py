from typing import Any

import pytest

from controller.local.apiserver import patches, schema

DEPLOYMENT = schema.published().type_of("apps", "v1", "Deployment")
POD = schema.published().type_of("", "v1", "Pod")


def strategic(spec: dict[str, Any], patch: dict[str, Any]) -> Any:
    return patches.strategic_patch({"spec": spec}, {"spec": patch}, POD)["spec"]


def test_a_merge_patch_removes_by_null_and_keeps_the_rest() -> None:
    assert patches.merge_patch({"a": 1, "b": {"c": 1}}, {"a": None, "b": {"d": 2}}) == {
        "b": {"c": 1, "d": 2}
    }


def test_a_json_patch_leaves_the_original_alone() -> None:
    value = {"a": [1]}

    changed = patches.json_patch(value, [{"op": "add", "path": "/a/-", "value": 2}])

    assert (value, changed) == ({"a": [1]}, {"a": [1, 2]})


@pytest.mark.parametrize("operations", [{"op": "add"}, ["add"], "text"])
def test_a_json_patch_that_is_none(operations: Any) -> None:
    with pytest.raises(patches.MalformedPatchError, match="json: cannot unmarshal"):
        patches.json_patch({}, operations)


def test_an_operation_that_there_is_not_fails_like_one_that_cannot_be_carried_out() -> None:
    with pytest.raises(patches.PatchError) as failed:
        patches.json_patch({}, [{"op": "nope", "path": "/a"}])

    assert not isinstance(failed.value, patches.MalformedPatchError)


def test_items_are_merged_by_their_key() -> None:
    before = {"containers": [{"name": "a", "image": "1"}, {"name": "b", "image": "1"}]}

    after = strategic(before, {"containers": [{"name": "b", "image": "2"}]})

    assert [c["image"] for c in after["containers"]] == ["1", "2"]


def test_items_are_deleted_by_directive() -> None:
    before = {"containers": [{"name": "a"}, {"name": "b"}]}

    after = strategic(before, {"containers": [{"name": "a", "$patch": "delete"}]})

    assert after["containers"] == [{"name": "b"}]


def test_a_list_is_replaced_by_directive() -> None:
    before = {"containers": [{"name": "a"}]}

    after = strategic(before, {"containers": [{"$patch": "replace"}, {"name": "z"}]})

    assert after["containers"] == [{"name": "z"}]


def test_the_order_follows_the_directive() -> None:
    order = [{"name": "b"}, {"name": "a"}]
    before = {"containers": [{"name": "a"}, {"name": "b"}]}

    after = strategic(before, {"$setElementOrder/containers": order})

    assert [c["name"] for c in after["containers"]] == ["b", "a"]


def test_retained_keys_drop_the_others() -> None:
    before = {"spec": {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}}}
    patch = {"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}}

    after = patches.strategic_patch(before, patch, DEPLOYMENT)

    assert after["spec"]["strategy"] == {"type": "Recreate"}


def test_values_are_deleted_from_primitive_lists() -> None:
    before = {"metadata": {"finalizers": ["a", "b"]}}
    patch = {"metadata": {"$deleteFromPrimitiveList/finalizers": ["a"]}}

    assert patches.strategic_patch(before, patch, POD)["metadata"] == {"finalizers": ["b"]}


def test_an_item_without_its_key_is_refused() -> None:
    with pytest.raises(
        patches.MalformedPatchError, match="does not contain declared merge key: name"
    ):
        strategic({"containers": []}, {"containers": [{"image": "i"}]})
