"""Fields that a definition leaves to others: an autoscaler's replicas, an operator's annotation.

The annotation `roster.dev/ignore-differences` names them as JSON pointers, one a line or separated
by commas. They are left out at the comparison and at the apply alike (Argo CD's default leaves
them out of the comparison only, and then overwrites them at the next sync). The value in git is
the initial one: an object that does not exist yet gets it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from controller.diff import fields
from controller.objects import Manifest
from controller.objects.metadata import FIELD_MANAGER, annotations

IGNORE = "roster.dev/ignore-differences"
_ABSENT = object()


def without_ignored(
    desired: Manifest, live: Manifest | None, *, manager: str = FIELD_MANAGER
) -> Manifest:
    """Give what to compare and to apply in place of the desired manifest.

    A field that another manager owns is left out. One that nobody else owns takes its live value:
    left out, the server would delete it with our ownership (the rule of Flux's `spec.ignore`).
    """
    text = annotations(desired).get(IGNORE)
    if live is None or not text:
        return desired
    for pointer in _pointers(text):
        is_theirs = fields.is_owned_by_others(live, manager, pointer)
        value = _ABSENT if is_theirs else _value(live, pointer)
        desired = _replaced(desired, pointer, value)
    return desired


def _pointers(text: str) -> list[list[str]]:
    """Read JSON pointers (RFC 6901); what does not start with a slash points nowhere."""
    found = [part.strip() for part in text.replace(",", "\n").splitlines()]
    return [
        [name.replace("~1", "/").replace("~0", "~") for name in pointer[1:].split("/")]
        for pointer in found
        if pointer.startswith("/")
    ]


def _value(node: Any, pointer: Sequence[str]) -> Any:
    for name in pointer:
        if isinstance(node, Mapping) and name in node:
            node = node[name]
        elif isinstance(node, list) and name.isdigit() and int(name) < len(node):
            node = node[int(name)]
        else:
            return _ABSENT
    return node


def _replaced(node: Any, pointer: Sequence[str], value: Any) -> Any:
    """Give a copy with the value at a pointer; where the path leads nowhere, the same."""
    name, *rest = pointer
    if isinstance(node, list):
        if not name.isdigit() or int(name) >= len(node):
            return node
        items = list(node)
        items[int(name)] = _replaced(items[int(name)], rest, value) if rest else value
        return [item for item in items if item is not _ABSENT]
    if not isinstance(node, Mapping) or name not in node:
        return node
    kept = {key: inner for key, inner in node.items() if key != name}
    inner = _replaced(node[name], rest, value) if rest else value
    return kept if inner is _ABSENT else {**kept, name: inner}
