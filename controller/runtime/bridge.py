"""`roster-mcp-bridge -- command args`: a stdio MCP server behind streamable HTTP at `/mcp`.

The command runs as a child for as long as the bridge does; every request is passed to it by the MCP
library's own client. When the child ends or stops answering, so does the bridge: Kubernetes
restarts the container, and nobody waits for a server that is not there.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import mcp.types
import uvicorn
from mcp import Client, MCPError, StdioServerParameters
from mcp.server.lowlevel import Server
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

_PING_EVERY_S = 5.0
_PING_LIMIT_S = 10.0

Handler: TypeAlias = Callable[[Any, Any], Awaitable[Any]]


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until SIGTERM; exit with 1 when the command cannot be started or ends."""
    options = _parser().parse_args(arguments)
    command, *rest = options.command
    child = StdioServerParameters(command=command, args=rest, env=_environment())
    try:
        asyncio.run(_serve(child, options.host, options.port))
    except* (OSError, MCPError, ChildLostError) as group:
        sys.exit(f"roster-mcp-bridge: {command}: {_reason(group)}")


class ChildLostError(Exception):
    """The command ended or no longer answers."""


class Calls:
    """The requests that the command works on at this moment."""

    def __init__(self) -> None:
        self._running = 0

    def are_running(self) -> bool:
        """Tell whether there is any."""
        return self._running > 0

    def counted(self, handler: Handler) -> Handler:
        """Give the handler that counts as running until it has answered."""

        async def count(context: Any, params: Any) -> Any:
            self._running += 1
            try:
                return await handler(context, params)
            finally:
                self._running -= 1

        return count


async def _serve(child: StdioServerParameters, host: str, port: int) -> None:
    # The handshake of the older protocol: every server understands it, and some that are run like
    # this end themselves on anything else.
    async with Client(child, mode="legacy") as client:
        calls = Calls()
        server = uvicorn.Server(
            uvicorn.Config(
                application(client, calls),
                host=host,
                port=port,
                log_level="warning",
                access_log=False,
                timeout_graceful_shutdown=5,
            )
        )
        watch = asyncio.create_task(_watch(client, server, calls))
        await server.serve()
        if watch.done():
            watch.result()
        watch.cancel()


async def _watch(client: Client, server: uvicorn.Server, calls: Calls) -> None:
    """End the bridge when the command answers no more.

    Many servers compute in the thread that also reads: one that works on a request is silent, and
    not dead. Should it die, the request that it works on fails at once.
    """
    while True:
        await asyncio.sleep(_PING_EVERY_S)
        if calls.are_running():
            continue
        try:
            async with asyncio.timeout(_PING_LIMIT_S):
                await client.session.send_ping()
        except Exception as error:
            if calls.are_running():  # it came while the ping was under way
                continue
            server.should_exit = True
            raise ChildLostError("the command ended or does not answer any more") from error


def application(client: Client, calls: Calls) -> Any:
    """The ASGI application that passes requests on to `client`."""
    handlers: dict[str, Any] = {
        name: calls.counted(handler) for name, handler in _handlers(client).items()
    }
    server: Server[Any] = Server(_name(client), **handlers)

    async def health(_: Request) -> Response:
        return PlainTextResponse("OK")

    # The wildcard address switches the Host check off: a pod is reached by its Service's name.
    return server.streamable_http_app(
        stateless_http=True,
        json_response=True,
        host="0.0.0.0",  # noqa: S104 - see above; what is listened on is the caller's choice
        custom_starlette_routes=[Route("/health", health)],
    )


def _name(client: Client) -> str:
    return client.server_info.name if client.server_info else "roster-mcp-bridge"


def _handlers(client: Client) -> dict[str, Handler]:
    """A handler for everything that the child says it can do."""
    can = client.server_capabilities
    handlers: dict[str, Handler] = {}
    if can.tools:
        handlers["on_list_tools"] = _page(client.list_tools)
        handlers["on_call_tool"] = lambda _, params: client.call_tool(
            params.name, params.arguments or {}
        )
    if can.resources:
        handlers["on_list_resources"] = _page(client.list_resources)
        handlers["on_list_resource_templates"] = _page(client.list_resource_templates)
        handlers["on_read_resource"] = lambda _, params: client.read_resource(str(params.uri))
    if can.prompts:
        handlers["on_list_prompts"] = _page(client.list_prompts)
        handlers["on_get_prompt"] = lambda _, params: client.get_prompt(
            params.name, params.arguments
        )
    if can.completions:
        handlers["on_completion"] = lambda _, params: client.complete(
            params.ref, params.argument.model_dump()
        )
    return handlers


def _page(
    ask: Callable[..., Awaitable[Any]],
) -> Callable[[Any, mcp.types.PaginatedRequestParams | None], Awaitable[Any]]:
    async def page(_: Any, params: mcp.types.PaginatedRequestParams | None) -> Any:
        return await ask(cursor=params.cursor if params else None)

    return page


def _environment() -> dict[str, str]:
    """The bridge's own; programs installed beside its interpreter are found without a path."""
    beside = str(Path(sys.executable).parent)
    return {**os.environ, "PATH": os.pathsep.join([beside, os.environ.get("PATH", os.defpath)])}


def _reason(error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return str(error) or type(error).__name__


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="roster-mcp-bridge", description="Serves a stdio MCP server over streamable HTTP."
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=3000, help="port to listen on, default 3000")
    parser.add_argument("command", nargs="+", help="the server's command, after --")
    return parser


if __name__ == "__main__":
    main()
