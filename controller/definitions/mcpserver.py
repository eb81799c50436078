"""The kinds RemoteMCPServer (kagent.dev/v1alpha2) and MCPServer (kagent.dev/v1alpha1, of kmcp).

A RemoteMCPServer is an address; an MCPServer is a workload that is deployed. Rules that span fields
are in `definitions.checks.mcpserver`.
"""

from typing import Literal

from pydantic import Field

from controller.definitions.schema import DURATION, Model, Object, Opt
from controller.definitions.shared import (
    TLS,
    AllowedNamespaces,
    LocalReference,
    ServiceAccountConfig,
    ValueRef,
)


class RemoteMCPServerSpec(Model):
    """An MCP server that runs elsewhere."""

    description: str = Field(description="What its tools are for.")
    protocol: Literal["SSE", "STREAMABLE_HTTP"] = Field(
        default="STREAMABLE_HTTP", description="Transport that it speaks."
    )
    url: str = Field(min_length=1, description="Its address.")
    headers_from: list[ValueRef] = Field(
        default_factory=list, description="Headers sent with every request."
    )
    timeout: str = Field(
        default="30s", pattern=DURATION, description="Time limit of a request, such as 30s."
    )
    sse_read_timeout: Opt[str] = Field(
        default=None, pattern=DURATION, description="Longest silence on a stream, such as 5m."
    )
    terminate_on_close: bool = Field(
        default=True, description="End the session at the server when the agent closes it."
    )
    allowed_namespaces: Opt[AllowedNamespaces] = Field(
        default=None, description="Whose agents may use this server."
    )
    tls: Opt[TLS] = Field(default=None, description="How the server's certificate is checked.")


class InitContainer(Model):
    """The init container that puts the transport adapter in place."""

    image: Opt[str] = Field(default=None, description="Its image.")
    image_pull_policy: Opt[Literal["Always", "Never", "IfNotPresent"]] = Field(
        default=None, description="When its image is pulled."
    )
    resources: Opt[Object] = Field(default=None, description="Its requests and limits.")
    security_context: Opt[Object] = Field(default=None, description="Its security context.")


class MCPServerDeployment(Model):
    """The workload of an MCP server."""

    image: Opt[str] = Field(
        default=None, description="Image; may be left out where `cmd` is uvx or npx."
    )
    image_pull_policy: Opt[Literal["Always", "Never", "IfNotPresent"]] = Field(
        default=None, description="When the image is pulled."
    )
    port: int = Field(default=3000, ge=1, le=65535, description="Port of the Service.")
    cmd: Opt[str] = Field(default=None, description="Command that starts the server.")
    args: list[str] = Field(default_factory=list, description="Arguments of the command.")
    env: dict[str, str] = Field(
        default_factory=dict, description="Environment variables; Secrets go in `secretRefs`."
    )
    secret_refs: list[LocalReference] = Field(
        default_factory=list, description="Secrets whose keys become environment variables."
    )
    config_map_refs: list[LocalReference] = Field(
        default_factory=list, description="ConfigMaps mounted below /configmaps."
    )
    volumes: list[Object] = Field(default_factory=list, description="Volumes of the pod.")
    volume_mounts: list[Object] = Field(
        default_factory=list, description="Volume mounts of the server's container."
    )
    init_container: Opt[InitContainer] = Field(
        default=None, description="Settings of the init container."
    )
    service_account: Opt[ServiceAccountConfig] = Field(
        default=None, description="Labels and annotations of the service account that is made."
    )
    service_account_name: Opt[str] = Field(
        default=None, description="Existing service account, instead of one made for the server."
    )
    sidecars: list[Object] = Field(
        default_factory=list, description="Containers beside the server's."
    )
    labels: dict[str, str] = Field(default_factory=dict, description="Labels of the pod.")
    annotations: dict[str, str] = Field(default_factory=dict, description="Annotations of the pod.")
    resources: Opt[Object] = Field(
        default=None, description="Requests and limits of the server's container."
    )
    security_context: Opt[Object] = Field(
        default=None, description="Security context of the server's container."
    )
    pod_security_context: Opt[Object] = Field(
        default=None, description="Security context of the pod."
    )
    tolerations: list[Object] = Field(default_factory=list, description="Tolerations of the pod.")
    affinity: Opt[Object] = Field(default=None, description="Affinity of the pod.")
    node_selector: dict[str, str] = Field(
        default_factory=dict, description="Labels that a node must have."
    )
    replicas: int = Field(default=1, ge=0, le=2**31 - 1, description="Number of pods.")
    image_pull_secrets: list[Object] = Field(
        default_factory=list, description="Secrets for pulling images, each as `{name: …}`."
    )


class StdioTransport(Model):
    """The server speaks on standard input and output; it has no settings."""


class HttpTransportTLS(Model):
    """TLS between the adapter and the server."""

    secret_ref: Opt[str] = Field(default=None, description="Secret with the certificate.")
    insecure_skip_verify: bool = Field(default=False, description="Accept any certificate.")


class HttpTransport(Model):
    """The server speaks streamable HTTP."""

    target_port: Opt[int] = Field(
        default=None, ge=1, le=65535, description="Port that the server listens on."
    )
    path: Opt[str] = Field(default=None, description="Path of its endpoint; /mcp if left out.")
    tls: Opt[HttpTransportTLS] = Field(default=None, description="TLS of the server.")


class MCPServerSpec(Model):
    """An MCP server that is deployed in the cluster."""

    deployment: MCPServerDeployment = Field(description="Its workload.")
    transport_type: Opt[Literal["stdio", "http"]] = Field(
        default=None, description="How the server speaks: stdio (default) or http."
    )
    stdio_transport: Opt[StdioTransport] = Field(
        default=None, description="Settings of the transport stdio."
    )
    http_transport: Opt[HttpTransport] = Field(
        default=None, description="Settings of the transport http."
    )
    timeout: str = Field(
        default="30s", pattern=DURATION, description="Time limit of a request, such as 30s."
    )
