"""Says what is wrong with a JSON text in the words of Go's encoding/json, which clients know."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?")
_LITERALS = {"t": "true", "f": "false", "n": "null"}
_END = "unexpected end of JSON input"


class _Fault(Exception):  # noqa: N818 -- a control-flow signal inside this module
    pass


def fault(text: str) -> str:
    """Give the error for a text that is no JSON, or nothing for one that is."""
    try:
        at = _skip(text, _value(text, _skip(text, 0)))
        if at < len(text):
            _fail(text, at, "after top-level value")
    except _Fault as found:
        return str(found)
    return ""


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t\r\n":
        at += 1
    return at


def _fail(text: str, at: int, where: str) -> int:
    if at >= len(text):
        raise _Fault(_END)
    shown = {"'": r"'\''", '"': "'\"'"}.get(text[at], f"'{text[at]}'")
    raise _Fault(f"invalid character {shown} {where}")


def _value(text: str, at: int) -> int:
    begin = text[at : at + 1]
    if begin == "{":
        return _object(text, _skip(text, at + 1))
    if begin == "[":
        return _array(text, _skip(text, at + 1))
    if begin == '"':
        return _string(text, at + 1)
    if begin in _LITERALS and begin:
        return _literal(text, at, _LITERALS[begin])
    number = _NUMBER.match(text, at)
    if number is None:
        return _fail(text, at, "looking for beginning of value")
    return number.end()


def _literal(text: str, at: int, word: str) -> int:
    for offset, letter in enumerate(word):
        if text[at + offset : at + offset + 1] != letter:
            return _fail(text, at + offset, f"in literal {word} (expecting '{letter}')")
    return at + len(word)


def _string(text: str, at: int) -> int:
    while at < len(text):
        if text[at] == '"':
            return at + 1
        if text[at] < " ":
            shown = {"\n": r"\n", "\t": r"\t", "\r": r"\r"}.get(text[at], f"\\x{ord(text[at]):02x}")
            raise _Fault(f"invalid character '{shown}' in string literal")
        at += 2 if text[at] == "\\" else 1
    raise _Fault(_END)


def _object(text: str, at: int) -> int:
    if text[at : at + 1] == "}":
        return at + 1
    while True:
        if text[at : at + 1] != '"':
            _fail(text, at, "looking for beginning of object key string")
        at = _skip(text, _string(text, at + 1))
        if text[at : at + 1] != ":":
            _fail(text, at, "after object key")
        at = _skip(text, _value(text, _skip(text, at + 1)))
        if text[at : at + 1] == "}":
            return at + 1
        if text[at : at + 1] != ",":
            _fail(text, at, "after object key:value pair")
        at = _skip(text, at + 1)


def _array(text: str, at: int) -> int:
    if text[at : at + 1] == "]":
        return at + 1
    while True:
        at = _skip(text, _value(text, at))
        if text[at : at + 1] == "]":
            return at + 1
        if text[at : at + 1] != ",":
            _fail(text, at, "after array element")
        at = _skip(text, at + 1)


class _Noted(dict[str, Any]):
    """An object that remembers which of its names stood there twice."""

    twice: tuple[str, ...] = ()


def _noted(pairs: list[tuple[str, Any]]) -> _Noted:
    made = _Noted(pairs)
    if len(made) < len(pairs):
        counted = Counter(name for name, _ in pairs)
        made.twice = tuple(name for name, times in counted.items() if times > 1)
    return made


def duplicates(text: bytes) -> list[str]:
    """Give the paths of the fields that a JSON text has twice, as `spec.containers[0].name`.

    Slower than reading the text: only for who asks for strictness.
    """
    try:
        return list(_duplicates(json.loads(text, object_pairs_hook=_noted), ""))
    except ValueError:
        return []


def _duplicates(value: Any, path: str) -> Iterator[str]:
    if isinstance(value, _Noted):
        prefix = f"{path}." if path else ""
        yield from (f"{prefix}{name}" for name in value.twice)
        for name, item in value.items():
            yield from _duplicates(item, f"{prefix}{name}")
    elif isinstance(value, list):
        for at, item in enumerate(value):
            yield from _duplicates(item, f"{path}[{at}]")
