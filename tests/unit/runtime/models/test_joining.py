"""Streamed tokens that arrived together are read as one event, and nothing else changes."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import httpx2
import pytest

from controller.runtime.models.joining import join_streamed_text, joined


class Pieces(httpx2.AsyncByteStream):
    """A body that arrives in pieces; `wait` says what has to happen before the next one."""

    def __init__(self, pieces: Sequence[bytes], wait: Callable[[], Any] | None = None) -> None:
        self._pieces, self._wait = pieces, wait
        self.is_closed = False
        self.sent = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            if self._wait:
                await self._wait()
            self.sent += 1
            yield piece

    async def aclose(self) -> None:
        self.is_closed = True


def client(body: httpx2.AsyncByteStream, **headers: str) -> httpx2.AsyncClient:
    sent = {"content-type": "text/event-stream", **headers}
    answer = lambda _: httpx2.Response(200, headers=sent, stream=body)  # noqa: E731
    return httpx2.AsyncClient(
        transport=httpx2.MockTransport(answer), event_hooks={"response": [join_streamed_text]}
    )


def read(body: httpx2.AsyncByteStream, **headers: str) -> list[bytes]:
    """The events as their reader gets them."""

    async def run() -> bytes:
        async with client(body, **headers) as http, http.stream("GET", "http://m") as answer:
            return b"".join([piece async for piece in answer.aiter_bytes()])

    return asyncio.run(run()).split(b"\n\n")


def event(chunk: Any) -> bytes:
    return b"data: " + json.dumps(chunk).encode()


def said(text: str | None, *, choice: Any = None, delta: Any = None, **frame: Any) -> bytes:
    """A chunk of an answer."""
    delta = {"content": text, **(delta or {})}
    choices = [{"index": 0, "delta": delta, "finish_reason": None, **(choice or {})}]
    return event({"id": "c", "created": 1, "model": "m", "choices": choices, **frame})


END = said(None, choice={"finish_reason": "stop"})
ANSWER = [said("", delta={"role": "assistant"}), *map(said, ["a ", "ü ", "\n\n", "d"]), END]


def test_tokens_that_arrived_together_are_one_event() -> None:
    events = read(Pieces([piece + b"\n\n" for piece in [*ANSWER, b"data: [DONE]"]]))

    assert events == [ANSWER[0], said("a ü \n\nd"), END, b"data: [DONE]", b""]


def test_a_token_that_arrives_alone_is_passed_on_at_once() -> None:
    async def run() -> list[bytes]:
        go = asyncio.Semaphore(0)
        body = Pieces([said("a") + b"\n\n", said("b") + b"\n\n"], go.acquire)
        got = []
        async with client(body) as http, http.stream("GET", "http://m") as answer:
            go.release()
            async for piece in answer.aiter_bytes():
                got.append(piece)
                go.release()
        return got

    assert asyncio.run(run()) == [said("a") + b"\n\n", said("b") + b"\n\n"]


@pytest.mark.parametrize("size", [1, 2, 7, 100, 10_000])
def test_events_may_arrive_in_any_pieces(size: int) -> None:
    whole = b"\n\n".join([*ANSWER, b"data: [DONE]", b""])
    events = read(Pieces([whole[i : i + size] for i in range(0, len(whole), size)]))

    chunks = [json.loads(event.removeprefix(b"data: ")) for event in events[:-2]]
    texts = [chunk["choices"][0]["delta"]["content"] or "" for chunk in chunks]
    assert "".join(texts) == "a ü \n\nd"
    assert events[-2:] == [b"data: [DONE]", b""]


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(said("b", choice={"index": 1}), id="another choice"),
        pytest.param(said("b", choice={"finish_reason": "stop"}), id="the end"),
        pytest.param(said("b", choice={"logprobs": {"content": [1]}}), id="probabilities"),
        pytest.param(said("b", usage={"total_tokens": 1}), id="usage"),
        pytest.param(said("b", delta={"tool_calls": [{"index": 0}]}), id="a tool call"),
        pytest.param(said("b", delta={"reasoning_content": "so"}), id="reasoning"),
        pytest.param(said(None), id="no text"),
        pytest.param(said("b", id="d"), id="another answer"),
        pytest.param(event({"choices": []}), id="no choice"),
        pytest.param(event([1]), id="no chunk"),
        pytest.param(b"data: {no JSON", id="no JSON"),
        pytest.param(b"data: {}\ndata: {}", id="several lines"),
        pytest.param(b": a comment", id="a comment"),
        pytest.param(b"data: [DONE]", id="done"),
    ],
)
def test_what_is_more_than_text_stays_as_it_is(other: bytes) -> None:
    events = b"\n\n".join([said("a"), other, said("b"), said("c")])

    assert joined(events) == b"\n\n".join([said("a"), other, said("bc")])


def test_padding_does_not_keep_tokens_apart() -> None:
    events = [said("a", obfuscation="xyz"), said("b", obfuscation="x")]

    assert joined(b"\n\n".join(events)) == said("ab")


def test_fields_that_say_nothing_do_not_keep_tokens_apart() -> None:
    empty = {"delta": {"refusal": None, "tool_calls": None}, "usage": None}

    assert joined(b"\n\n".join([said("a", **empty), said("b", **empty)])) == said("ab", **empty)


@pytest.mark.parametrize(
    ("separator", "headers"),
    [
        pytest.param(b"\r\n\r\n", {}, id="other ends of lines"),
        pytest.param(b"\n\n", {"content-type": "application/json"}, id="no events"),
    ],
)
def test_other_streams_stay_as_they_are(separator: bytes, headers: dict[str, str]) -> None:
    pieces = [piece + separator for piece in ANSWER]

    assert b"\n\n".join(read(Pieces(pieces), **headers)) == b"".join(pieces)


def test_an_error_of_the_connection_follows_what_came_before() -> None:
    class Broken(Pieces):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            yield said("a") + b"\n\n"
            raise httpx2.ReadError("gone")

    got = []

    async def run() -> None:
        async with client(Broken([])) as http, http.stream("GET", "http://m") as answer:
            async for piece in answer.aiter_bytes():
                got.append(piece)  # noqa: PERF401 - what came before the error counts

    with pytest.raises(httpx2.ReadError, match="gone"):
        asyncio.run(run())
    assert got == [said("a") + b"\n\n"]


def test_a_reader_that_leaves_ends_the_stream() -> None:
    async def run() -> Pieces:
        go = asyncio.Semaphore(1)
        body = Pieces([said("a") + b"\n\n"] * 3, go.acquire)
        async with client(body) as http, http.stream("GET", "http://m") as answer:
            async for _ in answer.aiter_bytes():
                break
        go.release()
        return body

    body = asyncio.run(run())
    assert (body.sent, body.is_closed) == (1, True)


def test_a_reader_that_is_slow_does_not_let_memory_grow() -> None:
    big = said("x" * 300_000) + b"\n\n"

    async def run() -> Pieces:
        body = Pieces([big] * 100)
        async with client(body) as http, http.stream("GET", "http://m") as answer:
            async for _ in answer.aiter_bytes():
                break
        return body

    assert asyncio.run(run()).sent < 10
