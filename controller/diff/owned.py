"""The comparison by owned fields: desired, live and fieldsV1 walked side by side."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from controller.diff import fields as managed
from controller.diff import normalise, paths, quantity
from controller.diff.difference import Change
from controller.diff.fields import Fields

_IDENTITY = frozenset({"apiVersion", "kind"})
_NAMES = frozenset({"name", "namespace"})
_ALL: Fields = {}
"""An empty node of fieldsV1: owns everything below."""


def changes(
    desired: Mapping[str, Any], live: Mapping[str, Any], owned: Fields, *, is_owner: bool
) -> tuple[Change, ...]:
    """Give the owned or desired fields in which live is not as desired; empty means the same.

    Args:
        desired: normalised.
        live: normalised.
        owned: our fieldsV1, normalised.
        is_owner: whether we ever applied this object; if not, nothing of it is ours.
    """
    wanted = {name: value for name, value in desired.items() if name not in _IDENTITY}
    metadata = wanted.get("metadata") or {}
    wanted["metadata"] = {k: v for k, v in metadata.items() if k not in _NAMES}
    return tuple(_mapping(wanted, live, owned if is_owner else None, (), ""))


def _walk(
    desired: Any, live: Any, owned: Fields | None, place: tuple[str, ...], path: str
) -> Iterator[Change]:
    if isinstance(desired, Mapping) and isinstance(live, Mapping):
        yield from _mapping(desired, live, owned, place, path)
    elif isinstance(desired, list) and isinstance(live, list):
        yield from _list(desired, live, owned, place, path)
    elif normalise.is_nothing(desired) and normalise.is_nothing(live):
        return
    elif not _are_equal(desired, live, place) or owned is None:
        yield Change(path=path, before=live, after=desired)


def _mapping(
    desired: Mapping[str, Any],
    live: Mapping[str, Any],
    owned: Fields | None,
    place: tuple[str, ...],
    path: str,
) -> Iterator[Change]:
    is_atomic = owned is not None and not owned and bool(place)
    for name, value in desired.items():
        below = _ALL if is_atomic else (owned or {}).get(f"f:{name}")
        yield from _walk(value, live.get(name), below, (*place, name), paths.field(path, name))
    if is_atomic:
        yield from _extras(desired, live, path)
    elif owned:
        yield from _dropped(desired, live, owned, path)


def _dropped(
    desired: Mapping[str, Any], live: Mapping[str, Any], owned: Fields, path: str
) -> Iterator[Change]:
    """Give the fields that we own and no longer desire."""
    for node, below in owned.items():
        name = node[2:]
        if node[:2] != "f:" or name in desired or name not in live:
            continue
        value, where = live[name], paths.field(path, name)
        if below and isinstance(value, Mapping | list):
            # Others may own parts of it: only ours count.
            yield from _walk([] if isinstance(value, list) else {}, value, below, (name,), where)
        elif not normalise.is_nothing(value):
            yield Change(path=where, before=value, after=None)


def _extras(desired: Mapping[str, Any], live: Mapping[str, Any], path: str) -> Iterator[Change]:
    """Give what an atomic value of ours has beyond the desired one and the server's defaults."""
    for name, value in live.items():
        is_told = name in desired or normalise.is_nothing(value)
        if not is_told and paths.DEFAULTS.get(name) != value:
            yield Change(path=paths.field(path, name), before=value, after=None)


def _list(
    desired: Sequence[Any],
    live: Sequence[Any],
    owned: Fields | None,
    place: tuple[str, ...],
    path: str,
) -> Iterator[Change]:
    nodes = [node for node in owned or () if node[:2] == "k:"]
    members = [managed.set_member(node) for node in owned or () if node[:2] == "v:"]
    if nodes:
        yield from _items(desired, live, owned or {}, place, path)
    elif members:
        yield from _set(desired, live, members, path)
    elif owned is None or len(desired) != len(live):
        if desired or live:
            yield Change(path=path, before=live, after=desired)
    else:
        for index, (want, have) in enumerate(zip(desired, live, strict=True)):
            yield from _walk(want, have, owned, place, f"{path}[{index}]")


def _items(
    desired: Sequence[Any],
    live: Sequence[Any],
    owned: Fields,
    place: tuple[str, ...],
    path: str,
) -> Iterator[Change]:
    """Compare a list whose items have keys; the server says which fields are the key."""
    keys = {managed.item_key(node): below for node, below in owned.items() if node[:2] == "k:"}
    names = [name for name, _ in next(iter(keys))]
    have = {paths.key_of(entry, names): entry for entry in live if isinstance(entry, Mapping)}
    want = {paths.key_of(entry, names): entry for entry in desired if isinstance(entry, Mapping)}
    for key, entry in want.items():
        yield from _walk(entry, have.get(key), keys.get(key), place, paths.item(path, key))
    for key in keys:
        if key not in want and key in have:
            yield Change(path=paths.item(path, key), before=have[key], after=None)
    if [key for key in have if key in want] != [key for key in want if key in have]:
        yield Change(path=path, before=live, after=desired)


def _set(
    desired: Sequence[Any], live: Sequence[Any], members: Sequence[Any], path: str
) -> Iterator[Change]:
    gone = [member for member in members if member in live and member not in desired]
    new = [value for value in desired if value not in live or value not in members]
    if gone or new:
        yield Change(path=path, before=live, after=desired)


def _are_equal(desired: Any, live: Any, place: tuple[str, ...]) -> bool:
    if type(desired) is type(live) and desired == live:
        return True
    return quantity.holds_quantity(place) and quantity.are_equal(desired, live)
