"""An MCPServer -> the values that its manifest templates print.

A server that speaks HTTP runs as it is given. One that speaks on standard input and output needs
somebody to speak HTTP for it. Where the definition names no image, that is `roster-mcp-bridge` of
Roster's own image, which has uvx and npx. Into an image of somebody else an init container copies
agentgateway, which is what kmcp's controller does for all of them.
"""

import json
from dataclasses import dataclass
from typing import Any

from controller.definitions.mcpserver import MCPServerDeployment, MCPServerSpec
from controller.render import confighash, pod, workload
from controller.render.options import RenderOptions
from controller.render.problems import RenderError
from controller.render.scope import Scope

_IMAGES = {"uvx": "ghcr.io/astral-sh/uv:debian", "npx": "node:24-alpine3.21"}
"""Images that kmcp takes for a command when the definition names none."""
_GATEWAY_FOLDER = "/adapterbin"
_GATEWAY = f"{_GATEWAY_FOLDER}/agentgateway"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Start:
    """How the server's container is started, and what that needs in the pod."""

    image: str
    command: list[str] | None
    args: list[str]
    config: str | None = None
    """Text of the gateway's configuration, where one is used."""
    init: pod.Object | None = None
    needs: pod.Needs = pod.NOTHING
    security: tuple[Any, Any]
    """Security contexts of pod and container."""


def values(spec: MCPServerSpec, scope: Scope) -> dict[str, Any]:
    """Give what the templates of an MCPServer may print.

    Raises:
        RenderError: no image can be found for the command.
    """
    deployment = spec.deployment
    start = _start(spec, scope)
    needs = start.needs + _config_maps(deployment) + _volumes(deployment)
    container = _container(deployment, start, needs)
    template = _pod(deployment, start, needs)
    referred = confighash.of_references(container, template, scope)
    config_hash = confighash.of((referred, start.config or ""))
    template["annotations"] = {**deployment.annotations, confighash.ANNOTATION: config_hash}
    return {
        "application": scope.options.application,
        "definition": scope.definition.document.data,
        "server": _server(spec, scope),
        "service_account": workload.service_account(
            scope.name, deployment.service_account_name, deployment.service_account
        ),
        "gateway_config": start.config,
        "pod": template,
        "container": container,
    }


def is_stdio(spec: MCPServerSpec) -> bool:
    """Tell whether the server speaks on standard input and output, kmcp's default."""
    if spec.transport_type is None:
        return spec.http_transport is None
    return spec.transport_type == "stdio"


def path(spec: MCPServerSpec) -> str:
    """Give the path of the endpoint, without the first slash: bridge and gateway serve /mcp.

    kagent asks for /mcp at every server; one that speaks HTTP itself may say another.
    """
    given = spec.http_transport.path if spec.http_transport and not is_stdio(spec) else None
    return (given or "/mcp").lstrip("/")


def _server(spec: MCPServerSpec, scope: Scope) -> dict[str, Any]:
    common = {
        "app.kubernetes.io/component": "mcp-server",
        "app.kubernetes.io/managed-by": "kmcp",
    }
    selector = {
        "app.kubernetes.io/instance": scope.name,
        "app.kubernetes.io/name": scope.name,
    }
    return {
        "name": scope.name,
        "namespace": scope.namespace,
        "labels": {**common, **spec.deployment.labels, **selector},
        "annotations": workload.annotations(scope.definition),
        "selector": selector,
        "replicas": spec.deployment.replicas,
        "port": spec.deployment.port,
        "target_port": _target_port(spec),
    }


def _target_port(spec: MCPServerSpec) -> int:
    target = spec.http_transport.target_port if spec.http_transport else None
    return spec.deployment.port if is_stdio(spec) or target is None else target


def _start(spec: MCPServerSpec, scope: Scope) -> _Start:
    deployment = spec.deployment
    command = [deployment.cmd] if deployment.cmd else []
    if not is_stdio(spec):
        return _Start(
            image=_image(deployment),
            command=command or None,
            args=deployment.args,
            security=_given_security(deployment),
        )
    own = scope.options.agent_image
    image = deployment.image or own
    if _repository(image) == _repository(own):
        return _bridged(image, [*command, *deployment.args], deployment)
    return _through_gateway(image, deployment, scope)


