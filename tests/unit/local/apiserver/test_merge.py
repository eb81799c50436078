from typing import Any

import pytest

from controller.local.apiserver import fields, merge, schema

POD = schema.published().type_of("", "v1", "Pod")
CONTAINERS = POD.fields["spec"].fields["containers"]


def named(*names: str, **more: Any) -> list[dict[str, Any]]:
    return [{"name": name, **more} for name in names]


@pytest.mark.parametrize(
    ("live", "applied", "order"),
    [
        pytest.param("pq", "r", "pqr", id="a new item goes to the end"),
        pytest.param("pq", "qp", "qp", id="the applied order rules"),
        pytest.param("abc", "xc", "abxc", id="live items keep their places between"),
        pytest.param("abcd", "dx", "abcdx", id="items behind shared ones stay behind"),
        pytest.param("", "ab", "ab", id="an empty list takes all"),
    ],
)
def test_lists_with_keys_merge_by_key(live: str, applied: str, order: str) -> None:
    merged = merge.merge(named(*live), named(*applied), CONTAINERS)

    assert "".join(item["name"] for item in merged) == order


def test_a_merge_keeps_what_the_applied_item_does_not_name() -> None:
    merged = merge.merge(named("a", image="i"), named("a", tty=True), CONTAINERS)

    assert merged == [{"name": "a", "image": "i", "tty": True}]


def test_atomic_lists_are_replaced_as_a_whole() -> None:
    args = CONTAINERS.element.fields["args"]

    assert merge.merge(["a", "b"], ["c"], args) == ["c"]


def test_claims_go_down_to_the_fields_of_list_items() -> None:
    claimed = merge.to_set({"spec": {"containers": named("a", image="i")}}, POD)

    item = {".": {}, "f:image": {}, "f:name": {}}
    assert fields.to_wire(claimed) == {"f:spec": {"f:containers": {'k:{"name":"a"}': item}}}


def test_keys_that_are_left_out_have_their_default() -> None:
    ports = CONTAINERS.element.fields["ports"]

    element = merge.element_of({"containerPort": 80}, ports)

    assert element == 'k:{"containerPort":80,"protocol":"TCP"}'


def test_a_comparison_tells_added_modified_and_removed() -> None:
    left = {"metadata": {"labels": {"a": "1", "b": "1"}}}
    right = {"metadata": {"labels": {"b": "2", "c": "1"}}}

    found = merge.compare(left, right, POD)

    assert fields.to_wire(found.added) == {"f:metadata": {"f:labels": {"f:c": {}}}}
    assert fields.to_wire(found.modified) == {"f:metadata": {"f:labels": {"f:b": {}}}}
    assert fields.to_wire(found.removed) == {"f:metadata": {"f:labels": {"f:a": {}}}}


def test_what_is_new_as_a_whole_is_a_member_itself() -> None:
    found = merge.compare({"metadata": {}}, {"metadata": {"labels": {"a": "1"}}}, POD)

    assert fields.to_wire(found.added) == {"f:metadata": {"f:labels": {".": {}, "f:a": {}}}}


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        ({"spec": {"bogus": 1}}, ".spec.bogus: field not declared in schema"),
        (
            {"spec": {"terminationGracePeriodSeconds": "x"}},
            ".spec.terminationGracePeriodSeconds: expected numeric (int or float), got string",
        ),
        ({"spec": {"containers": {}}}, ".spec.containers: expected list, got map"),
        ({"spec": {"hostNetwork": 1}}, ".spec.hostNetwork: expected boolean, got int"),
        (
            {"spec": {"containers": named("a", "a")}},
            '.spec.containers: duplicate entries for key [name="a"]',
        ),
        (
            {"spec": {"containers": [{"image": "i"}]}},
            (
                ".spec.containers: element 0: associative list with keys has an element that omits"
                ' key field "name" (and doesn\'t have default value)'
            ),
        ),
    ],
)
def test_faults_are_worded_as_the_library_does(value: Any, fault: str) -> None:
    assert list(merge.faults(value, POD)) == [fault]
