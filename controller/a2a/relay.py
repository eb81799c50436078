"""Passing an agent's answer to a client byte by byte, for as long as there is a client."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

import httpx
import orjson
from starlette.types import Message, Receive, Send

from controller.a2a import headers

_LOOK_S = 1.0
"""How often an open answer looks whether the server is stopping."""
_BLANK_LINE = (b"\n\n", b"\r\n\r\n", b"\r\r")
_EVENTS = "text/event-stream"


class Reply:
    """The way back to a client, which knows what was sent on it."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.status = 0
        """HTTP status; 0 until the answer has begun."""

    async def __call__(self, message: Message) -> None:
        """Send a message of ASGI."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
        await self._send(message)


async def while_present(
    work: Coroutine[Any, Any, None], receive: Receive, is_stopping: Callable[[], bool]
) -> None:
    """Do the work to its end, but cancel it when the client goes away or the server stops."""
    doing = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(_disconnected(receive))
    try:
        while not doing.done() and not gone.done() and not is_stopping():
            await asyncio.wait({doing, gone}, timeout=_LOOK_S, return_when="FIRST_COMPLETED")
    finally:
        for task in (gone, doing):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def pass_back(
    answer: httpx.Response, reply: Reply, broken: Callable[[BaseException], Any]
) -> None:
    """Send an agent's answer on as it arrives.

    Args:
        answer: opened and not yet read.
        reply: to the client.
        broken: gives the content of a last event for a stream that ends before its end; None for
            none. Any other answer is cut off, which a client notices by its length.

    Raises:
        httpx.TransportError: the agent broke off, and the client cannot be told in the answer.
    """
    await reply(
        {"type": "http.response.start", "status": answer.status_code, "headers": _raw(answer)}
    )
    end = b"\n\n"
    try:
        async for chunk in answer.aiter_raw():
            await reply({"type": "http.response.body", "body": chunk, "more_body": True})
            end = (end + chunk)[-4:]
    except (httpx.TransportError, asyncio.CancelledError) as error:
        is_between_events = _is_stream(answer) and end.endswith(_BLANK_LINE)
        content = broken(error) if is_between_events else None
        if content is None:
            raise
        await reply({"type": "http.response.body", "body": _event(content)})
    else:
        await reply({"type": "http.response.body", "body": b""})


def _raw(answer: httpx.Response) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode()) for name, value in headers.back(answer).items()]


def _is_stream(answer: httpx.Response) -> bool:
    return bool(answer.headers.get("content-type", "").startswith(_EVENTS))


def _event(content: Any) -> bytes:
    return b"data: " + orjson.dumps(content) + b"\n\n"


async def bounded(answer: httpx.Response, limit_bytes: int) -> bytes:
    """Read a whole answer.

    Raises:
        httpx.ReadError: it is larger than the limit, or broke off.
    """
    content = b""
    async for chunk in answer.aiter_bytes():
        content += chunk
        if len(content) > limit_bytes:
            raise httpx.ReadError(f"the answer is larger than {limit_bytes} bytes")
    return content
