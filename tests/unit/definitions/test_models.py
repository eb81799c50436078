"""The models agree with kagent's CRDs, field by field.

`kagent-schemas.json` holds the schemas of kagent v0.10.0-rc3 and kmcp (both Apache-2.0) without
their prose.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from controller.definitions.export import json_schemas

SCHEMAS = json.loads((Path(__file__).parent / "kagent-schemas.json").read_text())
COMPARED = (
    "type",
    "enum",
    "default",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
)
STRICTER = {
    ("spec.declarative.stream", "default"): "false, which the CRD leaves to Go's zero value",
    ("spec.skills.imagePullSecrets", "maxItems"): "kagent documents 20",
    ("spec.declarative.runtime", "default"): "python, the default of v0.9 and of Roster's runtime",
    ("replicas", "minimum"): "a Deployment refuses fewer than none",
    ("replicas", "maximum"): "int32, which the CRD says by its format",
    ("port", "minimum"): "a Service refuses port 0",
    ("port", "maximum"): "a Service refuses ports above 65535",
    ("targetPort", "minimum"): "a Service refuses port 0",
    ("targetPort", "maximum"): "a Service refuses ports above 65535",
}
"""Where we differ on purpose, by path or last part of it, with the reason."""


def fields(schema: dict[str, Any], path: str = "spec") -> Iterator[tuple[str, dict[str, Any]]]:
    yield path, schema
    for name, inner in schema.get("properties", {}).items():
        yield from fields(inner, f"{path}.{name}")
    if isinstance(schema.get("items"), dict) and schema["items"].get("properties"):
        yield from fields(schema["items"], f"{path}[]")


def inlined(schema: Any, definitions: dict[str, Any]) -> Any:
    if isinstance(schema, list):
        return [inlined(item, definitions) for item in schema]
    if not isinstance(schema, dict):
        return schema
    whole = (
        {**definitions[schema["$ref"].rpartition("/")[2]], **schema} if "$ref" in schema else schema
    )
    if "const" in whole:
        whole = {**whole, "enum": [whole["const"]]}
    return {key: inlined(value, definitions) for key, value in whole.items() if key != "$ref"}


def ours(kind: str) -> dict[str, dict[str, Any]]:
    schema = json_schemas()[f"{kind.lower()}.schema.json"]
    return dict(fields(inlined(schema["properties"]["spec"], schema["definitions"])))


def is_stricter(path: str, key: str) -> bool:
    return (path, key) in STRICTER or (path.rpartition(".")[2], key) in STRICTER


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_models_have_the_fields_of_the_crd(name: str) -> None:
    theirs = dict(fields(SCHEMAS[name]))

    assert ours(name.partition("/")[0]).keys() == theirs.keys()


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_models_have_the_types_defaults_and_bounds_of_the_crd(name: str) -> None:
    mine = ours(name.partition("/")[0])
    differences = [
        (path, key, mine[path].get(key), theirs.get(key))
        for path, theirs in fields(SCHEMAS[name])
        for key in COMPARED
        if mine[path].get(key) != theirs.get(key) and not is_stricter(path, key)
    ]

    assert differences == []


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_models_require_what_the_crd_requires(name: str) -> None:
    mine = ours(name.partition("/")[0])
    differences = [
        (path, mine[path].get("required"), theirs.get("required"))
        for path, theirs in fields(SCHEMAS[name])
        if set(mine[path].get("required", ())) != set(theirs.get("required", ()))
    ]

    assert differences == []


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_every_field_has_a_description_for_editors(name: str) -> None:
    without = [
        path for path, field in ours(name.partition("/")[0]).items() if not field.get("description")
    ]

    assert without == []
