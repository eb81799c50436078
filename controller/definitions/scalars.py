"""What an unquoted YAML scalar means, as Kubernetes' own reader (sigs.k8s.io/yaml) takes it.

YAML 1.1: `yes` and `on` are booleans, `0644` is octal. Where PyYAML and Kubernetes differ we follow
Kubernetes, because the same files are applied by kubectl too: dates stay text, `22:22` stays text
and is no base-60 number, and `1e3` is a number.
"""

import re
from typing import TypeAlias

Scalar: TypeAlias = str | int | float | bool | None

_WORDS: dict[str, Scalar] = {"": None, "~": None}
for _words, _value in (
    ("null", None),
    ("true", True),
    ("yes", True),
    ("on", True),
    ("false", False),
    ("no", False),
    ("off", False),
):
    _WORDS.update(dict.fromkeys((_words, _words.capitalize(), _words.upper()), _value))

_NUMERIC = frozenset("0123456789+-.")
_INTEGER = re.compile(r"[-+]?(0b[01_]+|0x[0-9a-fA-F_]+|0[0-7_]*|[1-9][0-9_]*)")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_DIGITS_MAX = 400  # More are no number that anything can use, and int() takes quadratic time.


def resolve(text: str) -> Scalar:
    """Give the value of an unquoted scalar.

    Raises:
        ValueError: the text is a number that JSON, and so Kubernetes, cannot carry.
    """
    if text in _WORDS:
        return _WORDS[text]
    return _number(text) if text[0] in _NUMERIC else text


def _number(text: str) -> Scalar:
    if len(text) > _DIGITS_MAX:
        return text
    if match := _INTEGER.fullmatch(text):
        return _integer(text, match[1])
    if _FLOAT.fullmatch(text):
        return _finite(text)
    if _NOT_FINITE.fullmatch(text):
        raise ValueError("infinity and NaN are no JSON numbers")
    return text


def _integer(text: str, magnitude: str) -> Scalar:
    digits = magnitude.replace("_", "")
    if digits in {"0b", "0x"}:
        return text
    prefix = digits[:2].lower()
    base = {"0b": 2, "0x": 16}.get(prefix, 8 if digits[0] == "0" else 10)
    value = int(digits[2:] if base in {2, 16} else digits, base)
    signed = -value if text[0] == "-" else value
    if not -(2**63) <= signed < 2**64:
        raise ValueError("the number needs more than 64 bits")
    return signed


def _finite(text: str) -> float:
    value = float(text)
    if value in {float("inf"), float("-inf")}:
        raise ValueError("the number is too large for 64 bits")
    return value
