"""A definition -> the MCP server that it stands for, as an address and how it is spoken to.

Three kinds do: RemoteMCPServer is an address, MCPServer is a workload behind a Service, and a
Service may say by its annotations that it serves MCP.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from controller.definitions.catalog import Definition
from controller.definitions.findings import DefinitionId
from controller.definitions.mcpserver import MCPServerSpec, RemoteMCPServerSpec
from controller.definitions.shared import TLS, ValueRef
from controller.objects import Manifest, metadata
from controller.render import mcpservers

SSE = "SSE"
STREAMABLE_HTTP = "STREAMABLE_HTTP"
SERVICE = "kagent.dev/mcp-service"
"""Label with which a Service says that it serves MCP; with a dash after it, the prefix of the
annotations that say how."""
_DISCOVERY = "kagent.dev/discovery"
"""Label: `disabled` keeps a server from being asked for its tools."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolServer:
    """An MCP server of any kind."""

    id: DefinitionId
    url: str
    protocol: str = STREAMABLE_HTTP
    timeout: str | None = None
    sse_read_timeout: str | None = None
    terminate_on_close: bool | None = None
    headers_from: tuple[ValueRef, ...] = ()
    tls: TLS | None = None


def of(definition: Definition) -> ToolServer | None:
    """Give the MCP server of a definition.

    None for other kinds, for broken definitions, and for a Service that does not say on which of
    its ports it serves MCP.
    """
    spec, id_ = definition.spec, definition.id
    if isinstance(spec, RemoteMCPServerSpec):
        return ToolServer(
            id=id_,
            url=spec.url,
            protocol=spec.protocol,
            timeout=spec.timeout,
            sse_read_timeout=spec.sse_read_timeout,
            terminate_on_close=spec.terminate_on_close,
            headers_from=tuple(spec.headers_from),
            tls=spec.tls,
        )
    if isinstance(spec, MCPServerSpec):
        port = spec.deployment.port
        url = f"http://{id_.name}.{id_.namespace}:{port}/{mcpservers.path(spec)}"
        return ToolServer(id=id_, url=url, timeout=spec.timeout)
    if definition.is_plain and id_.kind == "Service":
        return of_service(id_, definition.document.data)
    return None


def discovered(definition: Definition) -> ToolServer | None:
    """Give the MCP server of a definition whose tools are to be listed.

    A Service has to ask for it by its label; the other kinds can opt out by theirs.
    """
    labels = metadata.labels(definition.document.data)
    if labels.get(_DISCOVERY) == "disabled":
        return None
    if definition.is_plain and labels.get(SERVICE) != "true":
        return None
    return of(definition)


def of_service(id_: DefinitionId, service: Manifest) -> ToolServer | None:
    """Give the MCP server behind a Service; None where it does not say on which port."""
    notes = metadata.annotations(service)
    port = _service_port(service, notes)
    if port is None:
        return None
    at = notes.get(f"{SERVICE}-path", "/mcp")
    protocol = SSE if notes.get(f"{SERVICE}-protocol") == SSE else STREAMABLE_HTTP
    return ToolServer(
        id=id_, url=f"http://{id_.name}.{id_.namespace}:{port}{at}", protocol=protocol
    )


def _service_port(service: Manifest, notes: Mapping[str, str]) -> int | None:
    if f"{SERVICE}-port" in notes:
        wanted = str(notes[f"{SERVICE}-port"])
        return int(wanted) if wanted.isascii() and wanted.isdigit() else None
    spec = service.get("spec")
    listed = spec.get("ports") if isinstance(spec, Mapping) else None
    ports = [port for port in listed or [] if isinstance(port, Mapping)]
    speaking = [port for port in ports if str(port.get("appProtocol", "")).lower() == "mcp"]
    chosen = ports if len(ports) == 1 else speaking[:1]
    number = chosen[0].get("port") if chosen else None
    return number if isinstance(number, int) else None
