"""Whether an object of a built-in kind fits its schema, as strictly as the API server takes it."""

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import jsonschema_rs

from controller.schemas import published

_FORMATS: Mapping[str, Mapping[str, Any]] = {
    "int-or-string": {"type": ["integer", "string"]},
    "quantity": {"type": ["number", "string"]},
}
_KEPT = ("required", "enum")


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One way in which an object does not fit."""

    rule: str
    """type, unknown, missing, or other."""
    path: tuple[str | int, ...]
    value: Any = None
    """What stands there."""
    expected: tuple[str, ...] = ()
    """The types that may stand there, or the fields that exist beside an unknown one."""
    message: str = ""


def knows(manifest: Mapping[str, Any]) -> bool:
    """Tell whether the kind of an object is a built-in one."""
    return _kind(manifest) in published.names()


def problems(manifest: Mapping[str, Any]) -> tuple[Problem, ...]:
    """Give everything in which an object does not fit; nothing where its kind is not known.

    Null says as much as absence, which is how an apply takes it.
    """
    if not knows(manifest):
        return ()
    found = _validator(published.names()[_kind(manifest)]).iter_errors(_without_nulls(manifest))
    return tuple(problem for error in found for problem in _problems(error))


def _kind(manifest: Mapping[str, Any]) -> tuple[str, str, str]:
    group, _, version = str(manifest.get("apiVersion", "")).rpartition("/")
    return group, version, str(manifest.get("kind", ""))


@functools.cache
def _validator(name: str) -> jsonschema_rs.Validator:
    schema = {"$ref": f"#/$defs/{name}", "$defs": _definitions()}
    return jsonschema_rs.validator_for(schema)


@functools.cache
def _definitions() -> Mapping[str, Any]:
    definitions = published.content()["definitions"]
    return {name: _translated(node) for name, node in definitions.items()}


def _translated(node: Mapping[str, Any]) -> dict[str, Any]:
    """Give JSON Schema for a node of Kubernetes' OpenAPI, closed where it lists its fields."""
    if isinstance(node.get("$ref"), str):
        return {"$ref": f"#/$defs/{node['$ref']}"}
    if node.get("format") in _FORMATS:
        return dict(_FORMATS[node["format"]])
    made: dict[str, Any] = {name: node[name] for name in _KEPT if name in node}
    if isinstance(node.get("type"), str):
        made["type"] = node["type"]
    if isinstance(node.get("items"), Mapping):
        made["items"] = _translated(node["items"])
    if "properties" in node:
        made["properties"] = {k: _translated(inner) for k, inner in node["properties"].items()}
        made["additionalProperties"] = bool(node.get("x-kubernetes-preserve-unknown-fields"))
    if isinstance(node.get("additionalProperties"), Mapping):
        made["additionalProperties"] = _translated(node["additionalProperties"])
    return made


def _without_nulls(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _without_nulls(inner) for name, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return [_without_nulls(inner) for inner in value]
    return value


def _problems(error: jsonschema_rs.ValidationError) -> Iterator[Problem]:
    kind, path = error.kind, tuple(error.instance_path)
    match kind.name:
        case "type":
            types = getattr(kind, "types", ())
            yield Problem(rule="type", path=path, value=error.instance, expected=tuple(types))
        case "additionalProperties":
            known = tuple(_fields(error.schema_path))
            for name in getattr(kind, "unexpected", ()):
                yield Problem(rule="unknown", path=(*path, name), expected=known)
        case "required":
            name = str(getattr(kind, "property", ""))
            yield Problem(rule="missing", path=(*path, name.strip('"')))
        case _:
            yield Problem(rule="other", path=path, value=error.instance, message=error.message)


def _fields(schema_path: list[str | int]) -> Iterator[str]:
    """Give the fields of the object whose keyword a path in the schema names."""
    node: Any = {"$defs": _definitions()}
    for part in schema_path[:-1]:
        if part == "$ref":
            continue
        node = node[part]
    yield from node.get("properties", ())
