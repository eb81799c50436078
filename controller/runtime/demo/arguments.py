"""How the demo model finds a tool's arguments in a sentence: patterns, no intelligence.

`fill` looks at a tool's JSON Schema and takes for every property what the sentence offers: numbers
for numbers, quoted text for titles, an arithmetic expression where one is asked for. The same
sentence always gives the same arguments.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from typing import Any
from zoneinfo import available_timezones

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_TIME = re.compile(r"\b([01]?\d|2[0-3]):[0-5]\d\b")
_QUOTED = re.compile(r"[\"“„']([^\"”“']+)[\"”“']")
_EXPRESSION = re.compile(r"[\d(][\d\s.+\-*/%^()]*[+\-*/%^][\d\s.+\-*/%^()]*[\d)]")
_NAMED = re.compile(r"\b(?:called|named|titled|title)\s+([\w-]+)", re.IGNORECASE)
_NOTE = re.compile(r"\bnote\s+([\w-]+)", re.IGNORECASE)
_RESULT = re.compile(r"\b(?:the result|the answer|that|it)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """Arguments for a tool, and how sure they are."""

    arguments: Mapping[str, Any]
    missing: tuple[str, ...] = ()
    """Required properties for which the sentence has nothing."""
    distinctive: int = 0
    """How many arguments are of a kind that few tools take: a time zone, an expression."""


@dataclass(slots=True)
class _Sentence:
    """What is left to be taken from a sentence; every find is used once."""

    text: str
    previous_result: str | None
    numbers: Iterator[str] = field(init=False)
    quoted: Iterator[str] = field(init=False)
    zones: Iterator[str] = field(init=False)
    times: Iterator[str] = field(init=False)
    distinctive: int = 0

    def __post_init__(self) -> None:
        self.numbers = iter(_NUMBER.findall(self.text))
        self.quoted = iter(_QUOTED.findall(self.text))
        self.zones = iter(timezones(self.text))
        self.times = iter(match.group() for match in _TIME.finditer(self.text))

    def distinct(self, value: str | None) -> str | None:
        """Count a find of a kind that few tools take."""
        self.distinctive += value is not None
        return value


def fill(schema: Mapping[str, Any], sentence: str, *, previous_result: str | None = None) -> Filled:
    """Arguments for a tool with this JSON Schema out of a sentence."""
    source = _Sentence(sentence, previous_result)
    required = set(schema.get("required", ()))
    found: dict[str, Any] = {}
    missing = []
    for name, property_schema in schema.get("properties", {}).items():
        value = _value(name, property_schema, source, required=name in required)
        if value is not None:
            found[name] = value
        elif name in required:
            missing.append(name)
    return Filled(arguments=found, missing=tuple(missing), distinctive=source.distinctive)


def timezones(sentence: str) -> tuple[str, ...]:
    """Names of time zones in a sentence, in its order, written as zone or as a zone's city."""
    words = re.findall(r"[A-Za-z_]+(?:/[A-Za-z_]+)*", sentence)
    pairs = [f"{first}_{second}" for first, second in pairwise(words)]
    known = _zones()
    candidates = [*pairs, *words]
    order = {word: sentence.find(word.split("_")[0]) for word in candidates}
    found = [known[word.lower()] for word in sorted(candidates, key=order.__getitem__)
             if word.lower() in known]  # fmt: skip
    return tuple(dict.fromkeys(found))


@cache
def _zones() -> Mapping[str, str]:
    zones = sorted(zone for zone in available_timezones() if "/" in zone or zone == "UTC")
    named = {zone.rsplit("/", 1)[-1].lower(): zone for zone in zones if not zone.startswith("Etc/")}
    return named | {zone.lower(): zone for zone in zones}


def _value(
    name: str, schema: Mapping[str, Any], source: _Sentence, *, required: bool
) -> str | float | list[str] | None:
    if choices := schema.get("enum"):
        return next((c for c in choices if str(c).lower() in source.text.lower()), None)
    match schema.get("type", "string"):
        case "integer":
            return int(float(number)) if (number := next(source.numbers, None)) else None
        case "number":
            return float(number) if (number := next(source.numbers, None)) else None
        case "array":
            return list(source.quoted) or None
        case "string":
            return _text(name, source, required=required)
        case _:
            return None


def _text(name: str, source: _Sentence, *, required: bool) -> str | None:
    """A value for a property whose type is string, judged by the words of its name."""
    words = set(name.lower().split("_"))
    for names, take in _TAKERS:
        if words & names:
            return take(source)
    return next(source.quoted, None) if required else None


def _title(source: _Sentence) -> str | None:
    quoted = next(source.quoted, None)
    return quoted or _first(_NAMED, source.text) or _first(_NOTE, source.text)


def _body(source: _Sentence) -> str | None:
    """Free text: what follows a colon, else what is quoted, else the step before's result."""
    _, colon, rest = source.text.partition(": ")
    if colon:
        return rest.strip().strip("\"“”'")
    if quoted := next(source.quoted, None):
        return quoted
    return source.previous_result if _RESULT.search(source.text) else None


def _first(pattern: re.Pattern[str], text: str) -> str | None:
    match = pattern.search(text)
    return match.group(match.lastindex or 0).strip() if match else None


_TAKERS: Sequence[tuple[frozenset[str], Callable[[_Sentence], str | None]]] = (
    (frozenset({"expression", "formula"}), lambda s: s.distinct(_first(_EXPRESSION, s.text))),
    (frozenset({"timezone", "zone", "tz", "city"}), lambda s: s.distinct(next(s.zones, None))),
    (frozenset({"time"}), lambda s: s.distinct(next(s.times, None))),
    (
        frozenset({"request", "message", "task", "prompt", "question", "query"}),
        lambda s: s.text,
    ),
    (frozenset({"title", "name", "id", "key", "note"}), _title),
    (frozenset({"text", "content", "body", "value"}), _body),
)
"""What a property is filled with, by the words of its name; the first that matches."""
