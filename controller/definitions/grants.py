"""Which tools agents may use: what `spec.declarative.tools` grants, by server."""

from collections.abc import Iterator
from dataclasses import dataclass

from controller.definitions.agent import AgentSpec, McpServerTool
from controller.definitions.catalog import Catalog, Definition, Path
from controller.definitions.findings import DefinitionId
from controller.definitions.kinds import KAGENT


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """Tools of one server that one agent may use."""

    agent: DefinitionId
    server: DefinitionId
    tools: tuple[str, ...] = ()
    """By name; empty for all that the server has."""
    approval: tuple[str, ...] = ()
    """Those that wait for a person's approval."""
    path: Path = ()
    """Where it stands in the agent's document."""

    def covers(self, tool: str) -> bool:
        """Tell whether the agent may use a tool."""
        return not self.tools or tool in self.tools


def of(definition: Definition) -> Iterator[Grant]:
    """Give the grants of an agent; none for other kinds."""
    declarative = definition.spec.declarative if isinstance(definition.spec, AgentSpec) else None
    for index, tool in enumerate(declarative.tools if declarative else ()):
        if tool.mcp_server is not None:
            yield Grant(
                agent=definition.id,
                server=_server(tool.mcp_server, definition.id.namespace),
                tools=tuple(tool.mcp_server.tool_names),
                approval=tuple(tool.mcp_server.require_approval),
                path=("spec", "declarative", "tools", index, "mcpServer"),
            )


def all_of(catalog: Catalog) -> Iterator[Grant]:
    """Give the grants of every agent of a revision."""
    for definition in catalog.definitions.values():
        yield from of(definition)


def _server(tool: McpServerTool, namespace: str) -> DefinitionId:
    kind = tool.kind or "MCPServer"
    group = "" if kind == "Service" else KAGENT
    return DefinitionId(kind, tool.namespace or namespace, tool.name, group)
