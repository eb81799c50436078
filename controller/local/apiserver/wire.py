"""Bodies in and answers out: what the API's verbs do not care about."""

import asyncio
from dataclasses import dataclass
from typing import Any

import orjson

from controller.local.apiserver import gotext, requests
from controller.local.apiserver.delegates import Receive, Send
from controller.local.apiserver.errors import ApiError
from controller.local.apiserver.requests import Request

JSON = b"application/json"
TEXT = b"text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer; the body is a JSON value, or bytes that are sent as they are."""

    status: int
    body: Any
    media: bytes = JSON

    @property
    def content(self) -> bytes:
        """The bytes of the body."""
        if isinstance(self.body, bytes):
            return self.body
        return orjson.dumps(self.body, option=orjson.OPT_APPEND_NEWLINE)


async def read(receive: Receive) -> bytes:
    """Give the whole body of a request.

    Raises:
        ApiError: it is too large.
    """
    message = await receive()
    body: bytes = message.get("body", b"")
    if not message.get("more_body"):
        return body
    pieces = [body]
    size = len(body)
    while message.get("more_body"):
        message = await receive()
        pieces.append(message.get("body", b""))
        size += len(pieces[-1])
        if size > requests.MAX_BODY_BYTES:
            limit = requests.MAX_BODY_BYTES
            text = f"limit is {limit}"
            raise ApiError(413, "RequestEntityTooLarge", f"Request entity is too large: {text}")
    return b"".join(pieces)


async def disconnected(receive: Receive, closing: asyncio.Event) -> None:
    """Wait until the client has left, or the server closes."""

    async def left() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    waiting = [asyncio.create_task(left()), asyncio.create_task(closing.wait())]
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waiting:
            task.cancel()


async def begin(send: Send, status: int, media: bytes, request: Request) -> None:
    """Send the head of an answer that goes on."""
    headers = [(b"content-type", media), (b"cache-control", b"no-cache, private")]
    headers += [
        (b"warning", f"299 - {orjson.dumps(text).decode()}".encode()) for text in request.warnings
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})


async def more(send: Send, piece: bytes) -> None:
    """Send a piece of it."""
    await send({"type": "http.response.body", "body": piece, "more_body": True})


async def send_answer(send: Send, request: Request, answer: Answer) -> None:
    """Send a whole answer."""
    answer = _in_wanted_format(request, answer)
    content = answer.content
    headers = [
        (b"content-type", answer.media),
        (b"cache-control", b"no-cache, private"),
        (b"content-length", str(len(content)).encode()),
    ]
    headers += [
        (b"warning", f"299 - {orjson.dumps(text).decode()}".encode()) for text in request.warnings
    ]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    body = b"" if request.method == "HEAD" else content
    await send({"type": "http.response.body", "body": body})


def _in_wanted_format(request: Request, answer: Answer) -> Answer:
    """Give an answer in YAML where that is what the client prefers (`kubectl get --raw`, curl)."""
    if "yaml" not in request.headers.get("accept", "") or isinstance(answer.body, bytes):
        return answer
    if not requests.accepted_forms(request.headers.get("accept", ""))[0].is_yaml:
        return answer
    return Answer(answer.status, gotext.as_yaml(answer.body), b"application/yaml")
