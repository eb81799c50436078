"""Request bodies are read here, bounded in size and time, before a thread is spent on them.

Otherwise a caller who sends slowly would hold a thread, and one who sends much would hold memory
before any signature is checked (CVE-2024-40634).
"""

import asyncio

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BYTES = 1024 * 1024
CONVERSATION_BYTES = 32 * 1024 * 1024
"""What agents store may be this large: a task comes with its whole history, files included."""
TIMEOUT_S = 20.0

_MIB = 1024 * 1024
_TOO_SLOW = {
    "error": "RequestTimeout",
    "message": "The request's body did not arrive in time.",
    "remedy": "Send it again.",
}


class _TooLargeError(Exception):
    """The body passes the limit."""


class BoundedBodies:
    """ASGI middleware that passes requests on with their whole body, or answers 413 or 408."""

    def __init__(
        self, app: ASGIApp, *, max_bytes: int = MAX_BYTES, timeout_s: float = TIMEOUT_S
    ) -> None:
        self._app = app
        self._max_bytes = max_bytes
        self._timeout_s = timeout_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read the body, then call the application."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            body = await asyncio.wait_for(self._read(receive), self._timeout_s)
        except _TooLargeError:
            await _refuse(413, _too_large(self._max_bytes))(scope, receive, send)
        except TimeoutError:
            await _refuse(408, _TOO_SLOW)(scope, receive, send)
        else:
            if body is not None:
                await self._app(_with_length(scope, body), _replay(body, receive), send)

    async def _read(self, receive: Receive) -> bytes | None:
        """Give the whole body; None when the caller went away."""
        body = bytearray()
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            body += message.get("body", b"")
            if len(body) > self._max_bytes:
                raise _TooLargeError
            if not message.get("more_body", False):
                return bytes(body)


_CONVERSATIONS = (
    "/api/sessions",
    "/api/tasks",
    "/api/memories",
    "/api/langgraph/",
    "/api/crewai/",
)


def is_conversation(path: str) -> bool:
    """Tell whether a path is one at which agents store what was said."""
    return path.startswith(_CONVERSATIONS)


def _too_large(max_bytes: int) -> dict[str, str]:
    limit = f"{max_bytes // _MIB} MiB" if max_bytes >= _MIB else f"{max_bytes} bytes"
    return {
        "error": "RequestEntityTooLarge",
        "message": f"The request's body is larger than {limit}.",
        "remedy": "Send less.",
    }


def _refuse(status: int, problem: dict[str, str]) -> JSONResponse:
    # The rest of the body is not read: the connection cannot be used for another request.
    return JSONResponse(problem, status_code=status, headers={"Connection": "close"})


def _with_length(scope: Scope, body: bytes) -> Scope:
    """Give the scope with a Content-Length: without one WSGI takes a chunked body for empty."""
    headers = [
        (name, value)
        for name, value in scope["headers"]
        if name not in {b"content-length", b"transfer-encoding"}
    ]
    if body:
        headers.append((b"content-length", str(len(body)).encode()))
    return {**scope, "headers": headers}


def _replay(body: bytes, receive: Receive) -> Receive:
    sent = False

    async def replay() -> Message:
        nonlocal sent
        if sent:
            return await receive()
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay
