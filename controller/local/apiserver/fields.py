"""Sets of field paths, as `managedFields` writes them, and the algebra on them.

A set is a tree of plain dicts. A key is a path element in the notation of FieldsV1 (`f:name`,
`k:{"name":"x"}`, `v:"x"`); the key `.` says that the path to this node is itself in the set. On the
wire a node without children is written `{}` instead (sigs.k8s.io/structured-merge-diff).
"""

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

import orjson

Fields: TypeAlias = dict[str, Any]
MEMBER = "."
Path: TypeAlias = tuple[str, ...]


def leaf() -> Fields:
    """Give a node that is in the set and has nothing under it."""
    return {MEMBER: {}}


def from_wire(value: Mapping[str, Any]) -> Fields:
    """Read a `fieldsV1`."""
    return {name: _from_wire(child) for name, child in value.items()}


def _from_wire(value: Mapping[str, Any]) -> Fields:
    if not value:
        return leaf()
    return {name: {} if name == MEMBER else _from_wire(child) for name, child in value.items()}


def to_wire(fields: Fields) -> dict[str, Any]:
    """Write a `fieldsV1`, in the order of the real server."""
    return {name: _to_wire(fields[name]) for name in sorted(fields)}


def _to_wire(node: Fields) -> dict[str, Any]:
    if len(node) == 1 and MEMBER in node:
        return {}
    return {name: {} if name == MEMBER else _to_wire(node[name]) for name in sorted(node)}


def insert(fields: Fields, path: Path) -> None:
    """Put a path into a set that is being built."""
    node = fields
    for element in path:
        node = node.setdefault(element, {})
    node[MEMBER] = {}


def has(fields: Fields, path: Path) -> bool:
    """Is this very path in the set?"""
    node: Fields | None = fields
    for element in path:
        node = node.get(element) if node else None
    return bool(node) and MEMBER in (node or {})


def union(left: Fields, right: Fields) -> Fields:
    """Give the paths that are in either set."""
    made = dict(left)
    for name, child in right.items():
        made[name] = union(made[name], child) if name in made and name != MEMBER else child
    return made


def intersection(left: Fields, right: Fields) -> Fields:
    """Give the paths that are in both sets."""
    made: Fields = {}
    for name, child in left.items():
        if name not in right:
            continue
        if name == MEMBER:
            made[MEMBER] = {}
        elif common := intersection(child, right[name]):
            made[name] = common
    return made


def difference(left: Fields, right: Fields) -> Fields:
    """Give the paths of the left set that are not in the right one."""
    made: Fields = {}
    for name, child in left.items():
        if name not in right:
            made[name] = child
        elif name != MEMBER and (rest := difference(child, right[name])):
            made[name] = rest
    return made


def without(left: Fields, prefixes: Fields) -> Fields:
    """Give the paths of the left set that are not at or under a member of the right one."""
    made: Fields = {}
    for name, child in left.items():
        cut = prefixes.get(name)
        if cut is None or name == MEMBER:
            made[name] = child
        elif MEMBER not in cut and (rest := without(child, cut)):
            made[name] = rest
    return made


def paths(fields: Fields, prefix: Path = ()) -> Iterator[Path]:
    """Give every path of a set, in order."""
    if MEMBER in fields:
        yield prefix
    for name in sorted(fields):
        if name != MEMBER:
            yield from paths(fields[name], (*prefix, name))


def shown(path: Path) -> str:
    """Write a path as messages do: `.spec.containers[name="x"].image`."""
    return "".join(_shown(element) for element in path)


def _shown(element: str) -> str:
    kind, _, rest = element.partition(":")
    if kind == "f":
        return f".{rest}"
    if kind == "k":
        keys = orjson.loads(rest)
        inside = ",".join(f"{name}={orjson.dumps(value).decode()}" for name, value in keys.items())
        return f"[{inside}]"
    return f"[={rest}]" if kind == "v" else f"[{rest}]"
