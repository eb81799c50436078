"""An agent's tools -> `http_tools`, `sse_tools` and `remote_agents` of config.json."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from controller.definitions import agentconfig
from controller.definitions.agent import AgentReference, AgentSpec, McpServerTool, Tool
from controller.definitions.catalog import Path
from controller.definitions.findings import DefinitionId
from controller.definitions.mcpserver import MCPServerSpec, RemoteMCPServerSpec
from controller.definitions.shared import TLS, ValueRef
from controller.objects import Manifest, metadata
from controller.render import headers, mcpservers, pod
from controller.render.problems import RenderError
from controller.render.sources import Sources, plain_id

_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ns|us|µs|ms|s|m|h)")
_SERVICE = "kagent.dev/mcp-service-"
"""Prefix of the annotations with which a Service says that, and how, it serves MCP."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """All tools of an agent, and what they need in its pod."""

    http: tuple[agentconfig.HttpMcpServer, ...] = ()
    sse: tuple[agentconfig.SseMcpServer, ...] = ()
    agents: tuple[agentconfig.RemoteAgent, ...] = ()
    needs: pod.Needs = pod.NOTHING

    def __add__(self, other: "Tools") -> "Tools":
        return Tools(
            http=self.http + other.http,
            sse=self.sse + other.sse,
            agents=self.agents + other.agents,
            needs=self.needs + other.needs,
        )

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the tools of MCP servers that the agent lists, for its prompt."""
        return tuple(name for server in (*self.http, *self.sse) for name in server.tools)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Server:
    """An MCP server of any kind, as an address."""

    namespace: str
    url: str
    protocol: str = "STREAMABLE_HTTP"
    timeout: str | None = None
    sse_read_timeout: str | None = None
    terminate_on_close: bool | None = None
    headers_from: tuple[ValueRef, ...] = ()
    tls: TLS | None = None


def translate(tools: list[Tool], namespace: str, sources: Sources) -> Tools:
    """Translate the tools of an agent in `namespace`.

    Raises:
        RenderError: a tool leads nowhere.
    """
    path: Path = ("spec", "declarative", "tools")
    translated = Tools()
    for index, tool in enumerate(tools):
        translated += _tool(tool, namespace, sources, (*path, index))
    return translated


def seconds(duration: str) -> float:
    """Read one of Go's durations: `1m30s` is 90."""
    return sum(float(amount) * _UNITS[unit] for amount, unit in _DURATION.findall(duration))


def _tool(tool: Tool, namespace: str, sources: Sources, path: Path) -> Tools:
    own, needs = headers.translate(
        tool.headers_from,
        owner=namespace,
        agent=namespace,
        sources=sources,
        path=(*path, "headersFrom"),
    )
    if tool.mcp_server is not None:
        at = (*path, "mcpServer")
        return Tools(needs=needs) + _mcp_server(tool.mcp_server, own, namespace, sources, at)
    if tool.agent is not None:
        agent = _agent(tool, own, namespace, sources, (*path, "agent"))
        return Tools(agents=(agent,), needs=needs)
    return Tools()


def _mcp_server(
    tool: McpServerTool, own: Mapping[str, str], namespace: str, sources: Sources, path: Path
) -> Tools:
    server = _server(tool, namespace, sources, path)
    theirs, needs = headers.translate(
        server.headers_from,
        owner=server.namespace,
        agent=namespace,
        sources=sources,
        path=path,
    )
    _, certificate = pod.certificate(server.tls)
    rest = {
        "tools": tuple(tool.tool_names),
        "allowed_headers": tuple(tool.allowed_headers) or None,
        "require_approval": tuple(tool.require_approval) or None,
    }
    connection = _connection(server, {**theirs, **own}) | pod.tls_fields(server.tls)
    if server.protocol == "SSE":
        params = agentconfig.SseConnection(**connection)
        sse = agentconfig.SseMcpServer(params=params, **rest)
        return Tools(sse=(sse,), needs=needs + certificate)
    if server.terminate_on_close is not None:
        connection["terminate_on_close"] = server.terminate_on_close
    http = agentconfig.HttpMcpServer(params=agentconfig.HttpConnection(**connection), **rest)
    return Tools(http=(http,), needs=needs + certificate)


