"""Who owns which field: `metadata.managedFields` of server-side apply.

fieldsV1 is a tree: `f:name` a field, `k:{...}` a list item by its key, `v:...` a member of a set,
`.` the container itself; an empty node owns everything below it (a leaf, or an atomic container).
Source: sigs.k8s.io/structured-merge-diff, `fieldpath/serialize.go`.
"""

import functools
from collections.abc import Collection, Iterator, Mapping
from typing import Any, TypeAlias

import orjson

from controller.diff import paths, places
from controller.diff.places import Place
from controller.objects import Manifest

Fields: TypeAlias = Mapping[str, Any]


def applied_by(manifest: Manifest, manager: str) -> Fields | None:
    """Give the fields that a manager owns by applying; None where it never applied."""
    for entry in _entries(manifest):
        if _is_applied(entry, manager) and not entry.get("subresource"):
            fields: Fields = entry.get("fieldsV1") or {}
            return fields
    return None


def is_owned_by_others(manifest: Manifest, manager: str, place: Place) -> bool:
    """Tell whether any other manager owns the field at a place, or one above or below it."""
    return any(
        reaches(entry.get("fieldsV1") or {}, place, manifest)
        for entry in _entries(manifest)
        if not _is_applied(entry, manager)
    )


def reaches(node: Fields, place: Place, value: Any) -> bool:
    """Tell whether owned fields include a place of the object, or something above or below it."""
    for step in place:
        below = _below(node, step, value)
        if below is None:
            return False
        node, value = below, places.value(value, (step,))
        if not node:
            return True
    return True


def other_writers(manifest: Manifest, manager: str, changed: Collection[str]) -> tuple[str, ...]:
    """Give the managers, but for one, that own any of the fields with these paths.

    Parts of the status are left out: who writes those does not want to change the object.
    """
    found = {
        str(entry.get("manager", ""))
        for entry in _entries(manifest)
        if not _is_applied(entry, manager) and not entry.get("subresource")
        for place in _leaves(entry.get("fieldsV1") or {}, ())
        if any(_touches(_text(place), path) for path in changed)
    }
    return tuple(sorted(found))


def _text(place: Place) -> str:
    path = ""
    for step in place:
        path = paths.item(path, step) if isinstance(step, tuple) else paths.field(path, str(step))
    return path


def _touches(one: str, other: str) -> bool:
    """Tell whether two paths are the same or one lies below the other."""
    short, long = sorted((one, other), key=len)
    return long.startswith(short) and long[len(short) : len(short) + 1] in {"", ".", "["}


def owned_by(manifest: Manifest, manager: str) -> Iterator[Place]:
    """Give the place of every field that a manager owns, in whatever way; keys of items are none.

    Members of sets are left out: the server merges those one by one, whoever else has some.
    """
    for entry in _entries(manifest):
        if entry.get("manager") == manager:
            yield from _leaves(entry.get("fieldsV1") or {}, ())


def _entries(manifest: Manifest) -> tuple[Mapping[str, Any], ...]:
    return tuple((manifest.get("metadata") or {}).get("managedFields") or ())


def _is_applied(entry: Mapping[str, Any], manager: str) -> bool:
    return entry.get("manager") == manager and entry.get("operation") == "Apply"


def _below(node: Fields, step: str | int | places.Key, value: Any) -> Fields | None:
    """Give the node of a field or list item, None where it is not among the fields."""
    if isinstance(step, str):
        return node.get(f"f:{step}")
    item = places.value(value, (step,))
    for name, below in node.items():
        if name[:2] == "k:" and isinstance(item, Mapping):
            key = item_key(name)
            if paths.key_of(item, [part for part, _ in key]) == key:
                return below  # type: ignore[no-any-return]  # fieldsV1 is untyped JSON
        elif name[:2] == "v:" and set_member(name) == item:
            return below  # type: ignore[no-any-return]  # same
    return None


def _leaves(node: Fields, place: Place) -> Iterator[Place]:
    keys = {name for name, _ in place[-1]} if place and isinstance(place[-1], tuple) else set()
    for name, below in node.items():
        if name[:2] == "f:" and name[2:] not in keys:
            inner: Place = (*place, name[2:])
            yield from _leaves(below, inner) if below else (inner,)
        elif name[:2] == "k:":
            yield from _leaves(below, (*place, item_key(name)))


@functools.lru_cache(maxsize=4096)
def item_key(node: str) -> tuple[tuple[str, Any], ...]:
    """Read a list item's key: `k:{"name":"main"}` gives (("name", "main"),)."""
    return tuple(orjson.loads(node[2:]).items())


@functools.lru_cache(maxsize=4096)
def set_member(node: str) -> Any:
    """Read a member of a set: `v:"finalizer"` gives its value."""
    return orjson.loads(node[2:])
