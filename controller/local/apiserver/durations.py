"""How long ago something was, in the few characters that a table has for it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TypeAlias

Value: TypeAlias = Mapping[str, Any]
UNKNOWN = "<unknown>"


def age(value: Value, now: datetime) -> str:
    """Tell how long ago an object was created."""
    return since(value["metadata"].get("creationTimestamp"), now)


def since(text: str | None, now: datetime) -> str:
    """Tell how long ago a moment was, as k8s.io/apimachinery `util/duration` does."""
    if not text:
        return UNKNOWN
    return duration((now - datetime.fromisoformat(text).astimezone(UTC)).total_seconds())


_MINUTE, _HOUR, _DAY, _YEAR = 60, 3600, 86400, 365 * 86400
# Below so many seconds: the unit and its size, the smaller unit and its size (none if zero).
_UNITS = (
    (2 * _MINUTE, "s", 1, "", 0),
    (10 * _MINUTE, "m", _MINUTE, "s", 1),
    (3 * _HOUR, "m", _MINUTE, "", 0),
    (8 * _HOUR, "h", _HOUR, "m", _MINUTE),
    (2 * _DAY, "h", _HOUR, "", 0),
    (8 * _DAY, "d", _DAY, "h", _HOUR),
    (2 * _YEAR, "d", _DAY, "", 0),
    (8 * _YEAR, "y", _YEAR, "d", _DAY),
)


def duration(length_s: float) -> str:
    """Write a duration in at most two units, the coarser the longer."""
    seconds = int(length_s)
    if seconds < -1:
        return "<invalid>"
    if seconds <= 0:
        return "0s"
    for below, unit, size, small_unit, small in _UNITS:
        if seconds < below:
            return _two(seconds // size, unit, seconds % size // small if small else 0, small_unit)
    return f"{seconds // _YEAR}y"


def _two(large: int, unit: str, small: int, small_unit: str) -> str:
    return f"{large}{unit}{small}{small_unit}" if small else f"{large}{unit}"
