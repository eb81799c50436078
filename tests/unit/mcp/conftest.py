"""MCP servers made with the official library, on loopback."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
import uvicorn
from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from starlette.applications import Starlette
from starlette.routing import Mount


@contextmanager
def running(app: Any) -> Iterator[str]:
    """The address of an ASGI application."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        config = uvicorn.Config(app, log_level="critical", timeout_graceful_shutdown=1)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        yield url
        server.should_exit = True
        thread.join(20)
        assert not thread.is_alive()


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
        yield lambda app: stack.enter_context(running(app))


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
def unused_port() -> int:
    """A port at which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
