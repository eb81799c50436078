"""Who owns which field: `metadata.managedFields` of server-side apply.

fieldsV1 is a tree: `f:name` a field, `k:{...}` a list item by its key, `v:...` a member of a set,
`.` the container itself; an empty node owns everything below it (a leaf, or an atomic container).
Source: sigs.k8s.io/structured-merge-diff, `fieldpath/serialize.go`.
"""

import functools
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import orjson

from controller.objects import Manifest

Fields: TypeAlias = Mapping[str, Any]


def applied_by(manifest: Manifest, manager: str) -> Fields | None:
    """Give the fields that a manager owns by applying; None where it never applied."""
    for entry in (manifest.get("metadata") or {}).get("managedFields") or ():
        if (
            entry.get("manager") == manager
            and entry.get("operation") == "Apply"
            and not entry.get("subresource")
        ):
            fields: Fields = entry.get("fieldsV1") or {}
            return fields
    return None


def is_owned_by_others(manifest: Manifest, manager: str, path: Sequence[str]) -> bool:
    """Tell whether any other manager owns the field at a path, or one above or below it."""
    for entry in (manifest.get("metadata") or {}).get("managedFields") or ():
        if entry.get("manager") == manager and entry.get("operation") == "Apply":
            continue
        if _reaches(entry.get("fieldsV1") or {}, path):
            return True
    return False


def _reaches(node: Fields, path: Sequence[str]) -> bool:
    for name in path:
        if f"f:{name}" not in node:
            return False
        node = node[f"f:{name}"]
        if not node:
            return True
    return True


@functools.lru_cache(maxsize=4096)
def item_key(node: str) -> tuple[tuple[str, Any], ...]:
    """Read a list item's key: `k:{"name":"main"}` gives (("name", "main"),)."""
    return tuple(orjson.loads(node[2:]).items())


@functools.lru_cache(maxsize=4096)
def set_member(node: str) -> Any:
    """Read a member of a set: `v:"finalizer"` gives its value."""
    return orjson.loads(node[2:])
