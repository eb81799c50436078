"""What happens on the wire: connections that break, clients that leave, a server that stops."""

import asyncio
import json
import socket
import threading
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

BODY = {"jsonrpc": "2.0", "id": 7, "method": "message/stream", "params": {}}


class Slow:
    """An agent that begins to answer, and notices when nobody listens any more."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.left = threading.Event()
        self.go_on = threading.Event()

    async def events(self) -> AsyncIterator[bytes]:
        try:
            yield b'data: {"first": 1}\n\n'
            self.asked.set()
            while not self.go_on.is_set():  # noqa: ASYNC110 - set by another thread
                await asyncio.sleep(0.02)
            yield b'data: {"last": 1}\n\n'
        finally:
            self.left.set()

    async def stream(self, _: Request) -> Response:
        return StreamingResponse(self.events(), media_type="text/event-stream")

    async def think(self, request: Request) -> Response:
        self.asked.set()
        await request.body()
        while (await request.receive())["type"] != "http.disconnect":
            pass
        self.left.set()
        return Response()

    def app(self, answer: Callable[[Request], Any]) -> Starlette:
        async def card(_: Request) -> Response:
            return JSONResponse({})

        return Starlette(
            routes=[
                Route("/", answer, methods=["POST"]),
                Route("/.well-known/agent-card.json", card),
            ]
        )


def test_a_client_that_leaves_a_stream_closes_the_agents(serve: Any, gateway_to: Any) -> None:
    slow = Slow()
    world = gateway_to({"slow": serve(lambda _: slow.app(slow.stream))})

    with httpx.stream("POST", world.place("slow"), json=BODY) as answer:
        first = next(answer.iter_raw())

    assert first == b'data: {"first": 1}\n\n'
    assert slow.left.wait(60)


def test_a_client_that_leaves_before_the_answer_closes_the_agents_connection(
    serve: Any, gateway_to: Any
) -> None:
    slow = Slow()
    world = gateway_to({"slow": serve(lambda _: slow.app(slow.think))})
    url = httpx.URL(world.place("slow"))

    with socket.create_connection((url.host, url.port or 0)) as client:
        content = json.dumps(BODY).encode()
        head = f"POST {url.path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(content)}\r\n\r\n"
        client.sendall(head.encode() + content)
        assert slow.asked.wait(60)

    assert slow.left.wait(60)


def test_a_stream_that_the_agent_breaks_off_ends_with_an_error(serve: Any, gateway_to: Any) -> None:
    async def breaks(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        await receive()
        head = [(b"content-type", b"text/event-stream")]
        await send({"type": "http.response.start", "status": 200, "headers": head})
        body = b'data: {"first": 1}\n\n'
        await send({"type": "http.response.body", "body": body, "more_body": True})

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope.get("path", "").endswith(".json"):
            await JSONResponse({})(scope, receive, send)
        else:
            await breaks(scope, receive, send)

    world = gateway_to({"broken": serve(lambda _: app, log_level="critical")})

    answer = httpx.post(world.place("broken"), json=BODY)

    first, last = (json.loads(line[6:]) for line in answer.text.split("\n\n") if line)
    assert first == {"first": 1}
    assert (last["id"], last["error"]["code"]) == (7, -32603)
    assert "broke off" in last["error"]["message"]


def test_a_stopping_server_ends_streams_with_the_reason(serve: Any, gateway_to: Any) -> None:
    slow, stopping = Slow(), threading.Event()
    world = gateway_to(
        {"slow": serve(lambda _: slow.app(slow.stream))},
        is_stopping=lambda _: stopping.is_set(),
    )

    with httpx.stream("POST", world.place("slow"), json=BODY) as answer:
        assert slow.asked.wait(60)
        stopping.set()
        events = [json.loads(line[6:]) for line in answer.iter_lines() if line]

    assert events[0] == {"first": 1}
    assert "stopping" in events[1]["error"]["message"]
    assert slow.left.wait(60)


def test_a_stopping_server_tells_who_waits(serve: Any, gateway_to: Any) -> None:
    slow, stopping = Slow(), threading.Event()
    world = gateway_to(
        {"slow": serve(lambda _: slow.app(slow.think))},
        is_stopping=lambda _: stopping.is_set() and slow.asked.is_set(),
    )
    stopping.set()

    answer = httpx.post(world.place("slow"), json=BODY)

    assert (answer.status_code, answer.json()["error"]) == (503, "Stopping")


def test_one_agent_has_a_bounded_number_of_requests(serve: Any, gateway_to: Any) -> None:
    slow = Slow()
    world = gateway_to({"slow": serve(lambda _: slow.app(slow.stream))}, max_open=1)

    with httpx.stream("POST", world.place("slow"), json=BODY) as first:
        assert slow.asked.wait(60)
        second = httpx.post(world.place("slow"), json=BODY)
        slow.go_on.set()
        whole = first.read()
    third = httpx.post(world.place("slow"), json=BODY)

    assert (second.status_code, second.headers["retry-after"]) == (429, "5")
    assert b'{"last": 1}' in whole
    assert third.status_code == 200


@pytest.mark.parametrize("length", [0, 1, 300_000], ids=["empty", "byte", "large"])
def test_a_body_arrives_whole_in_both_directions(serve: Any, gateway_to: Any, length: int) -> None:
    async def echo(request: Request) -> Response:
        return Response(await request.body(), media_type="application/octet-stream")

    world = gateway_to({"echo": serve(lambda _: Slow().app(echo))})
    content = bytes(range(256)) * (length // 256) + bytes(length % 256)

    answer = httpx.post(world.place("echo"), content=content)

    assert answer.content == content
    assert answer.headers["content-length"] == str(length)