def _connection(server: _Server, sent: Mapping[str, str]) -> dict[str, Any]:
    connection: dict[str, Any] = {"url": server.url, "headers": sent or None}
    if server.timeout:
        connection["timeout"] = seconds(server.timeout)
    if server.sse_read_timeout:
        connection["sse_read_timeout"] = seconds(server.sse_read_timeout)
    return connection


def _agent(
    tool: Tool, own: Mapping[str, str], namespace: str, sources: Sources, path: Path
) -> agentconfig.RemoteAgent:
    reference = tool.agent or AgentReference(name="")
    place = reference.namespace or namespace
    found = sources.find(DefinitionId(kind="Agent", namespace=place, name=reference.name))
    if found is None or not isinstance(found.spec, AgentSpec):
        raise _nowhere("Agent", place, reference.name, path)
    return agentconfig.RemoteAgent(
        name=agentconfig.agent_identity(place, reference.name),
        url=f"http://{reference.name}.{place}:8080",
        headers=own or None,
        description=found.spec.description or "",
        isolate_sessions=bool(tool.isolate_sessions),
    )


def _server(tool: McpServerTool, namespace: str, sources: Sources, path: Path) -> _Server:
    place = tool.namespace or namespace
    kind = tool.kind or "MCPServer"
    if kind == "Service":
        return _service(tool.name, place, sources, path)
    found = sources.find(DefinitionId(kind=kind, namespace=place, name=tool.name))
    spec = found.spec if found else None
    if isinstance(spec, RemoteMCPServerSpec):
        return _Server(
            namespace=place,
            url=spec.url,
            protocol=spec.protocol,
            timeout=spec.timeout,
            sse_read_timeout=spec.sse_read_timeout,
            terminate_on_close=spec.terminate_on_close,
            headers_from=tuple(spec.headers_from),
            tls=spec.tls,
        )
    if isinstance(spec, MCPServerSpec):
        url = f"http://{tool.name}.{place}:{spec.deployment.port}/{mcpservers.path(spec)}"
        return _Server(namespace=place, url=url, timeout=spec.timeout)
    raise _nowhere(kind, place, tool.name, path)


def _service(name: str, namespace: str, sources: Sources, path: Path) -> _Server:
    found = sources.find(plain_id("Service", namespace, name))
    if found is None:
        raise _nowhere("Service", namespace, name, path)
    service = found.document.data
    notes = metadata.annotations(service)
    port = _service_port(service, notes)
    if port is None:
        raise RenderError(
            "no-mcp-port",
            f"the Service {namespace}/{name} does not say on which of its ports it serves MCP",
            remedy=f"Annotate it with {_SERVICE}port, or give the port the appProtocol mcp.",
            path=path,
        )
    at = notes.get(f"{_SERVICE}path", "/mcp")
    protocol = "SSE" if notes.get(f"{_SERVICE}protocol") == "SSE" else "STREAMABLE_HTTP"
    return _Server(
        namespace=namespace, url=f"http://{name}.{namespace}:{port}{at}", protocol=protocol
    )


def _service_port(service: Manifest, notes: Mapping[str, str]) -> int | None:
    if f"{_SERVICE}port" in notes:
        wanted = str(notes[f"{_SERVICE}port"])
        return int(wanted) if wanted.isascii() and wanted.isdigit() else None
    spec = service.get("spec")
    listed = spec.get("ports") if isinstance(spec, Mapping) else None
    ports = [port for port in listed or [] if isinstance(port, Mapping)]
    speaking = [port for port in ports if str(port.get("appProtocol", "")).lower() == "mcp"]
    chosen = ports if len(ports) == 1 else speaking[:1]
    number = chosen[0].get("port") if chosen else None
    return number if isinstance(number, int) else None


def _nowhere(kind: str, namespace: str, name: str, path: Path) -> RenderError:
    return RenderError(
        "missing-reference",
        f"there is no {kind} {namespace}/{name} in the repository",
        remedy="Add it, or correct kind, name and namespace.",
        path=path,
    )
