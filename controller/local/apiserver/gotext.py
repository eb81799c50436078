"""Writes values as Go's `%+v` does, because some of the real server's messages hold them so."""

from collections.abc import Mapping
from typing import Any


def formatted(value: Any) -> str:
    """Give a JSON value as Go prints a map of interfaces."""
    if isinstance(value, Mapping):
        inside = " ".join(f"{name}:{formatted(value[name])}" for name in sorted(value))
        return f"map[{inside}]"
    if isinstance(value, list):
        return "[" + " ".join(map(formatted, value)) + "]"
    if value is None:
        return "<nil>"
    return str(value).lower() if isinstance(value, bool) else str(value)
