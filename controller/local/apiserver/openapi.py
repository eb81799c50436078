"""OpenAPI documents (version 3, one a group and version), from the schemas that the rules use.

kubectl reads them to explain kinds and to check manifests before it sends them. What only this
server understands in the schemas is written as the standard has it.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from controller.local.apiserver import schema
from controller.local.apiserver.errors import NoSuchPathError
from controller.local.apiserver.resources import Registry, Resource

_PREFIX = "#/components/schemas/"
_META = "io.k8s.apimachinery.pkg.apis.meta.v1."


@dataclass(frozen=True, slots=True)
class Document:
    """A document's bytes and their media type."""

    content: bytes
    media: bytes = b"application/json"


class Documents:
    """The OpenAPI documents of a server, made when they are asked for."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._made: dict[str, Document] = {}
        self._generation = -1

    def get(self, path: str) -> Document:
        """Give the document under a path.

        Raises:
            NoSuchPathError: there is none.
        """
        if self._generation != self._registry.generation:
            self._made, self._generation = {}, self._registry.generation
        if path not in self._made:
            self._made[path] = self._make(path)
        return self._made[path]

    def _make(self, path: str) -> Document:
        if path == "/openapi/v3":
            return Document(orjson.dumps({"paths": dict(self._index())}))
        match path.removeprefix("/openapi/v3/").split("/"):
            case ["api", version]:
                return self._of("", version, path)
            case ["apis", group, version]:
                return self._of(group, version, path)
        raise NoSuchPathError(path)

    def _index(self) -> Iterator[tuple[str, dict[str, str]]]:
        for group, versions in self._registry.group_versions().items():
            for version in versions:
                place = f"apis/{group}/{version}" if group else f"api/{version}"
                seed = f"{place}:{self._generation}".encode()
                digest = hashlib.sha256(seed).hexdigest()[:32].upper()
                yield place, {"serverRelativeURL": f"/openapi/v3/{place}?hash={digest}"}

    def _of(self, group: str, version: str, path: str) -> Document:
        resources = self._registry.of(group, version)
        if not resources:
            raise NoSuchPathError(path)
        schemas: dict[str, Any] = {}
        paths: dict[str, Any] = {}
        for resource in resources:
            name = _schema_of(resource, schemas)
            paths |= _paths(resource, name)
        body = {
            "openapi": "3.0.0",
            "info": {"title": "Kubernetes", "version": "v1.36.2"},
            "paths": paths,
            "components": {"schemas": schemas},
        }
        return Document(orjson.dumps(body))


def _schema_of(resource: Resource, schemas: dict[str, Any]) -> str:
    """Put a kind's schema, and all that it refers to, among the document's."""
    if resource.custom is not None:
        return _custom_schema(resource, schemas)
    known = schema.published()
    name = known.names.get((resource.group, resource.version, resource.kind))
    if name is not None:
        _collect(name, known.definitions.nodes, schemas)
    return name or ""


def _custom_schema(resource: Resource, schemas: dict[str, Any]) -> str:
    reverse = ".".join(reversed(resource.group.split(".")))
    name = f"{reverse}.{resource.version}.{resource.kind}"
    node = dict((resource.custom or {}).get("schema", {}).get("openAPIV3Schema", {}))
    _collect(f"{_META}ObjectMeta", schema.published().definitions.nodes, schemas)
    envelope = {
        "apiVersion": {"type": "string"},
        "kind": {"type": "string"},
        "metadata": {"allOf": [{"$ref": f"{_PREFIX}{_META}ObjectMeta"}]},
    }
    gvk = {"group": resource.group, "kind": resource.kind, "version": resource.version}
    schemas[name] = {
        **node,
        "properties": {**node.get("properties", {}), **envelope},
        "x-kubernetes-group-version-kind": [gvk],
    }
    return name


def _collect(name: str, nodes: Mapping[str, Any], schemas: dict[str, Any]) -> None:
    if name in schemas:
        return
    schemas[name] = {}
    schemas[name] = _standard(nodes[name], nodes, schemas)


def _standard(node: Any, nodes: Mapping[str, Any], schemas: dict[str, Any]) -> Any:
    """Write a node as OpenAPI has it; collects what it refers to on the way."""
    if isinstance(node, list):
        return [_standard(item, nodes, schemas) for item in node]
    if not isinstance(node, Mapping):
        return node
    if isinstance(node.get("$ref"), str):
        _collect(node["$ref"], nodes, schemas)
        beside = {n: v for n, v in node.items() if n not in {"$ref", "x-key-default"}}
        return {**beside, "allOf": [{"$ref": f"{_PREFIX}{node['$ref']}"}]}
    made = {n: _standard(v, nodes, schemas) for n, v in node.items() if n != "x-key-default"}
    if made.get("default", 0) is None:
        del made["default"]
    if "x-key-default" in node:
        made["default"] = node["x-key-default"]
    return made


def _paths(resource: Resource, name: str) -> Iterator[tuple[str, Any]] | dict[str, Any]:
    """Give the paths of a kind, as far as clients look: verbs, kinds, and query parameters."""
    root = f"/apis/{resource.group}" if resource.group else "/api"
    place = "/namespaces/{namespace}" if resource.namespaced else ""
    collection = f"{root}/{resource.version}{place}/{resource.plural}"
    gvk = {"group": resource.group, "kind": resource.kind, "version": resource.version}
    found: dict[str, Any] = {}
    for path, verbs in (
        (collection, {"get": "list", "post": "post", "delete": "deletecollection"}),
        (
            f"{collection}/{{name}}",
            {"get": "get", "put": "put", "patch": "patch", "delete": "delete"},
        ),
    ):
        found[path] = {method: _operation(action, gvk, name) for method, action in verbs.items()}
    return found


def _operation(action: str, gvk: dict[str, str], name: str) -> dict[str, Any]:
    body = {"schema": {"$ref": f"{_PREFIX}{name}"}} if name else {}
    operation: dict[str, Any] = {
        "responses": {"200": {"description": "OK", "content": {"application/json": body}}},
        "x-kubernetes-action": action,
        "x-kubernetes-group-version-kind": gvk,
    }
    if action in {"post", "put", "patch"}:
        names = ("dryRun", "fieldManager", "fieldValidation")
        operation["parameters"] = [
            {"name": n, "in": "query", "schema": {"type": "string", "uniqueItems": True}}
            for n in names
        ]
        operation["requestBody"] = {"content": {"application/json": body}}
    return operation
