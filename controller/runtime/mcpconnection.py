"""A kept connection to an MCP server.

The MCP library's client must be left by the task that entered it, so each connection lives in a
task of its own; calls come from whichever turn needs them. A connection that failed is dropped, and
the next caller opens another: a server that restarts costs at most one failed call.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import httpx2
from mcp import Client, MCPError
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamable_http_client
from mcp.types import CallToolResult, Tool

from controller.definitions.agentconfig import HttpMcpServer, SseMcpServer
from controller.errors import TransientError
from controller.runtime import tls

_DEFAULT_READ_S = 300.0
_STATUS_HIDDEN = "Server returned an error response"
"""All that the MCP library tells of an HTTP status that is an error, except of 404."""


class Connection:
    """One session with one server, under one set of headers."""

    def __init__(self, server: HttpMcpServer | SseMcpServer, headers: Mapping[str, str]) -> None:
        self._server = server
        self._headers = dict(headers)
        self._read_s = server.params.sse_read_timeout or _DEFAULT_READ_S
        self._holder: asyncio.Task[None] | None = None
        self._client: asyncio.Future[Client] | None = None
        self._leave = asyncio.Event()
        self._last_refusal = 0
        """The latest HTTP status that was an error."""

    async def tools(self) -> list[Tool]:
        """All tools that the server offers.

        Raises:
            TransientError: the server cannot be reached or does not answer in time.
        """

        async def listed(client: Client) -> list[Tool]:
            found: list[Tool] = []
            cursor = None
            while True:
                page = await client.list_tools(cursor=cursor)
                found += page.tools
                cursor = page.next_cursor
                if not cursor:
                    return found

        return await self._ask(listed, self._server.params.timeout)  # type: ignore[no-any-return]  # what `listed` returns

    async def call(self, name: str, arguments: dict[str, Any]) -> CallToolResult:
        """A tool's answer.

        Raises:
            TransientError: the server cannot be reached or does not answer in time.
            MCPError: the server refuses the call.
        """
        return await self._ask(  # type: ignore[no-any-return]  # what `call_tool` returns
            lambda client: client.call_tool(name, arguments), self._read_s
        )

    async def close(self) -> None:
        """End the session; the connection can be used again afterwards."""
        holder, self._holder, self._client = self._holder, None, None
        self._leave.set()
        if holder is not None:
            holder.cancel()
            await asyncio.gather(holder, return_exceptions=True)

    async def _ask(self, question: Any, limit_s: float) -> Any:
        try:
            return await self._answer(question, limit_s)
        except _SessionLostError:
            # The server was restarted and does not know the session: nothing was done yet.
            await self.close()
            return await self._answer(question, limit_s)

    async def _answer(self, question: Any, limit_s: float) -> Any:
        url = self._server.params.url
        client = await self._connected()
        try:
            async with asyncio.timeout(limit_s):
                return await question(client)
        except MCPError as error:
            if _is_lost_session(error):
                raise _SessionLostError from error
            if error.message == _STATUS_HIDDEN:
                raise TransientError(f"{url} failed: {self._reason(error)}.") from error
            raise
        except TimeoutError as error:
            raise TransientError(f"{url} did not answer within {limit_s:g} s.") from error
        except Exception as error:
            await self.close()
            raise TransientError(f"{url} failed: {self._reason(error)}.") from error

    async def _connected(self) -> Client:
        if self._holder is None or self._holder.done() or self._client is None:
            self._leave = asyncio.Event()
            self._client = asyncio.get_running_loop().create_future()
            self._holder = asyncio.create_task(self._hold(self._client, self._leave))
        url, limit_s = self._server.params.url, self._server.params.timeout
        try:
            async with asyncio.timeout(limit_s):
                return await asyncio.shield(self._client)
        except TimeoutError as error:
            await self.close()
            raise TransientError(f"{url} did not answer within {limit_s:g} s.") from error
        except Exception as error:
            await self.close()
            raise TransientError(f"{url} cannot be reached: {self._reason(error)}.") from error

    async def _hold(self, ready: "asyncio.Future[Client]", leave: asyncio.Event) -> None:
        try:
            async with self._session() as client:
                ready.set_result(client)
                await leave.wait()
        except Exception as error:  # noqa: BLE001 - whoever waits for the session gets it
            if not ready.done():
                ready.set_exception(error)
                ready.exception()

    @asynccontextmanager
    async def _session(self) -> AsyncIterator[Client]:
        params = self._server.params
        async with AsyncExitStack() as stack:
            if isinstance(self._server, SseMcpServer):
                transport: Any = sse_client(
                    params.url,
                    timeout=params.timeout,
                    sse_read_timeout=self._read_s,
                    httpx_client_factory=self._http_client,
                )
            else:
                http = await stack.enter_async_context(self._http_client())
                transport = streamable_http_client(
                    params.url,
                    http_client=http,
                    terminate_on_close=self._server.params.terminate_on_close,
                )
            yield await stack.enter_async_context(Client(transport))

    def _http_client(
        self,
        headers: dict[str, str] | None = None,
        timeout: httpx2.Timeout | None = None,
        auth: httpx2.Auth | None = None,
    ) -> httpx2.AsyncClient:
        """A client that honours the environment's proxies, with this server's headers and TLS."""
        return httpx2.AsyncClient(
            headers={**self._headers, **(headers or {})},
            timeout=timeout or httpx2.Timeout(self._server.params.timeout, read=self._read_s),
            auth=auth,
            verify=tls.verification(
                disabled=self._server.params.tls_insecure_skip_verify,
                ca_file=self._server.params.tls_ca_cert_path,
                no_system_cas=self._server.params.tls_disable_system_cas,
            ),
            event_hooks={"response": [self._note_refusal]},
        )

    async def _note_refusal(self, response: httpx2.Response) -> None:
        if response.is_error:
            self._last_refusal = response.status_code

    def _reason(self, error: BaseException) -> str:
        """The innermost cause: the library wraps what happened in groups of one."""
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        if isinstance(error, MCPError) and error.message == _STATUS_HIDDEN:
            return f"HTTP status {self._last_refusal}"
        return str(error) or type(error).__name__


class _SessionLostError(Exception):
    """The server does not know the session any more."""


def _is_lost_session(error: MCPError) -> bool:
    return "session" in error.message.lower()
