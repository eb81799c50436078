"""What pydantic says of a spec, in the words of the people who wrote the YAML."""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, get_args

import pydantic
from pydantic_core import ErrorDetails

from controller.definitions import schema, suggest
from controller.definitions.catalog import Path
from controller.definitions.violation import Violation, dotted

_EXPECTED = {
    "string_type": "a text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
}
_SENSITIVE = re.compile(r"token|secret|password|key$|value$|header", re.IGNORECASE)
_SHOWN = 40  # Characters of a value that a message repeats.


def violations(
    model: type[pydantic.BaseModel], error: pydantic.ValidationError, root: Path
) -> Iterator[Violation]:
    """Give one violation for each error of a model that was read from the data at `root`."""
    for details in error.errors(include_url=False):
        loc = tuple(part for part in details["loc"] if part != "[key]")
        yield _violation(model, details, loc, (*root, *loc))


def _violation(
    model: type[pydantic.BaseModel], details: ErrorDetails, loc: Path, path: Path
) -> Violation:
    kind = details["type"]
    if kind == "extra_forbidden":
        return _unknown_field(model, loc, path)
    if kind == "missing":
        return _missing_field(model, loc, path)
    if kind in _EXPECTED:
        return wrong_type(path, _EXPECTED[kind], details["input"])
    if kind == "literal_error":
        return _wrong_choice(details, path)
    return _out_of_bounds(details, path)


def _unknown_field(model: type[pydantic.BaseModel], loc: Path, path: Path) -> Violation:
    *parents, name = loc
    known = _fields(_model_at(model, tuple(parents)))
    return unknown_field(path, known, _elsewhere(model).get(str(name), ()))


def unknown_field(
    path: Path, known: Mapping[str, Any], elsewhere: tuple[str, ...] = ()
) -> Violation:
    """A field that its parent does not have; `elsewhere` are the parents that have one so named."""
    name = str(path[-1])
    if near := suggest.nearest(name, known):
        remedy = f"Did you mean {near!r}?"
    elif elsewhere:
        remedy = f"It belongs below {suggest.listing(elsewhere, 3)}: move it there."
    else:
        remedy = f"Remove it, or use one of the fields here: {suggest.listing(known)}."
    return Violation(
        rule="unknown-field",
        path=path,
        message=f"{dotted(path)} is no field that exists",
        remedy=remedy,
    )


def _missing_field(model: type[pydantic.BaseModel], loc: Path, path: Path) -> Violation:
    name = str(loc[-1])
    field = _fields(_model_at(model, loc[:-1])).get(name)
    meaning = f": {field.description}" if field and field.description else "."
    return Violation(
        rule="missing-field",
        path=path,
        message=f"{dotted(path)} is missing",
        remedy=f"Add {name!r}{meaning}",
    )


def wrong_type(path: Path, expected: str, found: Any, *, is_secret: bool = False) -> Violation:
    """A value of the wrong type, with the remedy for the usual reasons.

    The value is not repeated where it, or by the names in its path it may be, secret.
    """
    is_secret |= any(isinstance(part, str) and _SENSITIVE.search(part) for part in path)
    return Violation(
        rule="wrong-type",
        path=path,
        message=f"{dotted(path)} must be {expected}, and is {describe(found, hide=is_secret)}",
        remedy=_type_remedy(expected, found, hide=is_secret),
    )


def describe(value: Any, *, hide: bool = False) -> str:
    """Name a value's type as YAML authors know it, and the value unless it is to be hidden."""
    match value:
        case None:
            return "empty (null)"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return "a number" if hide else f"the number {value}"
        case str():
            return "a text" if hide else f"the text {shortened(value)!r}"
        case Mapping():
            return "a mapping"
        case _:
            return "a list"


def shortened(text: str) -> str:
    """Give the beginning of a long text."""
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _type_remedy(expected: str, found: Any, *, hide: bool) -> str:
    if found is None:
        return "Give it a value, or remove the key."
    if expected == "a text" and isinstance(found, bool):
        return (
            "Put it in quotes: YAML reads an unquoted yes, no, on, off, true, false as a boolean."
        )
    if expected == "a text" and isinstance(found, int | float):
        return "Put it in quotes." if hide else f'Put it in quotes, as it stands: "{found}".'
    return _REMEDIES.get(expected, f"Write {expected}.")


