"""Conversion of units out of a sentence: what the example of a self-written agent does."""

import re
from collections.abc import Mapping

_LENGTHS_M = {"m": 1.0, "km": 1000.0, "cm": 0.01, "mi": 1609.344, "ft": 0.3048, "in": 0.0254}
_MASSES_KG = {"kg": 1.0, "g": 0.001, "t": 1000.0, "lb": 0.45359237, "oz": 0.028349523125}
_VOLUMES_L = {"l": 1.0, "ml": 0.001, "gal": 3.785411784, "pt": 0.473176473}
_SCALES: tuple[Mapping[str, float], ...] = (_LENGTHS_M, _MASSES_KG, _VOLUMES_L)

_NAMES = {
    "meter": "m", "metre": "m", "kilometer": "km", "kilometre": "km", "centimeter": "cm",
    "mile": "mi", "foot": "ft", "feet": "ft", "inch": "in", "inche": "in", "kilogram": "kg",
    "kilo": "kg", "gram": "g", "ton": "t", "tonne": "t", "pound": "lb", "lbs": "lb", "ounce": "oz",
    "liter": "l", "litre": "l", "milliliter": "ml", "gallon": "gal", "pint": "pt",
    "celsius": "c", "fahrenheit": "f", "kelvin": "k", "°c": "c", "°f": "f",
}  # fmt: skip

_REQUEST = re.compile(
    r"(?P<number>-?\d+(?:\.\d+)?)\s*(?P<source>°?[a-z]+)\s+(?:in|to|into|as)\s+(?P<target>°?[a-z]+)"
)


def answer(sentence: str) -> str:
    """The conversion that a sentence asks for, or what the agent understands."""
    request = _REQUEST.search(sentence.lower())
    if request is None:
        return "Ask me for instance: 10 miles in km, 3 lb to kg, 70 °F in °C."
    number = float(request["number"])
    source, target = _symbol(request["source"]), _symbol(request["target"])
    converted = _convert(number, source, target)
    if converted is None:
        return f"I cannot convert {request['source']} to {request['target']}."
    return f"{number:g} {request['source']} = {converted:.6g} {request['target']}"


def _symbol(name: str) -> str:
    singular = name.removesuffix("s") if len(name) > 2 else name
    return _NAMES.get(name) or _NAMES.get(singular) or name


def _convert(number: float, source: str, target: str) -> float | None:
    for scale in _SCALES:
        if source in scale and target in scale:
            return number * scale[source] / scale[target]
    to_celsius = {"c": number, "f": (number - 32) / 1.8, "k": number - 273.15}
    if source not in to_celsius or target not in to_celsius:
        return None
    celsius = to_celsius[source]
    return {"c": celsius, "f": celsius * 1.8 + 32, "k": celsius + 273.15}[target]
