"""Reads an HTTP request: the resource and verb that are meant, the form that is accepted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote

import orjson
import yaml

from controller.local.apiserver import errors, gojson, gotext, patches, protobuf
from controller.local.apiserver.resources import Registry, Resource

_METHODS = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
# Larger than anything etcd would take, so that the limits of real clusters are met first.
MAX_BODY_BYTES = 3 * 1024 * 1024
_PATCHES = (patches.JSON, patches.MERGE, patches.STRATEGIC, patches.APPLY)
_SHAPES = frozenset(["Table", "PartialObjectMetadata", "PartialObjectMetadataList"])
_SHAPE_VERSIONS = frozenset(["v1", "v1beta1"])
# How much of an unreadable body an error message shows.
_SUMMARY_LENGTH = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a path below a group and version names."""

    resource: Resource
    namespace: str
    name: str
    subresource: str
    rest: str
    """The path behind the subresource, for proxies."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request's parts, as the handlers want them."""

    method: str
    path: str
    query: Mapping[str, Sequence[str]]
    headers: Mapping[str, str]
    body: bytes = b""
    warnings: list[str] = field(default_factory=list)

    def first(self, name: str, default: str = "") -> str:
        """Give the first value of a query parameter."""
        values = self.query.get(name)
        return values[0] if values else default

    def flag(self, name: str) -> bool:
        """Is a query parameter true? Given and not `false` or `0`, it is (apimachinery runtime)."""
        return name in self.query and self.first(name).lower() not in {"0", "false"}

    def number(self, name: str) -> int | None:
        """Give a query parameter that is a number, or None.

        Raises:
            ApiError: it is something else.
        """
        text = self.first(name)
        if not text:
            return None
        try:
            return int(text)
        except ValueError:
            cause = f'strconv.ParseInt: parsing "{text}": invalid syntax'
            raise errors.bad_request(cause) from None

    @property
    def content_type(self) -> str:
        """The body's media type, without parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


def parse_query(raw: bytes) -> Mapping[str, Sequence[str]]:
    """Read a query string, keeping parameters without value."""
    return parse_qs(raw.decode("latin-1"), keep_blank_values=True) if raw else {}


def target_of(path: str, registry: Registry) -> Target:
    """Tell what a path names.

    Raises:
        NoSuchPathError: nothing is served there.
    """
    parts = [unquote(part) for part in path.strip("/").split("/")]
    if parts[0] == "api" and len(parts) > 2:
        group, version, rest = "", parts[1], parts[2:]
    elif parts[0] == "apis" and len(parts) > 3:
        group, version, rest = parts[1], parts[2], parts[3:]
    else:
        raise errors.NoSuchPathError(path)
    namespace = ""
    if rest[0] == "namespaces" and len(rest) > 2 and rest[2] not in {"status", "finalize"}:
        namespace, rest = rest[1], rest[2:]
    resource = registry.find(group, version, rest[0])
    if resource is None or (namespace and not resource.namespaced):
        raise errors.NoSuchPathError(path)
    name = rest[1] if len(rest) > 1 else ""
    subresource = rest[2] if len(rest) > 2 else ""
    if subresource and subresource not in resource.subresources:
        raise errors.NoSuchPathError(path)
    # What stands behind a proxied path belongs to the pod and keeps its form.
    behind = path.strip("/").split("/")
    tail = "/".join(behind[len(behind) - len(rest) + 3 :])
    if path.endswith("/") and tail:
        tail += "/"
    if name and not namespace and resource.namespaced:
        raise errors.NoSuchPathError(path)
    return Target(
        resource=resource, namespace=namespace, name=name, subresource=subresource, rest=tail
    )


def verb_of(request: Request, target: Target) -> str:
    """Tell the API's verb: what discovery and roles call this request."""
    if request.method in {"GET", "HEAD"}:
        if target.name:
            return "get"
        return "watch" if request.flag("watch") else "list"
    verb = _METHODS.get(request.method, request.method.lower())
    return "deletecollection" if verb == "delete" and not target.name else verb


