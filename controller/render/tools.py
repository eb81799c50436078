"""An agent's tools -> `http_tools`, `sse_tools` and `remote_agents` of config.json."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from controller.definitions import agentconfig, durations
from controller.definitions.agent import AgentReference, AgentSpec, McpServerTool, Tool
from controller.definitions.catalog import Path
from controller.definitions.findings import DefinitionId
from controller.render import headers, pod, toolservers
from controller.render.problems import RenderError
from controller.render.sources import Sources, plain_id
from controller.render.toolservers import ToolServer


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
        owner=server.id.namespace,
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
    if server.protocol == toolservers.SSE:
        params = agentconfig.SseConnection(**connection)
        sse = agentconfig.SseMcpServer(params=params, **rest)
        return Tools(sse=(sse,), needs=needs + certificate)
    if server.terminate_on_close is not None:
        connection["terminate_on_close"] = server.terminate_on_close
    http = agentconfig.HttpMcpServer(params=agentconfig.HttpConnection(**connection), **rest)
    return Tools(http=(http,), needs=needs + certificate)


def _connection(server: ToolServer, sent: Mapping[str, str]) -> dict[str, Any]:
    connection: dict[str, Any] = {"url": server.url, "headers": sent or None}
    if server.timeout:
        connection["timeout"] = durations.seconds(server.timeout)
    if server.sse_read_timeout:
        connection["sse_read_timeout"] = durations.seconds(server.sse_read_timeout)
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


def _server(tool: McpServerTool, namespace: str, sources: Sources, path: Path) -> ToolServer:
    place = tool.namespace or namespace
    kind = tool.kind or "MCPServer"
    if kind == "Service":
        return _service(tool.name, place, sources, path)
    found = sources.find(DefinitionId(kind=kind, namespace=place, name=tool.name))
    server = toolservers.of(found) if found else None
    if server is None:
        raise _nowhere(kind, place, tool.name, path)
    return server


def _service(name: str, namespace: str, sources: Sources, path: Path) -> ToolServer:
    service = sources.service(namespace, name)
    if service is None:
        raise sources.unknown(
            "missing-service",
            f"a tool is the Service {namespace}/{name}",
            remedy="Add it, or correct name and namespace.",
            path=path,
        )
    server = toolservers.of_service(plain_id("Service", namespace, name), service)
    if server is None:
        raise RenderError(
            "no-mcp-port",
            f"the Service {namespace}/{name} does not say on which of its ports it serves MCP",
            remedy=f"Annotate it with {toolservers.SERVICE}-port,"
            " or give the port the appProtocol mcp.",
            path=path,
        )
    return server


def _nowhere(kind: str, namespace: str, name: str, path: Path) -> RenderError:
    return RenderError(
        "missing-reference",
        f"there is no {kind} {namespace}/{name} in the repository",
        remedy="Add it, or correct kind, name and namespace.",
        path=path,
    )
