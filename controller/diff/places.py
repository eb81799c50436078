"""Places in an object that stay the same when a list's items move.

An index says nothing about another state of the same object: what is the second container in git
may be the third one live, after a sidecar was injected. Where the items of a list have a key, it
takes the index's place (the keys of server-side apply, in the form of `fields.item_key`).
"""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from controller.diff import paths

Path: TypeAlias = tuple[str | int, ...]
"""Names and indices, as jq's `path` and JSON pointers give them."""
Key: TypeAlias = tuple[tuple[str, Any], ...]
Place: TypeAlias = tuple[str | int | Key, ...]

ABSENT: Any = object()
"""Stands for the value of a field that is not there."""


def of(node: Any, path: Sequence[str | int]) -> Place | None:
    """Give the place of a path in one state of an object; None where it leads nowhere."""
    place: list[str | int | Key] = []
    for name in path:
        step = _step(node, name)
        if step is None:
            return None
        place.append(step)
        node = value(node, (step,))
    return None if node is ABSENT else tuple(place)


def value(node: Any, place: Place) -> Any:
    """Give what stands at a place, ABSENT where there is none."""
    for step in place:
        at = _index(node, step)
        if at is None:
            return ABSENT
        node = node[at]
    return node


def replaced(node: Any, place: Place, new: Any) -> Any:
    """Give a copy with another value at a place; ABSENT takes it away.

    Mappings on the way are made where they are missing; items of lists are not.
    """
    step, *rest = place
    if isinstance(node, list):
        return _list_replaced(node, step, tuple(rest), new)
    if not isinstance(node, Mapping) or not isinstance(step, str):
        return node
    if step not in node and new is ABSENT:
        return node
    inner = replaced(node.get(step, {}), tuple(rest), new) if rest else new
    if inner is ABSENT:
        return {name: kept for name, kept in node.items() if name != step}
    return {**node, step: inner}


def _list_replaced(
    node: Sequence[Any], step: str | int | Key, rest: Place, new: Any
) -> Sequence[Any]:
    at = _index(node, step)
    if at is None:
        return node
    inner = replaced(node[at], rest, new) if rest else new
    items = [*node[:at], inner, *node[at + 1 :]]
    return [item for item in items if item is not ABSENT]


def _step(node: Any, name: str | int) -> str | int | Key | None:
    if isinstance(node, Mapping):
        return name if isinstance(name, str) and name in node else None
    index = _number(name)
    if not isinstance(node, list) or index is None or not -len(node) <= index < len(node):
        return None
    names = paths.list_key(node)
    return paths.key_of(node[index], names) if names else index % len(node)


def _number(name: str | int) -> int | None:
    if isinstance(name, int):
        return name
    return int(name) if name.isdecimal() else None


def _index(node: Any, step: str | int | Key) -> Any:
    """Give what to look up in a mapping or list for a step, None where that is not there."""
    if isinstance(step, str):
        return step if isinstance(node, Mapping) and step in node else None
    if not isinstance(node, list):
        return None
    if isinstance(step, int):
        return step if step < len(node) else None
    names = [name for name, _ in step]
    for index, item in enumerate(node):
        if isinstance(item, Mapping) and paths.key_of(item, names) == step:
            return index
    return None