def body_of(request: Request, kind: str) -> Any:
    """Read the body of a create, update or delete.

    Raises:
        ApiError: it cannot be read.
    """
    media = request.content_type
    if media in {"application/yaml", "application/x-yaml", "text/yaml"}:
        return _yaml(request.body, kind)
    if media == protobuf.MEDIA_TYPE:
        return _protobuf(request.body, kind)
    if media and media != "application/json":
        raise errors.unsupported_media(
            ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"]
        )
    try:
        return orjson.loads(request.body)
    except orjson.JSONDecodeError:
        text = request.body.decode("utf-8", "replace")
        cause = f"couldn't get version/kind; json parse error: {gojson.fault(text)}"
        raise _unreadable(request.body, kind, cause) from None


def _protobuf(body: bytes, kind: str) -> Any:
    try:
        return protobuf.decode(body)
    except protobuf.ProtobufError as e:
        raise _unreadable(body, kind, str(e)) from None


def _yaml(body: bytes, kind: str) -> Any:
    try:
        return yaml.load(body, Loader=_Loader)  # noqa: S506 -- derived from the safe loader
    except yaml.YAMLError as e:
        raise _unreadable(body, kind, gotext.yaml_fault(e)) from None


class _Loader(yaml.CSafeLoader):
    """Reads timestamps as text: JSON, which objects are, has none."""


_Loader.yaml_implicit_resolvers = {
    letter: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for letter, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


def _unreadable(body: bytes, kind: str, cause: str) -> errors.ApiError:
    return errors.bad_request(
        f"the object provided is unrecognized (must be of type {kind}): {cause} ({_summary(body)})"
    )


def _summary(body: bytes) -> str:
    if not body:
        return "<empty>"
    cut = body[:_SUMMARY_LENGTH]
    shown = cut.decode("utf-8", "replace") if body[:1] == b"{" else cut.hex()
    return f"{shown} ..." if len(body) > _SUMMARY_LENGTH else shown


def patch_of(request: Request, resource: Resource) -> tuple[str, Any]:
    """Read the body of a patch; give its media type and content.

    Raises:
        ApiError: the format is not one for this resource, or the body cannot be read.
    """
    media = request.content_type
    accepted = [m for m in _PATCHES if m != patches.STRATEGIC or resource.custom is None]
    if media not in accepted:
        raise errors.unsupported_media(accepted)
    if media == patches.APPLY:
        return media, _applied(request.body)
    try:
        return media, orjson.loads(request.body)
    except orjson.JSONDecodeError:
        text = request.body.decode("utf-8", "replace")
        prefix = "error decoding patch: " if media == patches.MERGE else ""
        raise errors.bad_request(f"{prefix}{gojson.fault(text)}") from None


def _applied(body: bytes) -> Any:
    try:
        # Most appliers send JSON, which is YAML too, but reads a hundred times faster.
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        pass
    try:
        return yaml.load(body, Loader=_Loader)  # noqa: S506 -- derived from the safe loader
    except yaml.YAMLError as e:
        prefix = "error decoding YAML: error converting YAML to JSON: "
        raise errors.bad_request(prefix + gotext.yaml_fault(e)) from None


def field_manager(request: Request) -> str:
    """Tell under which name the sender owns fields: as given, or the program's name."""
    given = request.first("fieldManager")
    return given or request.headers.get("user-agent", "unknown").partition("/")[0][:128]


@dataclass(frozen=True, slots=True)
class Form:
    """How an answer is wanted: as it is, or as a Table or metadata only; in JSON or YAML."""

    shape: str = ""
    version: str = ""
    is_yaml: bool = False


def accepted_forms(header: str) -> list[Form]:
    """Read an Accept header as the forms that this server knows, the first the most wanted.

    Raises:
        ApiError: nothing is wanted that the server has.
    """
    found = []
    for part in header.split(",") if header else ["*/*"]:
        media, *parameters = [piece.strip() for piece in part.split(";")]
        is_yaml = media == "application/yaml"
        if not is_yaml and media not in {"application/json", "application/*", "*/*"}:
            continue
        said = dict(piece.partition("=")[::2] for piece in parameters)
        form = Form(said.get("as", ""), said.get("v", ""), is_yaml=is_yaml)
        if not form.shape or (form.shape in _SHAPES and form.version in _SHAPE_VERSIONS):
            found.append(form)
    if not found:
        raise errors.ApiError(
            406,
            "NotAcceptable",
            "only the following media types are accepted: application/json, application/yaml,"
            " application/vnd.kubernetes.protobuf",
        )
    return found


def unquoted(path: str) -> str:
    """Give a path with its percent signs resolved."""
    return unquote(path)
