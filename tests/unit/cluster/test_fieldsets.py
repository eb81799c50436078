import copy
from typing import Any

from controller.cluster.fieldsets import FieldSets

TREE = {"f:spec": {"f:replicas": {}}}


def deployment(name: str, tree: Any = TREE) -> dict[str, Any]:
    fields = [
        {"manager": "roster", "time": name, "fieldsV1": copy.deepcopy(tree)},
        {"manager": "x"},
    ]
    return {"kind": "Deployment", "metadata": {"name": name, "managedFields": fields}}


def tree_of(manifest: Any) -> Any:
    return manifest["metadata"]["managedFields"][0]["fieldsV1"]


def test_equal_trees_are_one_and_the_rest_stays() -> None:
    sets = FieldSets()

    first, second = (sets.shared(deployment(name)) for name in ("a", "b"))

    assert tree_of(first) is tree_of(second)
    assert second == deployment("b")


def test_different_trees_stay_apart() -> None:
    sets = FieldSets()

    assert tree_of(sets.shared(deployment("a"))) == TREE
    assert tree_of(sets.shared(deployment("b", {"f:data": {}}))) == {"f:data": {}}


def test_only_so_many_are_kept() -> None:
    sets = FieldSets(most=2)
    for number in range(5):
        sets.shared(deployment("a", {f"f:{number}": {}}))

    assert len(sets._known) == 2


def test_an_object_without_owners_is_given_back() -> None:
    bare = {"kind": "Secret", "metadata": {"name": "a"}}

    assert FieldSets().shared(bare) is bare
