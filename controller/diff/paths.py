"""Field paths that a person can read, and the keys by which list items are told apart."""

from collections.abc import Mapping, Sequence
from typing import Any

_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")
_LIST_KEYS: tuple[tuple[str, ...], ...] = (
    ("containerPort", "protocol"), ("port", "protocol"), ("mountPath",), ("devicePath",),
    ("name",), ("type",), ("uid",), ("topologyKey", "whenUnsatisfiable"), ("ip",), ("key",),
)  # fmt: skip
"""Keys of the API's associative lists, the more telling first (`x-kubernetes-list-map-keys`)."""
DEFAULTS: Mapping[str, Any] = {
    "protocol": "TCP", "apiVersion": "v1", "expirationSeconds": 3600, "defaultMode": 420,
    "scheme": "HTTP", "divisor": "0",
}  # fmt: skip
"""What the server fills in inside keys and atomic values, where nobody owns it."""


def field(path: str, name: str) -> str:
    """Give the path of a field: `spec.replicas`, `metadata.annotations[a.b/c]`."""
    if _PLAIN.issuperset(name) and name:
        return f"{path}.{name}" if path else name
    return f"{path}[{name}]"


def item(path: str, key: Sequence[tuple[str, Any]]) -> str:
    """Give the path of a list item: `containers[name=main]`; a default says nothing."""
    told = [(name, value) for name, value in key if DEFAULTS.get(name) != value] or key
    return f"{path}[{','.join(f'{name}={value}' for name, value in told)}]"


def list_key(*lists: Sequence[Any]) -> tuple[str, ...] | None:
    """Give the fields that tell the items of lists apart; None where only the place does."""
    items = [entry for entries in lists for entry in entries]
    if not items or not all(isinstance(entry, Mapping) for entry in items):
        return None
    for names in _LIST_KEYS:
        if all(names[0] in entry for entry in items) and all(
            _are_distinct(entries, names) for entries in lists
        ):
            return names
    return None


def key_of(entry: Mapping[str, Any], names: Sequence[str]) -> tuple[tuple[str, Any], ...]:
    """Give an item's key with defaults filled in."""
    return tuple((name, entry.get(name, DEFAULTS.get(name))) for name in names)


def _are_distinct(entries: Sequence[Any], names: Sequence[str]) -> bool:
    keys = {str(key_of(entry, names)) for entry in entries}
    return len(keys) == len(entries)
