"""`/mcp`: the controller's own MCP server, made when the first client comes.

The MCP library is slow to import, and most controllers never meet an MCP client. Sessions are not
kept: a request needs no memory of the one before, and clients survive a restart of Roster.
"""

import asyncio
from contextlib import suppress
from types import ModuleType
from typing import Any

import httpx
from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from controller.a2a import conversation, sites
from controller.api import caller
from controller.api.services import Services
from controller.mcp.roster import Roster

_TIMEOUT_S = 30.0
"""A comparison with the cluster takes its time."""
_FOREIGN = {
    "error": "ForeignOrigin",
    "message": "The request was sent by a page of another site.",
    "remedy": "Use an MCP client, or a page of this address.",
}


class MCPEndpoint:
    """The server as an ASGI application, from its first request to `close`."""

    def __init__(self, given: Services) -> None:
        self._given = given
        self._app: asyncio.Future[ASGIApp] | None = None
        self._holder: asyncio.Task[None] | None = None
        self._closing = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; one that a browser sends for a page of another site is refused."""
        if _is_foreign(Headers(scope=scope)):
            await JSONResponse(_FOREIGN, status_code=403)(scope, receive, send)
            return
        if self._app is None:
            self._app = asyncio.get_running_loop().create_future()
            self._holder = asyncio.create_task(self._hold(self._app))
        app = await asyncio.shield(self._app)
        await app(scope, receive, send)

    async def close(self) -> None:
        """End what clients have open."""
        self._closing.set()
        if self._holder is not None:
            with suppress(asyncio.CancelledError):
                await self._holder

    async def _hold(self, made: "asyncio.Future[ASGIApp]") -> None:
        try:
            await self._serve(made)
        finally:
            # Whoever still waits must not wait for ever; the next client tries anew.
            made.cancel()
            self._app = None

    async def _serve(self, made: "asyncio.Future[ASGIApp]") -> None:
        """Keep the server's tasks, which must end where they began."""
        server = await asyncio.to_thread(_server)
        api = httpx.AsyncClient(
            base_url=self._given.own_url(),
            timeout=_TIMEOUT_S,
            trust_env=False,
            headers={caller.HEADER: "mcp"},
        )
        roster = Roster(api, conversation.say)
        mcp = server.create(roster, version=self._given.version, may_sync=self._given.mcp_sync)
        # Hosts and origins are checked before: here, and by the server for its address.
        app = mcp.streamable_http_app(stateless_http=True, transport_security=_unchecked())
        try:
            async with mcp.session_manager.run():
                made.set_result(app)
                await self._closing.wait()
        finally:
            await roster.close()


def _is_foreign(headers: Headers) -> bool:
    return sites.is_foreign(
        site=headers.get("sec-fetch-site"),
        origin=headers.get("origin"),
        host=headers.get("host", ""),
    )


def _server() -> ModuleType:
    from controller.mcp import server  # noqa: PLC0415 - see above

    return server


def _unchecked() -> Any:
    from mcp.server.transport_security import TransportSecuritySettings  # noqa: PLC0415 - see above

    return TransportSecuritySettings(enable_dns_rebinding_protection=False)
