"""The tools of one MCP server, as the agent loop takes them.

A server that is away does not stop the agent: its last known tools stay on offer (or, if it was
never seen, the configured names), and calling one gives the model an error to work with.
"""

import json
import logging
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mcp import MCPError
from mcp.types import CallToolResult, ImageContent, TextContent, Tool
from pydantic_ai import BinaryContent, RunContext, ToolDefinition
from pydantic_ai.exceptions import ApprovalRequired, ToolFailed
from pydantic_ai.toolsets.abstract import AbstractToolset, ToolsetTool
from pydantic_ai.toolsets.external import TOOL_SCHEMA_VALIDATOR

from controller.definitions.agentconfig import HttpMcpServer, SseMcpServer
from controller.errors import TransientError
from controller.runtime import headers
from controller.runtime.mcpconnection import Connection
from controller.runtime.turns import Turn

_log = logging.getLogger(__name__)

_FRESH_S = 60.0
"""Seconds for which a list of tools is believed."""
_RETRY_S = 5.0
"""Seconds for which a server that failed is left alone, so that turns do not wait for it."""
_MAX_CONNECTIONS = 32
"""Connections to one server: one for each set of headers that callers bring along."""


@dataclass(slots=True)
class _Listing:
    """What is known of the server's tools."""

    tools: tuple[Tool, ...] = ()
    known_until: float = 0.0
    problem: str = ""


class McpTools(AbstractToolset[Turn]):
    """One MCP server's tools."""

    def __init__(
        self, server: HttpMcpServer | SseMcpServer, fixed_headers: Mapping[str, str]
    ) -> None:
        self._server = server
        self._fixed = fixed_headers
        self._approval = frozenset(server.require_approval or ())
        self._listing = _Listing()
        self._connections: OrderedDict[tuple[tuple[str, str], ...], Connection] = OrderedDict()

    @property
    def id(self) -> str:
        """The server's address, unique in an agent's configuration."""
        return self._server.params.url

    @property
    def names_tools(self) -> bool:
        """Whether the configuration says which tools are meant, rather than all."""
        return bool(self._server.tools)

    @property
    def problem(self) -> str:
        """Why the server could not be asked the last time; empty when it could."""
        return self._listing.problem

    async def get_tools(self, ctx: RunContext[Turn]) -> dict[str, ToolsetTool[Turn]]:
        """The tools that the agent may use."""
        await self._refresh(ctx.deps)
        return {tool.name: self._offered(tool) for tool in self._permitted()}

    async def call_tool(
        self, name: str, tool_args: dict[str, Any], ctx: RunContext[Turn], tool: ToolsetTool[Turn]
    ) -> Any:
        """Call a tool on the server, after approval where it is required."""
        del tool
        if name in self._approval and not ctx.tool_call_approved:
            raise ApprovalRequired
        connection = await self._connection(ctx.deps)
        try:
            return _content(await connection.call(name, tool_args))
        except MCPError as error:
            raise ToolFailed(f"The tool server refused the call: {error.message}") from error
        except TransientError as error:
            self._failed(error)
            raise ToolFailed(f"The tool server is not available: {error}") from error

    async def close(self) -> None:
        """End all sessions with the server."""
        for connection in self._connections.values():
            await connection.close()
        self._connections.clear()

    async def _refresh(self, turn: Turn) -> None:
        if time.monotonic() < self._listing.known_until:
            return
        try:
            connection = await self._connection(turn)
            tools = await connection.tools()
        except (TransientError, MCPError) as error:
            self._failed(error)
        else:
            self._listing = _Listing(tuple(tools), time.monotonic() + _FRESH_S)

    def _failed(self, error: Exception) -> None:
        _log.warning("mcp_server_unavailable", extra={"url": self.id, "reason": str(error)})
        self._listing.problem = str(error)
        self._listing.known_until = time.monotonic() + _RETRY_S

    def _permitted(self) -> Sequence[Tool]:
        known = {tool.name: tool for tool in self._listing.tools}
        if not self._server.tools:
            return list(known.values())
        if not known:
            return [_unknown(name) for name in self._server.tools]
        return [known[name] for name in self._server.tools if name in known]

    def _offered(self, tool: Tool) -> ToolsetTool[Turn]:
        definition = ToolDefinition(
            name=tool.name,
            description=tool.description,
            parameters_json_schema=dict(tool.input_schema),
        )
        # Any arguments pass: the server checks them, a second check could only disagree with it.
        return ToolsetTool(
            toolset=self, tool_def=definition, max_retries=1, args_validator=TOOL_SCHEMA_VALIDATOR
        )

    async def _connection(self, turn: Turn) -> Connection:
        passed = headers.passed_on(self._server.allowed_headers, turn.caller.headers)
        key = tuple(sorted(passed.items()))
        connection = self._connections.get(key)
        if connection is None:
            connection = Connection(self._server, {**self._fixed, **passed})
            self._connections[key] = connection
        self._connections.move_to_end(key)
        if len(self._connections) > _MAX_CONNECTIONS:
            _, oldest = self._connections.popitem(last=False)
            await oldest.close()
        return connection


def _unknown(name: str) -> Tool:
    """A tool that the configuration names and no server has described yet."""
    return Tool(
        name=name,
        description="Currently not available.",
        input_schema={"type": "object", "properties": {}, "additionalProperties": True},
    )


def _content(result: CallToolResult) -> Any:
    """A tool's answer for the model: text as it is, images as images, the rest as JSON."""
    texts = [block.text for block in result.content if isinstance(block, TextContent)]
    if result.is_error:
        raise ToolFailed("\n".join(texts) or "The tool failed without a message.")
    if not result.content and result.structured_content is not None:
        return result.structured_content
    if len(texts) == len(result.content):
        return "\n".join(texts)
    return [_block(block) for block in result.content]


def _block(block: Any) -> Any:
    if isinstance(block, TextContent):
        return block.text
    if isinstance(block, ImageContent):
        return BinaryContent.from_data_uri(f"data:{block.mime_type};base64,{block.data}")
    return json.dumps(block.model_dump(mode="json", by_alias=True, exclude_none=True))
