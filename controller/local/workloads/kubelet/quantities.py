"""Kubernetes quantities (`100m`, `1Gi`, `2e3`) as exact numbers."""

import re
from fractions import Fraction

_SUFFIXES = {
    "n": Fraction(1, 10**9),
    "u": Fraction(1, 10**6),
    "m": Fraction(1, 1000),
    "": Fraction(1),
    "k": Fraction(10**3),
    "M": Fraction(10**6),
    "G": Fraction(10**9),
    "T": Fraction(10**12),
    "P": Fraction(10**15),
    "E": Fraction(10**18),
    "Ki": Fraction(2**10),
    "Mi": Fraction(2**20),
    "Gi": Fraction(2**30),
    "Ti": Fraction(2**40),
    "Pi": Fraction(2**50),
    "Ei": Fraction(2**60),
}
_QUANTITY = re.compile(r"([+-]?\d+(?:\.\d*)?|[+-]?\.\d+)(?:[eE]([+-]?\d+)|([numkMGTPE]i?)?)")


def parse(quantity: str | float) -> Fraction:
    """Give the number that a quantity means.

    Raises:
        ValueError: it is not a quantity.
    """
    match = _QUANTITY.fullmatch(str(quantity))
    if match is None or (match[3] or "") not in _SUFFIXES:
        message = f"{quantity!r} is not a quantity, which looks like 500m, 2 or 1Gi"
        raise ValueError(message)
    exponent = Fraction(10) ** int(match[2] or 0)
    return Fraction(match[1]) * exponent * _SUFFIXES[match[3] or ""]


def divide(quantity: str | float, divisor: str | float) -> int:
    """Give how often the divisor fits, rounded up: what `resourceFieldRef` shows."""
    divided = parse(quantity) / (parse(divisor) or 1)
    return -(-divided.numerator // divided.denominator)
