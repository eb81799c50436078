"""The JSONPath that printer columns use: names, indexes, `*` and simple equality filters."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

_STEP = re.compile(
    r"\.?\['((?:[^'\\]|\\.)*)'\]|\[\?\(@\.([\w.\-]+)\s*==\s*(?:'([^']*)'|\"([^\"]*)\")\)\]"
    r"|\[(-?\d+|\*)\]|\.((?:[^.\[\\]|\\.)+)"
)


def find(value: Any, path: str) -> list[Any]:
    """Give all that stands at a path; nothing where the path does not lead anywhere."""
    found = [value]
    for step in _STEP.finditer(path):
        found = [item for start in found for item in _walk(start, step)]
    return found


def _walk(value: Any, step: re.Match[str]) -> Iterator[Any]:
    quoted, field, single, double, index, name = step.groups()
    if field is not None:
        wanted = single if single is not None else double
        items = value if isinstance(value, list) else ()
        yield from (item for item in items if wanted in map(text, find(item, f".{field}")))
    elif index == "*":
        yield from value if isinstance(value, list) else ()
    elif index is not None:
        if isinstance(value, list) and -len(value) <= int(index) < len(value):
            yield value[int(index)]
    else:
        key = (quoted if quoted is not None else name).replace("\\", "")
        if isinstance(value, Mapping) and value.get(key) is not None:
            yield value[key]


def text(value: Any) -> str:
    """Write a value into a cell."""
    return value if isinstance(value, str) else orjson.dumps(value).decode()
