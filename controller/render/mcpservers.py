"""An MCPServer -> the values that its manifest templates print.

A server that speaks HTTP runs as it is given. One that speaks on standard input and output is
started by `roster-mcp-bridge`, which serves it as streamable HTTP; kmcp's controller does the same
with a gateway that an init container copies into the pod.
"""

from typing import Any

from controller.definitions.mcpserver import MCPServerDeployment, MCPServerSpec
from controller.render import confighash, pod, workload
from controller.render.options import RenderOptions
from controller.render.problems import RenderError
from controller.render.scope import Scope

_IMAGES = {"uvx": "ghcr.io/astral-sh/uv:debian", "npx": "node:24-alpine3.21"}
"""Images that kmcp takes for a command when the definition names none."""


def values(spec: MCPServerSpec, scope: Scope) -> dict[str, Any]:
    """Give what the templates of an MCPServer may print.

    Raises:
        RenderError: no image can be found for the command.
    """
    deployment = spec.deployment
    container = _container(spec, scope.options)
    template = _pod(deployment)
    config_hash = confighash.of((confighash.of_references(container, template, scope),))
    template["annotations"] = {**deployment.annotations, confighash.ANNOTATION: config_hash}
    return {
        "application": scope.options.application,
        "definition": scope.definition.document.data,
        "server": _server(spec, scope),
        "service_account": workload.service_account(
            scope.name, deployment.service_account_name, deployment.service_account
        ),
        "pod": template,
        "container": container,
    }


def is_stdio(spec: MCPServerSpec) -> bool:
    """Tell whether the server speaks on standard input and output, kmcp's default."""
    if spec.transport_type is None:
        return spec.http_transport is None
    return spec.transport_type == "stdio"


def _server(spec: MCPServerSpec, scope: Scope) -> dict[str, Any]:
    name = scope.name
    common = {"app.kubernetes.io/component": "mcp-server"}
    return {
        "name": name,
        "namespace": scope.namespace,
        "labels": _labels(name, {**common, **spec.deployment.labels}),
        "annotations": workload.annotations(scope.definition),
        "selector": _selector(name),
        "replicas": spec.deployment.replicas,
        "port": spec.deployment.port,
        "target_port": _target_port(spec),
    }


def _selector(name: str) -> dict[str, str]:
    return {"app.kubernetes.io/name": name, "app.kubernetes.io/instance": name}


def _labels(name: str, more: dict[str, str]) -> dict[str, str]:
    return {**more, "app.kubernetes.io/managed-by": "kmcp", **_selector(name)}


def _target_port(spec: MCPServerSpec) -> int:
    target = spec.http_transport.target_port if spec.http_transport else None
    return spec.deployment.port if is_stdio(spec) or target is None else target


def _container(spec: MCPServerSpec, options: RenderOptions) -> dict[str, Any]:
    deployment = spec.deployment
    image, command, args = _started_by(spec, options)
    return {
        "image": image,
        "pull_policy": deployment.image_pull_policy or "IfNotPresent",
        "command": command,
        "args": args,
        "env": [pod.variable(name, text) for name, text in sorted(deployment.env.items())],
        "env_from": [{"secretRef": {"name": secret.name}} for secret in deployment.secret_refs],
        "mounts": [*deployment.volume_mounts, *_config_mounts(deployment)],
        "probe": {"tcpSocket": {"port": "http"}, "periodSeconds": 1},
        "resources": deployment.resources or {},
        "security_context": deployment.security_context,
    }


def _started_by(
    spec: MCPServerSpec, options: RenderOptions
) -> tuple[str, list[str] | None, list[str]]:
    deployment = spec.deployment
    command = [deployment.cmd] if deployment.cmd else []
    if not is_stdio(spec):
        return _image(deployment), command or None, deployment.args
    bridge = ["--host", "0.0.0.0", "--port", str(deployment.port), "--"]  # noqa: S104 - in a pod
    image = deployment.image or options.agent_image
    return image, ["roster-mcp-bridge"], [*bridge, *command, *deployment.args]


def _image(deployment: MCPServerDeployment) -> str:
    image = deployment.image or _IMAGES.get(deployment.cmd or "")
    if image is None:
        raise RenderError(
            "missing-image",
            "an MCP server whose command is neither uvx nor npx needs an image",
            remedy="Add spec.deployment.image.",
            path=("spec", "deployment"),
        )
    return image


def _config_mounts(deployment: MCPServerDeployment) -> list[pod.Object]:
    return [
        {"name": f"configmap-{config.name}", "mountPath": f"/configmaps/{config.name}"}
        for config in deployment.config_map_refs
    ]


def _pod(deployment: MCPServerDeployment) -> dict[str, Any]:
    configs = [
        {"name": f"configmap-{config.name}", "configMap": {"name": config.name}}
        for config in deployment.config_map_refs
    ]
    return {
        "security_context": deployment.pod_security_context,
        "image_pull_secrets": deployment.image_pull_secrets,
        "extra_containers": deployment.sidecars,
        "volumes": [*deployment.volumes, *configs],
        "node_selector": deployment.node_selector,
        "affinity": deployment.affinity,
        "tolerations": deployment.tolerations,
    }
