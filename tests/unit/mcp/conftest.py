"""MCP servers made with the official library, on loopback."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from loopback import refusing, running
from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from starlette.applications import Starlette
from starlette.routing import Mount


def tools() -> MCPServer:
    server = MCPServer("calculator", version="2.0")

    @server.tool()
    def add(a: int, b: int) -> int:
        """Add two numbers."""
        return a + b

    @server.tool()
    def fail() -> str:
        """Fail."""
        raise ToolError("it broke")

    return server


@pytest.fixture
def serve() -> Iterator[Callable[[Any], str]]:
    """Run ASGI applications to the end of the test; gives their addresses."""
    with ExitStack() as stack:
        yield lambda app: stack.enter_context(running(lambda _: app, log_level="critical"))


@pytest.fixture
def http_url(serve: Callable[[Any], str]) -> str:
    """A server that speaks streamable HTTP."""
    return f"{serve(tools().streamable_http_app())}/mcp"


@pytest.fixture
def sse_url(serve: Callable[[Any], str]) -> str:
    """A server that speaks the older transport."""
    return f"{serve(tools().sse_app())}/sse"


@pytest.fixture
def relayed_sse_url(serve: Callable[[Any], str]) -> str:
    """The same behind a relay that shows it below a path of which it knows nothing."""
    server = tools().sse_app()

    async def below(scope: Any, receive: Any, send: Any) -> None:
        await server(
            {**scope, "root_path": "", "path": scope["path"][len("/proxy/x") :]}, receive, send
        )

    return f"{serve(Starlette(routes=[Mount('/proxy/x', below)]))}/proxy/x/sse"


@pytest.fixture
def unused_port() -> Iterator[int]:
    """A port at which nobody listens."""
    with refusing() as port:
        yield port
