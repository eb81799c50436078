"""The fields in which two whole objects differ."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from controller.diff import normalise, paths
from controller.diff.difference import Change


def between(before: Any, after: Any, path: str = "") -> tuple[Change, ...]:
    """Give the changes that lead from one value to another, in the order of their paths."""
    return tuple(_walk(before, after, path))


def _walk(before: Any, after: Any, path: str) -> Iterator[Change]:
    if before == after:
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in sorted({*before, *after}):
            yield from _walk(before.get(name), after.get(name), paths.field(path, name))
    elif isinstance(before, list) and isinstance(after, list):
        yield from _lists(before, after, path)
    elif not (normalise.is_nothing(before) and normalise.is_nothing(after)):
        yield Change(path=path, before=before, after=after)


def _lists(before: Sequence[Any], after: Sequence[Any], path: str) -> Iterator[Change]:
    names = paths.list_key(before, after)
    if names is None:
        if len(before) != len(after):
            yield Change(path=path, before=before, after=after)
            return
        for index, (old, new) in enumerate(zip(before, after, strict=True)):
            yield from _walk(old, new, f"{path}[{index}]")
        return
    old_items = {paths.key_of(entry, names): entry for entry in before}
    new_items = {paths.key_of(entry, names): entry for entry in after}
    for key in {**old_items, **new_items}:
        yield from _walk(old_items.get(key), new_items.get(key), paths.item(path, key))
    if list(old_items) != list(new_items) and old_items.keys() == new_items.keys():
        # The same items in another order: the server keeps it, and for env it matters.
        yield Change(path=path, before=_order(old_items), after=_order(new_items))


def _order(items: Mapping[tuple[tuple[str, Any], ...], Any]) -> list[str]:
    return [",".join(str(value) for _, value in key) for key in items]
