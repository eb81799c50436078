"""The three patch formats that change an object from what it is: JSON, merge, strategic merge.

RFC 6902, RFC 7386 and Kubernetes' own (k8s.io/apimachinery `pkg/util/strategicpatch`), which merges
lists by key along the schema and knows the directives `$patch`, `$retainKeys`,
`$deleteFromPrimitiveList` and `$setElementOrder`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import jsonpatch
import jsonpointer
import orjson

from controller.local.apiserver import gotext
from controller.local.apiserver.decoding import json_name
from controller.local.apiserver.schema import ANY, Shape, Type

JSON = "application/json-patch+json"
MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
APPLY = "application/apply-patch+yaml"

_SET_ORDER = "$setElementOrder/"
_DELETE_PRIMITIVES = "$deleteFromPrimitiveList/"


class PatchError(Exception):
    """The patch cannot be carried out on this object."""


class MalformedPatchError(PatchError):
    """The patch itself makes no sense."""


class UnknownDirectiveError(Exception):
    """A strategic merge patch asks for something that there is not."""


def json_patch(value: Any, operations: Any) -> Any:
    """Carry out an RFC 6902 patch on a copy.

    Raises:
        MalformedPatchError: this is no list of operations.
        PatchError: a test fails or a path is not there.
    """
    if not isinstance(operations, list):
        raise MalformedPatchError(_mismatch(operations, "jsonpatch.Patch"))
    for operation in operations:
        if not isinstance(operation, Mapping):
            raise MalformedPatchError(_mismatch(operation, "jsonpatch.Operation"))
    try:
        patch = jsonpatch.JsonPatch(operations)
        return patch.apply(orjson.loads(orjson.dumps(value)))
    except (jsonpatch.JsonPatchException, jsonpointer.JsonPointerException, TypeError) as e:
        raise PatchError(str(e)) from e


def _mismatch(value: Any, wanted: str) -> str:
    return f"json: cannot unmarshal {json_name(value)} into Go value of type {wanted}"


def check_object(patch: Any) -> None:
    """Check that a merge patch is an object.

    Raises:
        MalformedPatchError: it is something else.
    """
    if not isinstance(patch, Mapping):
        raise MalformedPatchError(_mismatch(patch, "map[string]interface {}"))


def merge_patch(value: Any, patch: Any) -> Any:
    """Carry out an RFC 7386 patch: null removes, objects merge, everything else replaces."""
    if not isinstance(patch, Mapping):
        return patch
    made = dict(value) if isinstance(value, Mapping) else {}
    for name, item in patch.items():
        if item is None:
            made.pop(name, None)
        else:
            made[name] = merge_patch(made.get(name), item)
    return made


def strategic_patch(value: Any, patch: Mapping[str, Any], kind: Type) -> Any:
    """Carry out a strategic merge patch along the schema of a built-in kind.

    Raises:
        MalformedPatchError: a list item lacks its key.
        UnknownDirectiveError: `$patch` says something else than delete, merge or replace.
    """
    directive = patch.get("$patch")
    if directive == "delete":
        return {}
    if directive == "replace":
        return {name: item for name, item in patch.items() if name != "$patch"}
    if directive not in {None, "merge"}:
        shown = gotext.formatted(patch)
        raise UnknownDirectiveError(f"unknown patch type: {directive} in map: {shown}")
    made = dict(value) if isinstance(value, Mapping) else {}
    made = _retained(made, patch)
    for name, item in patch.items():
        if name.startswith("$"):
            _carry_out_directive(made, name, item)
        elif item is None:
            made.pop(name, None)
        else:
            made[name] = _merged(made.get(name), item, name, kind)
    return _in_order(made, patch, kind)


def _retained(made: dict[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    kept = patch.get("$retainKeys")
    return made if kept is None else {name: made[name] for name in made if name in kept}


def _carry_out_directive(made: dict[str, Any], name: str, item: Any) -> None:
    if name.startswith(_DELETE_PRIMITIVES):
        target = name.removeprefix(_DELETE_PRIMITIVES)
        made[target] = [entry for entry in made.get(target) or [] if entry not in item]


def _merged(value: Any, patch: Any, name: str, kind: Type) -> Any:
    node = kind.node.get("properties", {}).get(name, {})
    child = kind.child(name) or ANY
    strategies = str(node.get("x-kubernetes-patch-strategy", "")).split(",")
    if isinstance(patch, Mapping):
        if "replace" in strategies:
            return patch
        if isinstance(value, Mapping) and child.shape is Shape.ANY:
            return merge_patch(value, patch)
        return strategic_patch(value, patch, child)
    if isinstance(patch, list) and "merge" in strategies:
        return _merged_list(value or [], patch, node.get("x-kubernetes-patch-merge-key"), child)
    return patch


def _merged_list(value: Sequence[Any], patch: list[Any], key: str | None, kind: Type) -> list[Any]:
    if key is None:
        return [*value, *(item for item in patch if item not in value)]
    if any(isinstance(item, Mapping) and item.get("$patch") == "replace" for item in patch):
        return [item for item in patch if item.get("$patch") != "replace"]
    made = list(value)
    for item in patch:
        if not isinstance(item, Mapping) or key not in item:
            shown = gotext.formatted(item)
            raise MalformedPatchError(f"map: {shown} does not contain declared merge key: {key}")
        at = next((i for i, entry in enumerate(made) if entry.get(key) == item[key]), None)
        if item.get("$patch") == "delete":
            made = [entry for entry in made if entry.get(key) != item[key]]
        elif at is None:
            made.append(_clean(item))
        else:
            made[at] = strategic_patch(made[at], item, kind.element)
    return made


def _clean(item: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value
        for name, value in item.items()
        if not name.startswith("$") and value is not None
    }


def _in_order(made: dict[str, Any], patch: Mapping[str, Any], kind: Type) -> dict[str, Any]:
    for name, order in patch.items():
        if name.startswith(_SET_ORDER):
            target = name.removeprefix(_SET_ORDER)
            key = (
                kind.node.get("properties", {}).get(target, {}).get("x-kubernetes-patch-merge-key")
            )
            made[target] = _ordered(made.get(target) or [], order, key)
    return made


def _ordered(items: list[Any], order: list[Any], key: str | None) -> list[Any]:
    """Put listed items into the given order; unlisted ones stay behind the item before them."""
    names = [entry.get(key) if key and isinstance(entry, Mapping) else entry for entry in order]
    listed = {orjson.dumps(name): at for at, name in enumerate(names)}
    ranked: list[tuple[int, bool, int, Any]] = []
    last = -1
    for item in items:
        name = orjson.dumps(item.get(key) if key and isinstance(item, Mapping) else item)
        last = listed.get(name, last)
        ranked.append((last, name not in listed, len(ranked), item))
    return [entry[3] for entry in sorted(ranked, key=lambda entry: entry[:3])]
