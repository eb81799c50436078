"""Custom objects: pruned, filled in and checked by the structural schema of their definition.

Follows k8s.io/apiextensions-apiserver `pkg/apiserver/schema` (pruning, defaulting) and its
validation, whose messages come from kube-openapi `pkg/validation`.
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from controller.local.apiserver import decoding, errors
from controller.local.apiserver.decoding import Report
from controller.local.apiserver.errors import Cause
from controller.local.apiserver.schema import Shape, Type, embedded_default, metadata_type

_JSON_NAMES = {
    Shape.OBJECT: "object", Shape.MAP: "object", Shape.ARRAY: "array", Shape.STRING: "string",
    Shape.INTEGER: "integer", Shape.NUMBER: "number", Shape.BOOLEAN: "boolean",
    Shape.TIME: "string",
}  # fmt: skip


def decode(value: Mapping[str, Any], kind: Type, report: Report) -> dict[str, Any]:
    """Give a copy of a custom object that holds only what its schema declares, and its defaults.

    Raises:
        DecodingError: the metadata are not of their types.
    """
    made = dict(_pruned(value, kind, "", report))
    metadata = value.get("metadata")
    made["metadata"] = decoding.decode_part(
        metadata if isinstance(metadata, Mapping) else {}, metadata_type(), "metadata.", report
    )
    return made


def _pruned(value: Any, kind: Type, path: str, report: Report) -> Any:
    if isinstance(value, Mapping):
        made = {}
        for name, item in value.items():
            place = f"{path}{name}"
            child = kind.child(name)
            if child is None:
                report.unknown.append(place)
            elif item is None and not child.nullable and child.shape is not Shape.ANY:
                continue
            elif place == "metadata":
                made[name] = item
            else:
                made[name] = _pruned(item, child, f"{place}.", report)
        for name, default in kind.defaults.items():
            if made.get(name) is None and not (name in made and kind.fields[name].nullable):
                made[name] = _pruned(embedded_default(default), kind.fields[name], "", Report())
        return made
    if isinstance(value, list):
        stem = path.removesuffix(".")
        return [
            _pruned(item, kind.element, f"{stem}[{at}].", report) for at, item in enumerate(value)
        ]
    return value


def validate(value: Mapping[str, Any], kind: Type) -> list[Cause]:
    """Find where a custom object breaks the rules of its schema."""
    found: list[Cause] = []
    for name, item in value.items():
        if name not in {"apiVersion", "kind", "metadata"} and (child := kind.child(name)):
            found += _faults(item, child, name)
    found += [errors.required(name) for name in kind.required if name not in value]
    return found


def _faults(value: Any, kind: Type, path: str) -> Iterator[Cause]:
    if value is None and kind.nullable:
        return
    wrong = _type_fault(value, kind, path)
    if wrong is not None:
        yield wrong
        return
    node = kind.node
    if isinstance(value, Mapping):
        yield from _object_faults(value, kind, path)
    elif isinstance(value, list):
        yield from _array_faults(value, kind, path)
    elif isinstance(value, str):
        yield from _string_faults(value, node, path)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield from _number_faults(value, node, path)
    if "enum" in node and value not in node["enum"]:
        yield errors.not_supported(path, value, node["enum"])
    yield from _combined_faults(value, kind, path)


def _type_fault(value: Any, kind: Type, path: str) -> Cause | None:
    wanted = _JSON_NAMES.get(kind.shape)
    if kind.shape is Shape.INT_OR_STRING:
        fits = isinstance(value, int | str) and not isinstance(value, bool)
        wanted = "integer,string"
    elif kind.shape is Shape.ANY:
        declared = kind.node.get("type") == "object"
        fits, wanted = not declared or isinstance(value, Mapping), "object"
    else:
        fits = _fits(value, kind.shape)
    if fits or wanted is None:
        return None
    given = _given(value)
    return errors.type_invalid(path, given, f'{path} in body must be of type {wanted}: "{given}"')


_PYTHON_TYPES: dict[Shape, tuple[type, ...]] = {
    Shape.OBJECT: (Mapping,),
    Shape.MAP: (Mapping,),
    Shape.ARRAY: (list,),
    Shape.STRING: (str,),
    Shape.TIME: (str,),
    Shape.INTEGER: (int, float),
    Shape.NUMBER: (int, float),
    Shape.BOOLEAN: (bool,),
}


def _fits(value: Any, shape: Shape) -> bool:
    expected = _PYTHON_TYPES.get(shape)
    if expected is None:
        return True
    if shape is Shape.INTEGER and isinstance(value, float):
        return value.is_integer()
    # In Python a boolean is an integer, in JSON it is not.
    return isinstance(value, expected) and (bool in expected or not isinstance(value, bool))


def _given(value: Any) -> str:
    if value is None:
        return "null"
    for name, kind in _NAMES:
        if isinstance(value, kind):
            return name
    return "object"


_NAMES: tuple[tuple[str, type], ...] = (
    ("boolean", bool),
    ("integer", int),
    ("number", float),
    ("string", str),
    ("array", list),
)


def _object_faults(value: Mapping[str, Any], kind: Type, path: str) -> Iterator[Cause]:
    for name, item in value.items():
        child = kind.child(name)
        if child is not None:
            yield from _faults(item, child, f"{path}.{name}")
    for name in kind.required:
        if name not in value:
            yield errors.required(f"{path}.{name}")
    node = kind.node
    if len(value) > node.get("maxProperties", math.inf):
        why = f"must have at most {node['maxProperties']} items"
        yield Cause("FieldValueTooMany", path, f"Too many: {len(value)}: {why}")
    if len(value) < node.get("minProperties", 0):
        why = f"{path} in body should have at least {node['minProperties']} properties"
        yield errors.invalid_value(path, len(value), why)


def _array_faults(value: list[Any], kind: Type, path: str) -> Iterator[Cause]:
    node = kind.node
    if len(value) > node.get("maxItems", math.inf):
        why = f"must have at most {node['maxItems']} items"
        yield Cause("FieldValueTooMany", path, f"Too many: {len(value)}: {why}")
    if len(value) < node.get("minItems", 0):
        why = f"{path} in body should have at least {node['minItems']} items"
        yield errors.invalid_value(path, len(value), why)
    for at, item in enumerate(value):
        yield from _faults(item, kind.element, f"{path}[{at}]")
    yield from _list_duplicates(value, kind, path)


def _list_duplicates(value: list[Any], kind: Type, path: str) -> Iterator[Cause]:
    seen: list[Any] = []
    for at, item in enumerate(value):
        if kind.list_type == "map" and isinstance(item, Mapping):
            key: Any = {name: item.get(name) for name in kind.keys}
        elif kind.list_type == "set" or kind.node.get("uniqueItems"):
            key = item
        else:
            return
        if key in seen:
            yield errors.duplicate(f"{path}[{at}]", key)
        seen.append(key)


def _string_faults(value: str, node: Mapping[str, Any], path: str) -> Iterator[Cause]:
    if len(value) > node.get("maxLength", math.inf):
        why = f"may not be more than {node['maxLength']} bytes"
        yield Cause("FieldValueTooLong", path, f"Too long: {why}")
    if len(value) < node.get("minLength", 0):
        why = f"{path} in body should be at least {node['minLength']} chars long"
        yield errors.invalid_value(path, value, why)
    pattern = node.get("pattern")
    if pattern and not re.search(pattern, value):
        why = f"{path} in body should match '{pattern}'"
        yield errors.invalid_value(path, value, why)
    check = _FORMATS.get(node.get("format", ""))
    if check is not None and not check(value):
        why = f'{path} in body must be of type {node["format"]}: "{value}"'
        yield errors.invalid_value(path, value, why)


def _is_time(value: str) -> bool:
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return "T" in value.upper()


_FORMATS: dict[str, Callable[[str], object]] = {
    "date-time": _is_time,
    "date": lambda value: re.fullmatch(r"\d{4}-\d\d-\d\d", value),
    "email": lambda value: re.fullmatch(r"[^@\s]+@[^@\s]+", value),
    "ipv4": lambda value: re.fullmatch(r"(\d{1,3}\.){3}\d{1,3}", value),
    "uri": lambda value: re.match(r"[A-Za-z][A-Za-z0-9+.-]*:|/", value),
    "uuid": lambda value: re.fullmatch(r"(?i)[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}", value),
    "byte": lambda value: re.fullmatch(r"[A-Za-z0-9+/]*={0,2}", value),
}


def _number_faults(value: float, node: Mapping[str, Any], path: str) -> Iterator[Cause]:
    low, high = node.get("minimum"), node.get("maximum")
    if low is not None and (value <= low if node.get("exclusiveMinimum") else value < low):
        kind = "" if node.get("exclusiveMinimum") else " or equal to"
        why = f"{path} in body should be greater than{kind} {low}"
        yield errors.invalid_value(path, value, why)
    if high is not None and (value >= high if node.get("exclusiveMaximum") else value > high):
        kind = "" if node.get("exclusiveMaximum") else " or equal to"
        why = f"{path} in body should be less than{kind} {high}"
        yield errors.invalid_value(path, value, why)
    step = node.get("multipleOf")
    if step and not float(value / step).is_integer():
        why = f"{path} in body should be a multiple of {step}"
        yield errors.invalid_value(path, value, why)


def _combined_faults(value: Any, kind: Type, path: str) -> Iterator[Cause]:
    node = kind.node
    for part in node.get("allOf", ()):
        yield from _faults(value, kind.definitions.type_of(part), path)
    for name in ("anyOf", "oneOf"):
        parts = node.get(name)
        if not parts or kind.shape is Shape.INT_OR_STRING:
            continue
        fitting = sum(not list(_faults(value, kind.definitions.type_of(p), path)) for p in parts)
        if fitting == 0 or (name == "oneOf" and fitting > 1):
            text = "at least one schema" if name == "anyOf" else "one and only one schema"
            why = f"{path} in body must validate {text} ({name})"
            yield errors.invalid_value(path, value if name == "anyOf" else "", why)
    if "not" in node and not list(_faults(value, kind.definitions.type_of(node["not"]), path)):
        why = f"{path} in body must not validate the schema (not)"
        yield errors.invalid_value(path, value, why)
