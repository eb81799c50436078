"""What the workloads of agents and of MCP servers have in common: names, labels and defaults."""

from collections.abc import Mapping
from typing import Any

from controller.definitions.catalog import Definition
from controller.definitions.shared import ServiceAccountConfig
from controller.objects import metadata

MANAGED_BY = "kagent"
"""As kagent labels its objects, so that its dashboards, policies and queries keep working."""

RESOURCES: Mapping[str, Any] = {
    "requests": {"cpu": "100m", "memory": "384Mi"},
    "limits": {"cpu": "2", "memory": "1Gi"},
}
"""kagent's default, for containers whose definition says nothing."""

POD_SECURITY: Mapping[str, Any] = {"seccompProfile": {"type": "RuntimeDefault"}}
CONTAINER_SECURITY: Mapping[str, Any] = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "readOnlyRootFilesystem": True,
    "runAsNonRoot": True,
}
"""What Roster's own image runs with where the definition says nothing: together the level
`restricted` of Kubernetes' Pod Security Standards, with a root file system that cannot be written
to. Images of others are left as kagent leaves them, without a security context."""

PROBE: Mapping[str, Any] = {
    "httpGet": {"path": "/.well-known/agent-card.json", "port": "http"},
    "periodSeconds": 1,
    "timeoutSeconds": 5,
}
"""kagent waits 15 seconds before it asks for the first time; asking every second costs an agent
nothing, and makes it Ready as soon as it is."""

_NOT_COPIED = ("roster.dev/", "kubectl.kubernetes.io/", "argocd.argoproj.io/")
"""Annotations of a definition that are about the definition itself. Copied onto what it renders to,
as kagent does, they make Argo CD and kubectl take those objects for their own."""


def selector(name: str) -> dict[str, str]:
    """Give the labels by which Deployment and Service find the pods."""
    return {"app": MANAGED_BY, "kagent": name}


def labels(name: str, more: Mapping[str, str]) -> dict[str, str]:
    """Give the labels of every object and pod of a definition; the selector's cannot be changed."""
    common = {
        "app.kubernetes.io/managed-by": MANAGED_BY,
        "app.kubernetes.io/name": name,
        "app.kubernetes.io/part-of": MANAGED_BY,
    }
    return {**common, **more, **selector(name)}


def annotations(definition: Definition) -> dict[str, Any]:
    """Give the annotations that a definition hands on to its objects."""
    own = metadata.annotations(definition.document.data)
    return {key: value for key, value in own.items() if not key.startswith(_NOT_COPIED)}


def service_account(
    name: str, given: str | None, config: ServiceAccountConfig | None
) -> dict[str, Any]:
    """Give the service account of a workload: the one that is named, or one made for it."""
    return {
        "name": given or name,
        "is_own": given in {None, name},
        "labels": config.labels if config else {},
        "annotations": config.annotations if config else {},
    }


def security(pod: Any, container: Any, *, read_only: bool = True) -> tuple[Any, Any]:
    """Give the security contexts of a pod and container of Roster's own image.

    What the definition gives is taken as it is. Where it speaks of the pod only, the container's
    default leaves the user to the pod: `runAsNonRoot` would contradict `runAsUser: 0`.
    """
    default = {**CONTAINER_SECURITY, "readOnlyRootFilesystem": read_only}
    if pod is not None:
        del default["runAsNonRoot"]
    return POD_SECURITY if pod is None else pod, default if container is None else container


def with_registry(image: str, registry: str | None) -> str:
    """Give the image from another registry, in the place of the host that its name begins with."""
    if not registry:
        return image
    first, slash, rest = image.partition("/")
    is_host = bool(slash) and ("." in first or ":" in first or first == "localhost")
    return f"{registry}/{rest if is_host else image}"