_REMEDIES = {
    "a text": "Write a single text, in quotes where it has special characters.",
    "true or false": "Write true or false, without quotes.",
    "a whole number": "Write a whole number, without quotes and without a decimal point.",
    "a list": "Write a list: each entry on a line of its own that starts with '- '.",
    "a mapping": "Write 'key: value' lines, indented below it, without '- '.",
}


def _wrong_choice(details: ErrorDetails, path: Path) -> Violation:
    choices = re.findall(r"'([^']*)'", details.get("ctx", {}).get("expected", ""))
    found = details["input"]
    near = suggest.nearest(found, choices) if isinstance(found, str) else ""
    hint = f"Did you mean {near!r}? " if near else ""
    return Violation(
        rule="wrong-value",
        path=path,
        message=f"{dotted(path)} cannot be {describe(found)}",
        remedy=f"{hint}It can be {suggest.listing(choices)}.",
    )


def _out_of_bounds(details: ErrorDetails, path: Path) -> Violation:
    context = details.get("ctx", {})
    if details["type"] == "string_pattern_mismatch":
        pattern = context.get("pattern", "")
        return _wrong_format(path, _FORMATS.get(pattern, f"a text that matches {pattern}"))
    bound = _BOUNDS.get(details["type"])
    said = bound.format(**context) if bound else details["msg"].lower()
    found = details["input"]
    return Violation(
        rule="out-of-bounds",
        path=path,
        message=f"{dotted(path)} {said}",
        remedy=f"Change it: it is {found}." if isinstance(found, int) else "Change it.",
    )


def _wrong_format(path: Path, wanted: str) -> Violation:
    return Violation(
        rule="wrong-format",
        path=path,
        message=f"{dotted(path)} must be {wanted}",
        remedy="Correct the text.",
    )


_FORMATS = {
    schema.DURATION: "a duration, such as 30s, 1m30s or 2h",
    schema.URI: "an address, such as https://example.com",
    schema.S3_URI: "an address in S3, such as s3://bucket/folder",
}


_BOUNDS = {
    "greater_than_equal": "must be {ge} or more",
    "less_than_equal": "must be {le} or less",
    "string_too_short": "must have {min_length} or more characters",
    "string_too_long": "must have {max_length} or fewer characters",
    "too_short": "must have {min_length} or more entries",
    "too_long": "must have {max_length} or fewer entries",
}


@lru_cache(maxsize=256)
def _fields(model: type[pydantic.BaseModel] | None) -> Mapping[str, pydantic.fields.FieldInfo]:
    """Give a model's fields by the name they have in YAML."""
    if model is None:
        return {}
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _model_at(model: type[pydantic.BaseModel], loc: Path) -> type[pydantic.BaseModel] | None:
    """Give the model of the mapping at a place, None where the place has no model."""
    current: type[pydantic.BaseModel] | None = model
    for part in loc:
        if isinstance(part, str):
            field = _fields(current).get(part)
            current = _model_in(field.annotation) if field else None
    return current


def _model_in(annotation: Any) -> type[pydantic.BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, pydantic.BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _model_in(part))), None)


@lru_cache(maxsize=16)
def _elsewhere(model: type[pydantic.BaseModel]) -> Mapping[str, tuple[str, ...]]:
    """Give, for every field name in the whole tree of a spec, the places that have it."""
    places: dict[str, tuple[str, ...]] = {}
    for parent, name in _walk(model, "spec"):
        places[name] = (*places.get(name, ()), parent)
    return places


def _walk(model: type[pydantic.BaseModel], parent: str) -> Iterator[tuple[str, str]]:
    for name, field in _fields(model).items():
        yield parent, name
        if inner := _model_in(field.annotation):
            yield from _walk(inner, f"{parent}.{name}")
