"""Merging, comparing and pruning of typed values: the heart of server-side apply.

A port of sigs.k8s.io/structured-merge-diff v6 (`typed/merge.go`, `compare.go`, `tofieldset.go`,
`remove.go`), whose rules are kept to the letter: who owns a field decides whether a later apply
removes it, so that a near miss loses somebody's data.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from controller.local.apiserver import fields
from controller.local.apiserver.fields import MEMBER, Fields, Path
from controller.local.apiserver.schema import ANY, Shape, Type

_ABSENT: Any = object()


def element_of(item: Any, kind: Type) -> str:
    """Give the path element of a list's item: its keys, or its value in a set."""
    if kind.keys:
        given = item if isinstance(item, Mapping) else {}
        defaults = kind.element.key_defaults
        keys = {name: given.get(name, defaults.get(name)) for name in kind.keys}
        present = {name: value for name, value in keys.items() if value is not None}
        return f"k:{orjson.dumps(present, option=orjson.OPT_SORT_KEYS).decode()}"
    return f"v:{orjson.dumps(item).decode()}"


def _is_associative(kind: Type) -> bool:
    return kind.shape is Shape.ARRAY and not kind.atomic


def _is_granular(value: Any, kind: Type) -> bool:
    """Is this a value whose parts are owned one by one?"""
    if kind.atomic:
        return False
    if isinstance(value, Mapping):
        return kind.shape in {Shape.OBJECT, Shape.MAP, Shape.ANY}
    return isinstance(value, list) and _is_associative(kind)


def _children(value: Any, kind: Type) -> Iterator[tuple[str, Any, Type]]:
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield f"f:{name}", item, kind.child(name) or ANY
    else:
        for item in value or ():
            yield element_of(item, kind), item, kind.element


def to_set(value: Any, kind: Type) -> Fields:
    """Give the paths that somebody who writes this value claims."""
    if value is None:
        return {}
    if not _is_granular(value, kind):
        return fields.leaf()
    made: Fields = {}
    for element, item, child in _children(value, kind):
        below = to_set(item, child)
        if element.startswith("f:"):
            empty = item is None or item == {}
            if empty or element[2:] not in kind.fields:
                below = {**below, MEMBER: {}}
        else:
            below = {**below, MEMBER: {}}
        if below:
            made[element] = below
    return made


@dataclass(slots=True)
class Comparison:
    """Where two values differ."""

    added: Fields = field(default_factory=dict)
    modified: Fields = field(default_factory=dict)
    removed: Fields = field(default_factory=dict)

    @property
    def is_same(self) -> bool:
        """Do the values not differ at all?"""
        return not (self.added or self.modified or self.removed)

    def without(self, ignored: Fields) -> "Comparison":
        """Give the comparison with whole subtrees taken out."""
        return Comparison(
            fields.without(self.added, ignored),
            fields.without(self.modified, ignored),
            fields.without(self.removed, ignored),
        )


def compare(left: Any, right: Any, kind: Type) -> Comparison:
    """Compare two objects of a kind."""
    found = Comparison()
    _compare(left, right, kind, (), found)
    return found


def _compare(left: Any, right: Any, kind: Type, path: Path, found: Comparison) -> None:
    if left is not _ABSENT and right is not _ABSENT and left == right:
        return
    if _is_leaf(left, right, kind):
        _note(left, right, path, found)
        return
    if isinstance(left, Mapping) or isinstance(right, Mapping):
        _compare_maps(left, right, kind, path, found)
    else:
        _compare_lists(left, right, kind, path, found)
    if left is _ABSENT:
        fields.insert(found.added, path)
    elif right is _ABSENT:
        fields.insert(found.removed, path)


def _is_leaf(left: Any, right: Any, kind: Type) -> bool:
    granular = [
        _is_granular(value, kind)
        for value in (left, right)
        if value is not _ABSENT and value is not None
    ]
    if not granular or not all(granular):
        return True
    if isinstance(left, Mapping) and isinstance(right, list):
        return True
    # Two empty values are a leaf: that keeps an empty list apart from none.
    return not any(value for value in (left, right) if value is not _ABSENT)


def _note(left: Any, right: Any, path: Path, found: Comparison) -> None:
    if left is _ABSENT:
        fields.insert(found.added, path)
    elif right is _ABSENT:
        fields.insert(found.removed, path)
    elif left != right or type(left) is not type(right):
        fields.insert(found.modified, path)


def _compare_maps(left: Any, right: Any, kind: Type, path: Path, found: Comparison) -> None:
    ours = left if isinstance(left, Mapping) else {}
    theirs = right if isinstance(right, Mapping) else {}
    for name in {**ours, **theirs}:
        child = kind.child(name) or ANY
        place = (*path, f"f:{name}")
        _compare(ours.get(name, _ABSENT), theirs.get(name, _ABSENT), child, place, found)


def _compare_lists(left: Any, right: Any, kind: Type, path: Path, found: Comparison) -> None:
    ours = _indexed(left if isinstance(left, list) else [], kind)
    theirs = _indexed(right if isinstance(right, list) else [], kind)
    for element in {**ours, **theirs}:
        place = (*path, element)
        _compare(
            ours.get(element, _ABSENT), theirs.get(element, _ABSENT), kind.element, place, found
        )


def _indexed(items: list[Any], kind: Type) -> dict[str, Any]:
    return {element_of(item, kind): item for item in items}


