"""Values as JSON that a YAML 1.1 parser reads back as the same values.

Every value that a manifest template prints goes through `encode`, so that whatever stands in a
definition (quotes, newlines, `{{`, `: `) stays one value in its place. JSON is nearly a subset of
YAML; the exceptions are handled here: characters that YAML does not print or takes for the end of a
line, numbers such as `1e+16`, which YAML takes for text, and keys of more than 1,024 characters.
"""

import json
import math
import re
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

_UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")
_EXPONENT = re.compile(r"[0-9]e[-+]?[0-9]|NaN|Infinity")
"""What may be a number that YAML reads otherwise; also texts that look like one."""
_LONG_KEY = 1_000
"""Characters as written, where one may take six."""


def encode(value: Any) -> str:
    """Give one line of YAML flow style that stands for exactly this value.

    Raises:
        ValueError: the value has no form in YAML, such as half a surrogate pair or infinity.
        TypeError: the value is no plain data.
    """
    text = json.dumps(value, default=_plain, ensure_ascii=False)
    if _EXPONENT.search(text) or (len(text) > _LONG_KEY and _has_long_key(value)):
        text = _written(value)
    return _UNPRINTABLE.sub(_escaped, text)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, AbstractSet):
        return sorted(value)
    if isinstance(value, Sequence):
        return list(value)
    message = f"a value of type {type(value).__name__} cannot stand in a manifest"
    raise TypeError(message)


def _escaped(match: re.Match[str]) -> str:
    point = ord(match[0])
    if 0xD800 <= point <= 0xDFFF:
        message = "text with half a surrogate pair is not valid Unicode"
        raise ValueError(message)
    return f"\\u{point:04x}"


def _has_long_key(value: Any) -> bool:
    match value:
        case Mapping():
            long = any(len(str(key)) > _LONG_KEY // 6 for key in value)
            return long or any(map(_has_long_key, value.values()))
        case list() | tuple():
            return any(map(_has_long_key, value))
        case _:
            return False


def _written(value: Any) -> str:
    match value:
        case bool() | None | int() | str():
            return json.dumps(value, ensure_ascii=False)
        case float():
            return _float(value)
        case Mapping():
            return "{" + ", ".join(f"{_key(key)}: {_written(value[key])}" for key in value) + "}"
        case _:
            return "[" + ", ".join(map(_written, _plain(value))) + "]"


def _key(key: Any) -> str:
    text = json.dumps(str(key), ensure_ascii=False)
    return f"? {text} " if len(text) > _LONG_KEY else text


def _float(value: float) -> str:
    if not math.isfinite(value):
        message = f"the number {value} cannot stand in a manifest"
        raise ValueError(message)
    mantissa, e, exponent = repr(value).partition("e")
    return f"{mantissa if '.' in mantissa else mantissa + '.0'}{e}{exponent}"
