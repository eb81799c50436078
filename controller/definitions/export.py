"""JSON Schemas of the definitions, for editors: completion, descriptions and errors while typing.

`roster.schema.json` takes any document of an agents repository and chooses by kind with if/then,
which the YAML language server follows for completion where it does not follow `oneOf`.
"""

from collections.abc import Mapping
from typing import Any

import pydantic
from pydantic.json_schema import GenerateJsonSchema

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
    """Give the schemas by file name: one for each kind, and one for all of them."""
    models = {
        **kinds.SPECS,
        application.KIND: (application.API_VERSION, application.ApplicationSpecDefinition),
    }
    schemas = {
        _file_name(kind): _document(kind, api_version, model)
        for kind, (api_version, model) in models.items()
    }
    return {**schemas, ROOT: _any_document(models)}


def _file_name(kind: str) -> str:
    return f"{kind.lower()}.schema.json"


def _document(kind: str, api_version: str, model: type[pydantic.BaseModel]) -> dict[str, Any]:
    spec = model.model_json_schema(schema_generator=_Draft7)
    definitions = spec.pop("$defs", {})
    return {
        "$schema": _DRAFT,
        "title": kind,
        "description": spec.get("description", ""),
        "type": "object",
        "required": ["apiVersion", "kind", "metadata", "spec"],
        "additionalProperties": False,
        "properties": {
            "apiVersion": {"const": api_version, "description": "Version of the kind."},
            "kind": {"const": kind, "description": "What the document defines."},
            "metadata": _METADATA,
            "spec": spec,
            "status": {"description": "Set by controllers; ignored here."},
        },
        "definitions": definitions,
    }


def _any_document(models: Mapping[str, tuple[str, Any]]) -> dict[str, Any]:
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
                "examples": sorted({api_version for api_version, _ in models.values()}),
            },
            "kind": {
                "type": "string",
                "description": "What the document defines.",
                "examples": list(models),
            },
        },
        "allOf": [_choice(kind, api_version) for kind, (api_version, _) in models.items()],
    }


def _choice(kind: str, api_version: str) -> dict[str, Any]:
    group = api_version.partition("/")[0].replace(".", "\\.")
    return {
        "if": {
            "required": ["apiVersion", "kind"],
            "properties": {"kind": {"const": kind}, "apiVersion": {"pattern": f"^{group}/"}},
        },
        "then": {"$ref": _file_name(kind)},
    }


class _Draft7(GenerateJsonSchema):
    """Places shared parts below `definitions`, and leaves out titles that repeat the name."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{**options, "ref_template": "#/definitions/{model}"})

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002  # pydantic's hook
        return False
