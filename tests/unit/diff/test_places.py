from typing import Any

import pytest

from controller.diff import places

STATE = {
    "spec": {
        "containers": [{"name": "sidecar", "image": "s"}, {"name": "main", "image": "m"}],
        "args": ["a", "b"],
    }
}  # fmt: skip
MAIN = (("name", "main"),)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (("spec", "containers", 1, "image"), ("spec", "containers", MAIN, "image")),
        (("spec", "containers", "1", "image"), ("spec", "containers", MAIN, "image")),
        (("spec", "args", 1), ("spec", "args", 1)),
        (("spec", "args", -1), ("spec", "args", 1)),
        (("spec", "args", 2), None),
        (("spec", "none"), None),
        (("spec", "containers", "main"), None),
    ],
    ids=str,
)
def test_a_path_becomes_a_place_by_keys(path: tuple[Any, ...], expected: Any) -> None:
    assert places.of(STATE, path) == expected


def test_a_place_is_found_where_items_moved() -> None:
    moved = {"spec": {"containers": [{"name": "main", "image": "n"}]}}

    assert places.value(moved, ("spec", "containers", MAIN, "image")) == "n"
    assert places.value(moved, ("spec", "containers", (("name", "x"),))) is places.ABSENT


def test_values_are_replaced_in_a_copy() -> None:
    changed = places.replaced(STATE, ("spec", "containers", MAIN, "image"), "n")

    assert changed["spec"]["containers"] == [
        {"name": "sidecar", "image": "s"}, {"name": "main", "image": "n"},
    ]  # fmt: skip
    assert STATE["spec"]["containers"][1]["image"] == "m"


def test_what_is_taken_away_leaves_no_gap() -> None:
    without = places.replaced(STATE, ("spec", "containers", MAIN), places.ABSENT)
    shorter = places.replaced(without, ("spec", "args", 0), places.ABSENT)

    assert shorter["spec"]["containers"] == [{"name": "sidecar", "image": "s"}]
    assert shorter["spec"]["args"] == ["b"]


def test_mappings_on_the_way_are_made() -> None:
    assert places.replaced({}, ("metadata", "labels", "a"), "1") == {
        "metadata": {"labels": {"a": "1"}}
    }
    assert places.replaced({}, ("metadata",), places.ABSENT) == {}
    assert places.replaced({"a": []}, ("a", MAIN, "image"), "x") == {"a": []}
