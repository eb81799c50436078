"""Requests to pods and services: from outside by the API server, from pods by a forward proxy.

`ServiceProxy` is the `proxy` subresource as ASGI, which is how a controller outside of a cluster
reaches agents. `ForwardProxy` is what pods have in `HTTP_PROXY`: names of services lead to their
endpoints, other hosts are passed on directly. The user name in the proxy's URL is the pod's
namespace, in which a name without dots is looked up.
"""

import asyncio
import base64
import contextlib
import os
import socket
from collections.abc import AsyncIterator, Coroutine
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from controller.local.apiserver.delegates import ProxyTarget, Receive, Scope, Send
from controller.local.apiserver.errors import ApiError
from controller.local.workloads.directory import Address, Directory, NoEndpointsError

if TYPE_CHECKING:
    import httpx

_HEAD_MAX = 64 * 1024
_CONNECT_TIMEOUT_S = 10.0
_CHUNK = 64 * 1024
_HOP_BY_HOP = {
    b"connection",
    b"keep-alive",
    b"proxy-authenticate",
    b"proxy-authorization",
    b"proxy-connection",
    b"te",
    b"trailer",
    b"transfer-encoding",
    b"upgrade",
}
_NOT_PASSED_ON = _HOP_BY_HOP | {b"host", b"authorization"}
"""Of a proxied request; its credentials are the API server's and not the pod's to see."""


class ServiceProxy:
    """Carries requests of the `proxy` subresource; bodies are streamed in both directions."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._client: httpx.AsyncClient | None = None

    async def carry(self, target: ProxyTarget, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request with what the pod or service answers.

        Raises:
            ApiError: there is nothing to ask, or it could not be reached; nothing was sent then.
        """
        ip, port = self._find(target)
        client = self._client = self._client or _new_client()
        body = _Body(receive)
        url = f"{target.scheme or 'http'}://{ip}:{port}"
        answer = await _ask(client, client.build_request(**_request(url, scope, body)))
        try:
            await _first(_pass_back(answer, send), body.client_gone())
        finally:
            await answer.aclose()

    async def close(self) -> None:
        """Close kept connections."""
        if self._client is not None:
            await self._client.aclose()

    def _find(self, target: ProxyTarget) -> Address:
        look = self._directory.pod if target.kind == "pods" else self._directory.service
        try:
            found = look(target.namespace, target.name, target.port)
        except NoEndpointsError as error:
            raise ApiError(503, "ServiceUnavailable", str(error)) from error
        if found is None:
            message = f'no port "{target.port}" found for {target.kind[:-1]} "{target.name}"'
            raise ApiError(503, "ServiceUnavailable", message)
        return found


