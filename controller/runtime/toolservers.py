"""The MCP servers of an agent: their library is loaded while the agent already answers.

It takes half a second and 20 MB, so an agent without MCP servers never loads it, and one with them
is ready before it is there; the first turn waits for it if it must.
"""

import asyncio
import importlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, cast

from controller.definitions.agentconfig import AgentConfig, HttpMcpServer, SseMcpServer
from controller.runtime import headers

if TYPE_CHECKING:
    from controller.runtime.mcptools import McpTools


class ToolServers:
    """All MCP servers that config.json names."""

    def __init__(self, config: AgentConfig, environment: Mapping[str, str]) -> None:
        """Remember the servers.

        Raises:
            PermanentError: a header refers to an environment variable that is not set.
        """
        servers: list[HttpMcpServer | SseMcpServer] = [*(config.http_tools or ())]
        servers += config.sse_tools or ()
        self._servers = [
            (server, headers.resolved(server.params.headers, environment, owner=_owner(server)))
            for server in servers
        ]
        self._loading: asyncio.Task[Sequence[McpTools]] | None = None

    def start(self) -> None:
        """Begin to load, without waiting for it."""
        self._loading = asyncio.create_task(self._load())

    async def toolsets(self) -> "Sequence[McpTools]":
        """One toolset a server, once they are loaded."""
        if self._loading is None:
            self.start()
        return await asyncio.shield(cast("asyncio.Task[Sequence[McpTools]]", self._loading))

    def problems(self) -> dict[str, str]:
        """Servers that could not be reached the last time, by address."""
        if self._loading is None or not self._loading.done():
            return {}
        return {tools.id: tools.problem for tools in self._loading.result() if tools.problem}

    async def close(self) -> None:
        """End all sessions."""
        for tools in await self.toolsets():
            await tools.close()

    async def _load(self) -> "Sequence[McpTools]":
        if not self._servers:
            return ()
        module = await asyncio.to_thread(importlib.import_module, "controller.runtime.mcptools")
        return [module.McpTools(server, fixed) for server, fixed in self._servers]


def _owner(server: HttpMcpServer | SseMcpServer) -> str:
    return f"MCP server {server.params.url}"
