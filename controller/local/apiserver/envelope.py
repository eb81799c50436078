"""`kind` and `apiVersion` of a body: do they fit the address that it was sent to?"""

from collections.abc import Mapping
from typing import Any

from controller.local.apiserver import decoding, errors
from controller.local.apiserver.calls import Call
from controller.local.apiserver.resources import Registry, Resource

# Versions that are no longer served, but still understood (k8s.io/kubernetes pkg/apis/*/install).
_CONVERTED = {
    "apps": ("v1beta1", "v1beta2"),
    "autoscaling": ("v2beta1", "v2beta2"),
    "batch": ("v1beta1",),
    "extensions": ("v1beta1",),
    "networking.k8s.io": ("v1beta1",),
    "policy": ("v1beta1",),
    "rbac.authorization.k8s.io": ("v1alpha1", "v1beta1"),
}


def check(call: Call, body: Any, registry: Registry) -> None:
    """Check that a body is an object of the kind and version that its address is for.

    Raises:
        ApiError: it is something else, in the words of k8s.io/apimachinery's decoder.
    """
    resource = call.resource
    if not isinstance(body, Mapping):
        raise errors.bad_request(
            f"the object provided is unrecognized (must be of type {resource.kind}): couldn't"
            " get version/kind; json parse error: json: cannot unmarshal"
            f" {decoding.json_name(body)} into Go value of type struct {{ APIVersion string"
            ' "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }'
        )
    kind = body.get("kind") or resource.kind
    version = body.get("apiVersion") or resource.api_version
    if kind != resource.kind and resource.custom is not None:
        cause = errors.invalid_value("kind", kind, f"must be {resource.kind}")
        name = (body.get("metadata") or {}).get("name", "")
        raise errors.invalid(resource.kind, resource.group, name, [cause])
    if kind != resource.kind:
        raise errors.bad_request(_wrong_kind(resource, kind, version, registry))
    if version != resource.api_version and _is_known(version, kind, registry):
        raise errors.bad_request(
            f"the API version in the data ({version}) does not match the expected API version"
            f" ({resource.api_version})"
        )
    if version != resource.api_version:
        raise errors.bad_request(_wrong_kind(resource, kind, version, registry))


def _is_known(api_version: str, kind: str, registry: Registry) -> bool:
    """Tell whether the real server knows a version of a kind, be it to convert from it only."""
    group, _, version = api_version.rpartition("/")
    is_served = registry.by_kind(api_version, kind) is not None
    return is_served or version in _CONVERTED.get(group, ())


def _wrong_kind(resource: Resource, kind: str, api_version: str, registry: Registry) -> str:
    version = api_version.rpartition("/")[2]
    text = f'{kind} in version "{version}" cannot be handled as a {resource.kind}:'
    if registry.by_kind(api_version, kind) is None:
        return (
            f'{text} no kind "{kind}" is registered for version "{api_version}" in scheme'
            ' "pkg/api/legacyscheme/scheme.go:30"'
        )
    package = resource.group.partition(".")[0] or "core"
    return (
        f"{text} converting ({version}.{kind}) to ({package}.{resource.kind}): unknown conversion"
    )
