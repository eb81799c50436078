"""Asking MCP servers, by streamable HTTP and SSE, one connection a question.

The library's client must be left by the task that entered it; here both happen in one coroutine.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from time import perf_counter
from typing import Any, TypeVar

import httpx2
from mcp import Client, MCPError
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamable_http_client
from mcp.types import Tool

from controller.errors import PermanentError, TransientError
from controller.mcp.way import Answer, Listed, Listing, Way

MAX_TOOLS = 1000
"""More are not kept: no agent can use as many, and a server must not fill the memory."""
_MAX_PAGES = 100
_REFUSALS = frozenset({401, 403, 429, 502, 503, 504})
"""HTTP statuses that mean nothing in the protocol: no server was reached, or it will not talk."""

T = TypeVar("T")


async def list_tools(way: Way) -> Listing:
    """Ask a server for all its tools.

    Raises:
        TransientError: it cannot be reached, does not answer in time, or not as the protocol says.
    """

    async def ask(client: Client) -> Listing:
        begun = perf_counter()
        found, cursor = [], None
        for _ in range(_MAX_PAGES):
            page = await client.list_tools(cursor=cursor)
            found += page.tools
            cursor = page.next_cursor
            if not cursor or len(found) >= MAX_TOOLS:
                break
        info = client.server_info
        return Listing(
            tools=tuple(_listed(tool) for tool in found[:MAX_TOOLS]),
            server_name=info.name if info else "",
            server_version=info.version if info else "",
            protocol_version=str(client.protocol_version or ""),
            latency_s=perf_counter() - begun,
        )

    return await _asked(way, ask)


async def call_tool(way: Way, name: str, arguments: Mapping[str, Any]) -> Answer:
    """Call a tool.

    Raises:
        TransientError: the server cannot be reached or does not answer in time.
        PermanentError: the server refuses the call.
    """

    async def ask(client: Client) -> Answer:
        result = await client.call_tool(name, dict(arguments))
        return Answer(
            content=tuple(
                block.model_dump(mode="json", by_alias=True, exclude_none=True)
                for block in result.content
            ),
            structured=result.structured_content,
            is_error=bool(result.is_error),
        )

    return await _asked(way, ask)


async def _asked(way: Way, ask: Callable[[Client], Awaitable[T]]) -> T:
    try:
        async with asyncio.timeout(way.timeout_s), _session(way) as client:
            return await ask(client)
    except TimeoutError as error:
        raise TransientError(f"It did not answer within {way.timeout_s:g} s.") from error
    except Exception as error:
        cause = _cause(error)
        if isinstance(cause, MCPError):
            raise PermanentError(f"It refused: {cause.message}") from error
        if isinstance(cause, httpx2.TimeoutException):
            raise TransientError(f"It did not answer within {way.timeout_s:g} s.") from error
        raise TransientError(f"It cannot be reached: {_reason(cause)}.") from error


@asynccontextmanager
async def _session(way: Way) -> AsyncIterator[Client]:
    async with AsyncExitStack() as stack:
        if way.is_sse:
            transport: Any = sse_client(
                way.url,
                timeout=way.timeout_s,
                sse_read_timeout=way.timeout_s,
                httpx_client_factory=lambda headers=None, timeout=None, auth=None: _http(  # noqa: ARG005 - the library's signature; nothing here signs in
                    way, headers
                ),
            )
        else:
            http = await stack.enter_async_context(_http(way, None))
            transport = streamable_http_client(way.url, http_client=http)
        yield await stack.enter_async_context(Client(transport, cache=None))


def _http(way: Way, headers: Mapping[str, str] | None) -> httpx2.AsyncClient:
    carrier = httpx2.AsyncHTTPTransport(verify=way.tls, trust_env=False)
    return httpx2.AsyncClient(
        headers={**way.headers, **(headers or {})},
        timeout=httpx2.Timeout(way.timeout_s, connect=min(5.0, way.timeout_s)),
        transport=_Below(carrier, way.prefix),
        trust_env=False,
    )


class _Below(httpx2.AsyncBaseTransport):
    """Sends what a server behind a relay calls `/messages` to where the relay has it.

    A server of the older transport names the address for messages, and knows nothing of the
    relay's path before its own. Refusals become errors with their status, which the library hides.
    """

    def __init__(self, carrier: httpx2.AsyncBaseTransport, prefix: str) -> None:
        self._carrier = carrier
        self._prefix = prefix.rstrip("/").encode()

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        path = request.url.raw_path
        if not path.startswith(self._prefix + b"/"):
            request.url = request.url.copy_with(raw_path=self._prefix + path)
        answer = await self._carrier.handle_async_request(request)
        if answer.status_code in _REFUSALS:
            await answer.aclose()
            raise httpx2.ReadError(f"HTTP status {answer.status_code}", request=request)
        return answer

    async def aclose(self) -> None:
        await self._carrier.aclose()


def _listed(tool: Tool) -> Listed:
    content = tool.model_dump(mode="json", by_alias=True, exclude_none=True)
    return Listed(
        name=tool.name,
        description=tool.description or "",
        input_schema=content.get("inputSchema") or {},
        output_schema=content.get("outputSchema"),
        annotations=content.get("annotations"),
    )


def _cause(error: BaseException) -> BaseException:
    """Give what happened: the library wraps it in groups of one."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def _reason(error: BaseException) -> str:
    if isinstance(error, httpx2.HTTPStatusError):
        # Its text holds the address, which leads through the API server.
        return f"HTTP status {error.response.status_code}"
    return str(error).rstrip(".") or type(error).__name__