def merge(live: Any, applied: Any, kind: Type) -> Any:
    """Lay applied configuration over a live value; what it does not name stays."""
    if applied is None or not _is_granular(applied, kind) or not _is_granular(live, kind):
        return applied
    if isinstance(applied, Mapping):
        made = dict(live)
        for name, item in applied.items():
            child = kind.child(name) or ANY
            made[name] = merge(live[name], item, child) if name in live else item
        return made
    return _merge_lists(live, applied, kind)


def _merge_lists(live: list[Any], applied: list[Any], kind: Type) -> list[Any]:
    """Merge two associative lists: applied order rules, live items keep their places between."""
    ours = _indexed(live, kind)
    theirs = _indexed(applied, kind)
    left, right = list(ours), list(theirs)
    shared = [element for element in right if element in ours]
    upcoming = shared.pop(0) if shared else None
    made: dict[str, Any] = {}
    at_left = at_right = 0
    while at_left < len(left) or at_right < len(right):
        if at_left < len(left) and at_right < len(right):
            element = left[at_left]
            if element == right[at_right]:
                made[element] = merge(ours[element], theirs[element], kind.element)
                at_left, at_right = at_left + 1, at_right + 1
                upcoming = shared.pop(0) if shared else None
                continue
            if element in theirs and upcoming is not None and upcoming != element:
                at_left += 1
                continue
        if at_left < len(left):
            element = left[at_left]
            if element not in theirs:
                made[element] = ours[element]
                at_left += 1
                continue
            if element in made:
                at_left += 1
        if at_right < len(right):
            element = right[at_right]
            made[element] = (
                merge(ours[element], theirs[element], kind.element)
                if element in ours
                else theirs[element]
            )
            at_right += 1
            if upcoming == element:
                upcoming = shared.pop(0) if shared else None
    return list(made.values())


def remove(value: Any, doomed: Fields, kind: Type) -> Any:
    """Give the value without the items at the paths of a set."""
    if not value or not _is_granular(value, kind):
        return value
    kept = []
    for element, item, child in _children(value, kind):
        below = doomed.get(element, {})
        if MEMBER not in below:
            kept.append((element, remove(item, below, child) if below else item))
    if not kept:
        return None
    if isinstance(value, Mapping):
        return {element[2:]: item for element, item in kept}
    return [item for _, item in kept]


def with_named_fields(owned: Fields, kind: Type) -> Fields:
    """Make declared fields members as soon as something under them is in the set.

    A list or struct whose every owned item goes must go as well, rather than stay as a shell.
    """
    made: Fields = {}
    for element, child in owned.items():
        if element == MEMBER:
            made[MEMBER] = {}
            continue
        below = with_named_fields(child, _type_at(element, kind))
        named = element.startswith("f:") and element[2:] in kind.fields
        has_children = any(name != MEMBER for name in child)
        made[element] = {**below, MEMBER: {}} if named and has_children else below
    return made


def _type_at(element: str, kind: Type) -> Type:
    return (kind.child(element[2:]) or ANY) if element.startswith("f:") else kind.element


def faults(value: Any, kind: Type, path: Path = ()) -> Iterator[str]:
    """Find where an applied configuration does not fit its type, in the words of the library."""
    if value is None or kind.shape is Shape.ANY:
        return
    if kind.shape in {Shape.OBJECT, Shape.MAP}:
        yield from _map_faults(value, kind, path)
    elif kind.shape is Shape.ARRAY:
        yield from _list_faults(value, kind, path)
    elif fault := _scalar_fault(value, kind):
        yield f"{fields.shown(path)}: {fault}"


def _map_faults(value: Any, kind: Type, path: Path) -> Iterator[str]:
    if not isinstance(value, Mapping):
        yield f"{fields.shown(path)}: expected map, got {_seen(value)}"
        return
    for name, item in value.items():
        child = kind.child(name)
        place = (*path, f"f:{name}")
        if child is None:
            yield f"{fields.shown(place)}: field not declared in schema"
        else:
            yield from faults(item, child, place)


def _list_faults(value: Any, kind: Type, path: Path) -> Iterator[str]:
    if not isinstance(value, list):
        yield f"{fields.shown(path)}: expected list, got {_seen(value)}"
        return
    known: set[str] = set()
    for at, item in enumerate(value):
        element = f"i:{at}"
        if _is_associative(kind):
            if kind.keys and not isinstance(item, Mapping):
                yield (
                    f"{fields.shown(path)}: element {at}: associative list with keys may not have"
                    " non-map elements"
                )
                continue
            element = element_of(item, kind)
            missing = [name for name in kind.keys if name not in orjson.loads(element[2:])]
            if missing:
                yield (
                    f"{fields.shown(path)}: element {at}: associative list with keys has an element"
                    f" that omits key field {orjson.dumps(missing[0]).decode()}"
                    " (and doesn't have default value)"
                )
                continue
            if element in known:
                yield f"{fields.shown(path)}: duplicate entries for key {fields.shown((element,))}"
            known.add(element)
        yield from faults(item, kind.element, (*path, element))


def _scalar_fault(value: Any, kind: Type) -> str:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    match kind.shape:
        case Shape.INTEGER | Shape.NUMBER:
            return "" if is_number else f"expected numeric (int or float), got {_seen(value)}"
        case Shape.BOOLEAN:
            return "" if isinstance(value, bool) else f"expected boolean, got {_seen(value)}"
        case Shape.STRING | Shape.TIME:
            return "" if isinstance(value, str) else f"expected string, got {_seen(value)}"
        case _:
            is_scalar = not isinstance(value, Mapping | list)
            return "" if is_scalar else f"expected scalar, got {_seen(value)}"


def _seen(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "int"
    if isinstance(value, float):
        return "float"
    if isinstance(value, str):
        return "string"
    return "list" if isinstance(value, list) else "map"
