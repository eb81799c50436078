"""Quantities (`500m`, `1.5Gi`) in the one form that the API server writes.

The rules are those of k8s.io/apimachinery `pkg/api/resource`: the suffix family stays, the number
becomes an integer with the largest suffix that keeps it one, and nothing is finer than a nano.
"""

import re
from decimal import ROUND_UP, Decimal

_PATTERN = re.compile(
    r"([+-]?(?:\d+\.?\d*|\.\d+))(Ki|Mi|Gi|Ti|Pi|Ei|n|u|m|k|M|G|T|P|E|[eE][+-]?\d+)?"
)
_BINARY = ("Ki", "Mi", "Gi", "Ti", "Pi", "Ei")
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_NAMES = {exponent: name for name, exponent in _DECIMAL.items()}


def parse(text: str) -> Decimal:
    """Read a quantity as a number.

    Raises:
        ValueError: the text is no quantity.
    """
    found = _PATTERN.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is not a quantity")
    number, suffix = Decimal(found[1]), found[2] or ""
    if suffix in _BINARY:
        return number * Decimal(1024 ** (_BINARY.index(suffix) + 1))
    if suffix in _DECIMAL:
        return number.scaleb(_DECIMAL[suffix])
    return number.scaleb(int(suffix[1:]))


def canonical(text: str) -> str:
    """Give the form in which the API server writes a quantity.

    Raises:
        ValueError: the text is no quantity.
    """
    value = parse(text).quantize(Decimal("1e-9"), rounding=ROUND_UP)
    suffix = (_PATTERN.fullmatch(text) or [""] * 3)[2] or ""
    if suffix in _BINARY and abs(value) >= 1024 and value == value.to_integral_value():
        return _binary(int(value))
    if suffix[:1] in {"e", "E"} and len(suffix) > 1:
        return _scaled(value, "e{}")
    return _scaled(value, "")


def _binary(value: int) -> str:
    power = 0
    while value and value % 1024 == 0 and power < len(_BINARY):
        value //= 1024
        power += 1
    return f"{value}{_BINARY[power - 1]}" if power else str(value)


def _scaled(value: Decimal, style: str) -> str:
    if not value:
        return "0"
    exponent = 18
    while exponent > -9 and value.scaleb(-exponent) != value.scaleb(-exponent).to_integral_value():
        exponent -= 3
    number = int(value.scaleb(-exponent))
    if not exponent:
        return str(number)
    return f"{number}{style.format(exponent) if style else _NAMES[exponent]}"
