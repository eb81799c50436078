"""Properties of the comparison, with a small model of server-side apply."""

import copy
import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from controller.diff.compare import compare
from controller.diff.difference import Outcome

KEYED = {"containers", "env"}
"""Names whose lists are merged by `name`, as in the real API; other lists are atomic."""

scalars = st.one_of(
    st.booleans(), st.integers(-9, 9), st.sampled_from(["", "a", "1", "100m", "x y"])
)
names = st.sampled_from(["image", "value", "args", "replicas", "labels", "a.b/c"])


def keyed(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    entry = st.dictionaries(names, values, max_size=3)
    return st.dictionaries(st.sampled_from(["one", "two"]), entry, min_size=1).map(
        lambda items: [{"name": name, **rest} for name, rest in items.items()]
    )


values = st.recursive(
    scalars | st.lists(scalars, max_size=3),
    lambda inner: st.one_of(
        st.dictionaries(names, inner, min_size=1, max_size=4),
        st.tuples(st.sampled_from(sorted(KEYED)), keyed(inner)).map(lambda pair: dict([pair])),
    ),
    max_leaves=12,
)
specs = st.dictionaries(names, values, min_size=1, max_size=4)


def fields_of(value: Any, name: str = "") -> dict[str, Any]:
    """What applying a value makes the applier own."""
    if isinstance(value, dict) and value:
        return {f"f:{key}": fields_of(inner, key) for key, inner in value.items()}
    if isinstance(value, list) and name in KEYED:
        return {
            f"k:{json.dumps({'name': entry['name']})}": {
                ".": {},
                **{f"f:{key}": fields_of(inner, key) for key, inner in entry.items()},
            }
            for entry in value
        }
    return {}


def merged(applied: Any, live: Any, name: str = "") -> Any:
    """What an object is after a value was applied to it for the first time."""
    if isinstance(applied, dict) and isinstance(live, dict):
        both = {key: merged(value, live.get(key), key) for key, value in applied.items()}
        return {**live, **both}
    if isinstance(applied, list) and isinstance(live, list) and name in KEYED:
        there = {entry["name"]: entry for entry in live}
        mine = [merged(entry, there.pop(entry["name"], None)) for entry in applied]
        return [*mine, *there.values()]
    return copy.deepcopy(applied)


def manifest(spec: Any) -> dict[str, Any]:
    metadata = {"name": "x", "namespace": "ns", "labels": {"app": "x"}}
    return {"apiVersion": "apps/v1", "kind": "Thing", "metadata": metadata, "spec": spec}


def applied(desired: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
    live = merged(desired, before)
    owned = fields_of({"metadata": {"labels": {"app": "x"}}, "spec": desired["spec"]})
    entry = {"manager": "roster", "operation": "Apply", "fieldsV1": owned}
    server = {"managedFields": [entry], "uid": "u", "resourceVersion": "7", "generation": 3}
    return {**live, "metadata": {**live["metadata"], **server}, "status": {"phase": "Busy"}}


@given(specs, specs)
@settings(max_examples=80, deadline=None)
def test_after_an_apply_it_is_the_same_whatever_others_have_in_it(
    spec: dict[str, Any], others: dict[str, Any]
) -> None:
    desired = manifest(spec)

    found = compare(desired, applied(desired, manifest(others)))

    assert found.outcome is Outcome.SAME, found.changes


@given(specs, st.data())
@settings(max_examples=80, deadline=None)
def test_a_changed_leaf_is_never_the_same(spec: dict[str, Any], data: st.DataObject) -> None:
    desired = manifest(spec)
    live = applied(desired, manifest({}))
    places = list(leaves(spec))
    if not places:
        return
    holder, key = data.draw(st.sampled_from(places))
    holder[key] = "something else" if holder[key] != "something else" else "another"

    assert compare(desired, live).outcome is Outcome.UNDECIDED


@given(specs, st.data())
@settings(max_examples=80, deadline=None)
def test_a_field_that_left_is_never_the_same(spec: dict[str, Any], data: st.DataObject) -> None:
    desired = manifest(copy.deepcopy(spec))
    live = applied(desired, manifest({}))
    gone = data.draw(st.sampled_from(sorted(spec)))
    said = desired["spec"].pop(gone)

    outcome = compare(desired, live).outcome

    assert outcome is (Outcome.SAME if says_nothing(said) else Outcome.UNDECIDED)


def leaves(value: Any) -> Any:
    """Give the holders and keys of all leaves but list keys."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in items:
        if isinstance(inner, dict | list):
            yield from leaves(inner)
        elif key != "name":
            yield value, key


def says_nothing(value: Any) -> bool:
    return value in ({}, []) or (
        isinstance(value, dict) and all(says_nothing(inner) for inner in value.values())
    )
