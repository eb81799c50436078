"""What an object of a kind may look like: types compiled from published or custom schemas.

A `Type` is made lazily from an OpenAPI node, so that a start costs only what is used. Built-in
kinds come from the package `schemas`, custom kinds from the
structural schema of their CustomResourceDefinition. Whatever walks objects walks them along a Type.
"""

from collections.abc import Mapping
from enum import StrEnum
from functools import cached_property
from typing import Any

import orjson

from controller.schemas import published as published_schemas

_META = "io.k8s.apimachinery.pkg.apis.meta.v1."


class Shape(StrEnum):
    """The forms that a value can take."""

    OBJECT = "object"
    MAP = "map"
    ARRAY = "array"
    STRING = "string"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    TIME = "time"
    INT_OR_STRING = "int-or-string"
    QUANTITY = "quantity"
    ANY = "any"


_SCALAR_FORMATS = {
    "date-time": Shape.TIME,
    "int-or-string": Shape.INT_OR_STRING,
    "quantity": Shape.QUANTITY,
}


class Type:
    """One node of a schema; children are made when somebody looks at them."""

    def __init__(self, node: Mapping[str, Any], definitions: "Definitions", name: str = "") -> None:
        self.node = node
        self.name = name
        self.definitions = definitions
        self.shape = _shape(node)
        self.atomic = node.get("x-kubernetes-map-type") == "atomic"
        self.keys: tuple[str, ...] = tuple(node.get("x-kubernetes-list-map-keys", ()))
        self.list_type: str = node.get("x-kubernetes-list-type", "atomic")
        if self.shape is Shape.ARRAY and self.list_type == "atomic":
            self.atomic = True
        self.preserves = bool(node.get("x-kubernetes-preserve-unknown-fields"))
        self.nullable = bool(node.get("nullable"))

    @cached_property
    def fields(self) -> dict[str, "Type"]:
        """The declared fields of an object."""
        properties = self.node.get("properties", {})
        made = {name: self.definitions.type_of(node) for name, node in properties.items()}
        if self.node.get("x-kubernetes-embedded-resource"):
            made |= self.definitions.envelope()
        return made

    @cached_property
    def element(self) -> "Type":
        """The type of an array's items, or of the values under undeclared names."""
        node = self.node.get("items") if self.shape is Shape.ARRAY else self._additional()
        return self.definitions.type_of(node) if isinstance(node, Mapping) else ANY

    def _additional(self) -> Any:
        return self.node.get("additionalProperties")

    @cached_property
    def required(self) -> tuple[str, ...]:
        """The fields that an object must have."""
        return tuple(self.node.get("required", ()))

    @cached_property
    def defaults(self) -> dict[str, Any]:
        """The values that fields of an object get when they are absent."""
        properties = self.node.get("properties", {})
        return {name: node["default"] for name, node in properties.items() if "default" in node}

    @cached_property
    def key_defaults(self) -> dict[str, Any]:
        """The values that list keys among the fields have when they are absent."""
        found = {}
        for name, node in self.node.get("properties", {}).items():
            for marker in ("x-key-default", "default"):
                if node.get(marker):
                    found[name] = node[marker]
        return found

    def child(self, name: str) -> "Type | None":
        """Give the type of a field, or None where the schema has no such field."""
        found = self.fields.get(name)
        if found is not None:
            return found
        if self.shape in {Shape.MAP, Shape.ANY} or self.preserves:
            return self.element
        return None


def _shape(node: Mapping[str, Any]) -> Shape:
    if node.get("x-kubernetes-int-or-string"):
        return Shape.INT_OR_STRING
    kind = node.get("type")
    if kind in {None, "object"}:
        if "properties" in node or node.get("x-kubernetes-embedded-resource"):
            return Shape.OBJECT
        return Shape.MAP if isinstance(node.get("additionalProperties"), Mapping) else Shape.ANY
    return _SCALAR_FORMATS.get(str(node.get("format")), Shape(str(kind)))


class Definitions:
    """Named schemas that refer to each other."""

    def __init__(self, nodes: Mapping[str, Mapping[str, Any]]) -> None:
        self.nodes = nodes
        self._named: dict[str, Type] = {}
        self._overlaid: dict[tuple[str, str], Type] = {}

    def named(self, name: str) -> Type:
        """Give the type of a definition."""
        if name not in self._named:
            self._named[name] = Type(self.nodes[name], self, name)
        return self._named[name]

    def type_of(self, node: Mapping[str, Any]) -> Type:
        """Give the type of a node, following its reference; markers beside a reference count."""
        name = node.get("$ref")
        if not isinstance(name, str):
            return Type(node, self)
        if "x-kubernetes-map-type" in node:
            return Type({**self.nodes[name], **node}, self, name)
        return self.named(name)

    def envelope(self) -> dict[str, Type]:
        """Give the types of the fields that every object has."""
        text = Type({"type": "string"}, self)
        return {"apiVersion": text, "kind": text, "metadata": metadata_type()}


ANY = Type({}, Definitions({}))
"""The type of values that no schema speaks of: maps are granular, lists atomic."""


class Published:
    """The schemas of the built-in kinds, from the generated file."""

    def __init__(self) -> None:
        content = published_schemas.content()
        self.definitions = Definitions(content["definitions"])
        self.descriptions: Mapping[str, str] = content["descriptions"]
        self.names = published_schemas.names()

    def type_of(self, group: str, version: str, kind: str) -> Type:
        """Give the type of a kind; values without a schema are taken as they are."""
        name = self.names.get((group, version, kind))
        return self.definitions.named(name) if name else ANY


_published: list[Published] = []


def published() -> Published:
    """Give the schemas of the built-in kinds, read once."""
    if not _published:
        _published.append(Published())
    return _published[0]


def metadata_type() -> Type:
    """Give the type of `metadata`."""
    return published().definitions.named(_META + "ObjectMeta")


def custom_type(schema: Mapping[str, Any]) -> Type:
    """Give the type of a custom kind from its `openAPIV3Schema`."""
    definitions = Definitions({})
    made = Type(schema, definitions)
    if made.shape is Shape.ANY:
        made = Type({**schema, "properties": {}}, definitions)
    made.fields.update(definitions.envelope())
    return made


def embedded_default(value: Any) -> Any:
    """Give a fresh copy of a default, so that no two objects share one."""
    return orjson.loads(orjson.dumps(value))
