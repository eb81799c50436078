"""JSON Schemas of the definitions, for editors: completion, descriptions and errors while typing.

`roster.schema.json` takes any document of an agents repository and chooses by kind with if/then,
which the YAML language server follows for completion where it does not follow `oneOf`.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import pydantic
from pydantic.json_schema import models_json_schema

from controller.definitions import application, kinds

_DRAFT = "http://json-schema.org/draft-07/schema#"
"""The YAML language server reads draft 7 best; nothing newer is needed."""
ROOT = "roster.schema.json"

_TEXTS = {"type": "object", "additionalProperties": {"type": "string"}}
_METADATA: Mapping[str, Any] = {
    "type": "object",
    "required": ["name"],
    "additionalProperties": False,
    "properties": {
        "name": {
            "type": "string",
            "description": "Name of the object: lower-case letters, digits and '-'.",
            "pattern": "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$",
            "maxLength": 253,
        },
        "namespace": {
            "type": "string",
            "description": "Namespace of the object; the application's own if left out.",
            "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
            "maxLength": 63,
        },
        "labels": {**_TEXTS, "description": "Labels, all values as text."},
        "annotations": {**_TEXTS, "description": "Annotations, all values as text."},
        "finalizers": {"type": "array", "items": {"type": "string"}},
        "ownerReferences": {"type": "array", "items": {"type": "object"}},
    },
}


def json_schemas() -> Mapping[str, dict[str, Any]]:
    """Give the schemas by file name: one for each kind, and one for all of them.

    Each file stands for itself, so that it works from a folder and from a web address alike.
    """
    everything, definitions = _definitions()
    schemas = {
        f"{kind.lower()}.schema.json": {
            "$schema": _DRAFT,
            **document,
            "definitions": {name: definitions[name] for name in _needed(document, definitions)},
        }
        for kind, document in everything.items()
    }
    return {**schemas, ROOT: _any_document(everything, definitions)}


def _definitions() -> tuple[dict[str, dict[str, Any]], dict[str, Any]]:
    """Give the schema of each kind's document, and the parts that they refer to."""
    models: dict[str, tuple[str, type[pydantic.BaseModel]]] = {
        **kinds.SPECS,
        application.KIND: (application.API_VERSION, application.ApplicationSpecDefinition),
    }
    _, schema = models_json_schema(
        [(model, "validation") for _, model in models.values()],
        ref_template="#/definitions/{model}",
    )
    documents = {
        kind: _document(kind, api_version, model.__name__)
        for kind, (api_version, model) in models.items()
    }
    return documents, _tidied(schema["$defs"])


def _needed(schema: Any, definitions: Mapping[str, Any]) -> list[str]:
    """Give the names of all parts that a schema refers to, also through other parts."""
    found: dict[str, None] = {}
    waiting = list(_referred(schema))
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = None
            waiting += _referred(definitions[name])
    return sorted(found)


def _referred(schema: Any) -> Iterator[str]:
    if isinstance(schema, list):
        for item in schema:
            yield from _referred(item)
    elif isinstance(schema, dict):
        if isinstance(reference := schema.get("$ref"), str):
            yield reference.rpartition("/")[2]
        for value in schema.values():
            yield from _referred(value)


def _tidied(schema: Any) -> Any:
    """Leave out titles, which repeat names, and null defaults, which mean absence."""
    if isinstance(schema, list):
        return [_tidied(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: _tidied(value)
        for key, value in schema.items()
        if not (key == "title" and isinstance(value, str))
        and not (key == "default" and value is None)
    }


def _document(kind: str, api_version: str, model: str) -> dict[str, Any]:
    return {
        "title": kind,
        "type": "object",
        "required": ["apiVersion", "kind", "metadata", "spec"],
        "additionalProperties": False,
        "properties": {
            "apiVersion": {"const": api_version, "description": "Version of the kind."},
            "kind": {"const": kind, "description": "What the document defines."},
            "metadata": _METADATA,
            "spec": {"$ref": f"#/definitions/{model}"},
            "status": {"description": "Set by controllers; ignored here."},
        },
    }


def _any_document(
    documents: Mapping[str, dict[str, Any]], definitions: Mapping[str, Any]
) -> dict[str, Any]:
    """Make the schema that leaves documents of other groups to Kubernetes' own."""
    return {
        "$schema": _DRAFT,
        "title": "A document of an agents repository",
        "type": "object",
        "required": ["apiVersion", "kind", "metadata"],
        "properties": {
            "apiVersion": {
                "type": "string",
                "description": "Group and version of the kind, such as kagent.dev/v1alpha2.",
                "examples": sorted({_version(document) for document in documents.values()}),
            },
            "kind": {
                "type": "string",
                "description": "What the document defines.",
                "examples": list(documents),
            },
        },
        "allOf": [_choice(kind, _version(document)) for kind, document in documents.items()],
        "definitions": {**definitions, **documents},
    }


def _version(document: Mapping[str, Any]) -> str:
    return str(document["properties"]["apiVersion"]["const"])


def _choice(kind: str, api_version: str) -> dict[str, Any]:
    group = api_version.partition("/")[0].replace(".", "\\.")
    return {
        "if": {
            "required": ["apiVersion", "kind"],
            "properties": {"kind": {"const": kind}, "apiVersion": {"pattern": f"^{group}/"}},
        },
        "then": {"$ref": f"#/definitions/{kind}"},
    }