def _bridged(image: str, command: list[str], deployment: MCPServerDeployment) -> _Start:
    options = ["--host", "0.0.0.0", "--port", str(deployment.port), "--"]  # noqa: S104 - in a pod
    return _Start(
        image=image,
        command=["roster-mcp-bridge"],
        args=[*options, *command],
        # uvx and npx download what they run: they need a file system that can be written to.
        security=workload.security(*_given_security(deployment), read_only=False),
    )


def _through_gateway(image: str, deployment: MCPServerDeployment, scope: Scope) -> _Start:
    binary = {"name": "binary", "mountPath": _GATEWAY_FOLDER}
    return _Start(
        image=image,
        command=[_GATEWAY],
        args=["-f", "/config/local.yaml"],
        config=_gateway_config(deployment, scope.name),
        init=_copy_gateway(deployment, scope.options, binary),
        needs=pod.Needs(
            volumes=(
                {"name": "config", "configMap": {"name": scope.name}},
                {"name": "binary", "emptyDir": {}},
            ),
            mounts=({"name": "config", "mountPath": "/config"}, binary),
        ),
        security=_given_security(deployment),
    )


def _given_security(deployment: MCPServerDeployment) -> tuple[Any, Any]:
    return deployment.pod_security_context, deployment.security_context


def _copy_gateway(
    deployment: MCPServerDeployment, options: RenderOptions, binary: pod.Object
) -> pod.Object:
    given = deployment.init_container
    optional = {
        "resources": given.resources if given else None,
        "securityContext": given.security_context if given else None,
    }
    return {
        "name": "copy-binary",
        "image": (given.image if given else None) or options.gateway_image,
        "imagePullPolicy": (given.image_pull_policy if given else None) or "IfNotPresent",
        "args": ["--copy-self", _GATEWAY],
        "volumeMounts": [binary],
        **{name: value for name, value in optional.items() if value is not None},
    }


def _gateway_config(deployment: MCPServerDeployment, name: str) -> str:
    stdio = {"cmd": deployment.cmd or "", "args": deployment.args, "env": deployment.env}
    route = {
        "name": "mcp",
        "matches": [{"path": {"pathPrefix": "/sse"}}, {"path": {"pathPrefix": "/mcp"}}],
        "backends": [{"weight": 100, "mcp": {"targets": [{"name": name, "stdio": stdio}]}}],
    }
    listener = {"name": "default", "protocol": "HTTP", "routes": [route]}
    config = {"config": {}, "binds": [{"port": deployment.port, "listeners": [listener]}]}
    # JSON is YAML too, and cannot be misread.
    return json.dumps(config, indent=2) + "\n"


def _container(deployment: MCPServerDeployment, start: _Start, needs: pod.Needs) -> dict[str, Any]:
    secrets = [secret.name for secret in deployment.secret_refs if secret.name]
    return {
        "image": start.image,
        "pull_policy": deployment.image_pull_policy or "IfNotPresent",
        "command": start.command,
        "args": start.args,
        "env": [pod.variable(name, text) for name, text in sorted(deployment.env.items())],
        "env_from": [{"secretRef": {"name": name}} for name in secrets],
        "mounts": needs.mounts,
        "probe": {"tcpSocket": {"port": "http"}, "periodSeconds": 1},
        "resources": deployment.resources,
        "security_context": start.security[1],
    }


def _pod(deployment: MCPServerDeployment, start: _Start, needs: pod.Needs) -> dict[str, Any]:
    return {
        "security_context": start.security[0],
        "image_pull_secrets": deployment.image_pull_secrets,
        "init_containers": [start.init] if start.init else [],
        "extra_containers": deployment.sidecars,
        "volumes": needs.volumes,
        "node_selector": deployment.node_selector,
        "affinity": deployment.affinity,
        "tolerations": deployment.tolerations,
    }


def _config_maps(deployment: MCPServerDeployment) -> pod.Needs:
    names = [config.name for config in deployment.config_map_refs if config.name]
    return pod.Needs(
        volumes=tuple({"name": f"cm-{name}", "configMap": {"name": name}} for name in names),
        mounts=tuple(
            {"name": f"cm-{name}", "mountPath": f"/configmaps/{name}", "readOnly": True}
            for name in names
        ),
    )


def _volumes(deployment: MCPServerDeployment) -> pod.Needs:
    return pod.Needs(volumes=tuple(deployment.volumes), mounts=tuple(deployment.volume_mounts))


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


def _repository(image: str) -> str:
    return image.partition("@")[0].rpartition("/")[2].partition(":")[0]