class _Body:
    """A request's body, and afterwards the news that the client is gone."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._is_complete = False

    async def stream(self) -> AsyncIterator[bytes]:
        while not self._is_complete:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ConnectionError("the client is gone")
            self._is_complete = not message.get("more_body", False)
            if chunk := message.get("body"):
                yield chunk

    async def client_gone(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass


class ForwardProxy:
    """Serves `HTTP_PROXY` of the pods: one request a connection, by relaying bytes."""

    def __init__(self, directory: Directory, listener: socket.socket) -> None:
        self._directory = directory
        self._listener = listener
        self._server: asyncio.Server | None = None
        self._upstream = os.environ.get("http_proxy") or os.environ.get("HTTP_PROXY") or ""
        """The user's own proxy, for hosts that are no services."""

    async def start(self) -> None:
        """Begin to serve."""
        self._server = await asyncio.start_server(self._serve, sock=self._listener, limit=_HEAD_MAX)

    async def stop(self) -> None:
        """Stop serving."""
        if self._server is not None:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._relay(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            return
        finally:
            with contextlib.suppress(OSError):
                writer.close()

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = _Request.parse(await reader.readuntil(b"\r\n\r\n"))
            address = self._directory.host(request.host, request.port, namespace=request.namespace)
        except ValueError as error:
            writer.write(_refusal(400, f"not a request for a proxy: {error}"))
            return
        except NoEndpointsError as error:
            writer.write(_refusal(503, str(error)))
            return
        is_ours = address is not None
        where = address or (request.host, request.port)
        await self._pass_on(reader, writer, request, where, is_ours=is_ours)

    async def _pass_on(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        request: "_Request",
        address: Address,
        *,
        is_ours: bool,
    ) -> None:
        way = address
        if not is_ours and self._upstream and request.method != "CONNECT":
            url = urlsplit(self._upstream)
            way = (url.hostname or "", url.port or 80)
        try:
            async with asyncio.timeout(_CONNECT_TIMEOUT_S):
                there, back = await asyncio.open_connection(*way)
        except OSError as error:
            writer.write(_refusal(502, f"cannot reach {request.host}:{request.port}: {error}"))
            return
        if request.method == "CONNECT":
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            back.write(request.head(is_absolute=way != address))
        try:
            await _first(_copy(there, writer), _pump(reader, back))
        finally:
            back.close()


@dataclass(frozen=True, slots=True)
class _Request:
    """The head of a request to a forward proxy."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    host: str
    port: int

    @classmethod
    def parse(cls, head: bytes) -> "_Request":
        first, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
        method, target, _ = first.split(" ")
        url = urlsplit(f"//{target}" if method == "CONNECT" else target)
        if not url.hostname:
            message = f"{target!r} has no host"
            raise ValueError(message)
        pairs = (line.partition(":") for line in lines)
        headers = tuple((name.strip(), value.strip()) for name, _, value in pairs)
        return cls(method, target, headers, url.hostname, url.port or 80)

    @property
    def namespace(self) -> str:
        """The pod's namespace, which is the user name that it gives the proxy."""
        for name, value in self.headers:
            scheme, _, encoded = value.partition(" ")
            if name.lower() == "proxy-authorization" and scheme.lower() == "basic":
                return base64.b64decode(encoded).decode().partition(":")[0]
        return "default"

    def head(self, *, is_absolute: bool) -> bytes:
        """Give the head as the next server expects it; the connection carries this request only."""
        url = urlsplit(self.target)
        path = (url.path or "/") + (f"?{url.query}" if url.query else "")
        dropped = {"proxy-authorization", "proxy-connection", "connection", "keep-alive"}
        kept = [(name, value) for name, value in self.headers if name.lower() not in dropped]
        lines = [
            f"{self.method} {self.target if is_absolute else path} HTTP/1.1",
            *(f"{name}: {value}" for name, value in kept),
            "Connection: close",
        ]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def _new_client() -> "httpx.AsyncClient":
    import httpx  # noqa: PLC0415 - 0.1 s that a cluster saves until somebody uses the proxy

    return httpx.AsyncClient(
        # No limit on silence: an agent may think for long, and a stream may have nothing to say.
        timeout=httpx.Timeout(None, connect=_CONNECT_TIMEOUT_S),
        limits=httpx.Limits(max_connections=None, max_keepalive_connections=32),
        trust_env=False,
        verify=False,  # noqa: S501 - as the real proxy: certificates of pods are not checked
    )


def _request(url: str, scope: Scope, body: _Body) -> dict[str, Any]:
    """Give what to ask the pod, as arguments of httpx's `build_request`."""
    path = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1")
    query = scope.get("query_string") or b""
    headers = [(name, value) for name, value in scope["headers"] if name not in _NOT_PASSED_ON]
    names = {name for name, _ in scope["headers"]}
    has_body = bool(names & {b"content-length", b"transfer-encoding"})
    return {
        "method": scope["method"],
        "url": url + path + (f"?{query.decode('latin-1')}" if query else ""),
        "headers": headers,
        "content": body.stream() if has_body else None,
    }


async def _ask(client: "httpx.AsyncClient", request: "httpx.Request") -> "httpx.Response":
    import httpx  # noqa: PLC0415 - loaded already, with the client

    try:
        return await client.send(request, stream=True)
    except httpx.HTTPError as error:
        message = f"error trying to reach service: {error}"
        raise ApiError(503, "ServiceUnavailable", message) from error


async def _pass_back(answer: "httpx.Response", send: Send) -> None:
    headers = [(n.lower(), v) for n, v in answer.headers.raw if n.lower() not in _HOP_BY_HOP]
    await send({"type": "http.response.start", "status": answer.status_code, "headers": headers})
    async for chunk in answer.aiter_raw():
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(_CHUNK):
        writer.write(data)
        await writer.drain()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Copy, and do not end before the other direction: the answer comes after the request."""
    await _copy(reader, writer)
    if writer.can_write_eof():
        writer.write_eof()
    await asyncio.Event().wait()


async def _first(*works: Coroutine[Any, Any, None]) -> None:
    """Do these at once until one is done, and raise what that one raised."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()


def _refusal(code: int, message: str) -> bytes:
    text = f"{message}\n".encode()
    head = f"HTTP/1.1 {code} {HTTPStatus(code).phrase}\r\nContent-Type: text/plain\r\n"
    return f"{head}Content-Length: {len(text)}\r\nConnection: close\r\n\r\n".encode() + text
