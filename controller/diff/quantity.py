"""Kubernetes quantities: `2000m` is `2`, `1024Mi` is `1Gi`."""

import re
from decimal import Decimal

_QUANTITY = re.compile(r"([+-]?[0-9.]+)([eE][+-]?[0-9]+|[numkMGTPE]|[KMGTPE]i)?")
_SUFFIXES = {
    "": Decimal(1), "n": Decimal("1e-9"), "u": Decimal("1e-6"), "m": Decimal("1e-3"),
    "k": Decimal(10**3), "M": Decimal(10**6), "G": Decimal(10**9), "T": Decimal(10**12),
    "P": Decimal(10**15), "E": Decimal(10**18), "Ki": Decimal(2**10), "Mi": Decimal(2**20),
    "Gi": Decimal(2**30), "Ti": Decimal(2**40), "Pi": Decimal(2**50), "Ei": Decimal(2**60),
}  # fmt: skip
_HOLDERS = frozenset({"limits", "requests", "hard", "capacity", "max", "min", "default"})
_NAMES = frozenset({"sizeLimit", "averageValue", "divisor", "value"})


def holds_quantity(path: tuple[str, ...]) -> bool:
    """Tell whether the field at a path is a quantity, by the names that Kubernetes gives them."""
    return path[:1] == ("spec",) and (
        path[-1] in _NAMES or (len(path) > 1 and path[-2] in _HOLDERS)
    )


def are_equal(one: object, other: object) -> bool:
    """Tell whether two texts or numbers are the same quantity; False if either is none."""
    first, second = _parse(one), _parse(other)
    return first is not None and first == second


def _parse(value: object) -> Decimal | None:
    found = _QUANTITY.fullmatch(str(value))
    if not found or isinstance(value, bool):
        return None
    number, suffix = found.groups()
    try:
        if suffix and suffix[0] in "eE" and len(suffix) > 1 and suffix[1] != "i":
            return Decimal(f"{number}{suffix}")
        return Decimal(number) * _SUFFIXES[suffix or ""]
    except ArithmeticError:
        return None
