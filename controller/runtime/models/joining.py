"""Pieces of a streamed answer that arrived together, joined before anybody parses them.

A model that speaks OpenAI's protocol sends one event a token, and each costs the libraries above a
third of a millisecond. While an agent keeps up, every token arrives alone and is passed on at once;
while it does something else, tokens gather in the socket, and are read here as one event. So the
answer is as prompt as the agent can be, and never costs more than the agent has.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Iterator
from itertools import groupby
from typing import Any, NamedTuple

import httpx2

_MAX_WAITING_BYTES = 1024 * 1024
"""Of one answer; beyond it nothing more is read until what waits is taken: memory stays bounded."""
_END = b"\n\n"
"""What ends an event; the streams of servers that end it otherwise are left as they are."""
_PREFIX = b"data: {"
_ONCE = ("finish_reason", "logprobs", "usage")
"""What a chunk may hold beside its text that must neither get lost nor come twice."""


class _Piece(NamedTuple):
    """An event; a chunk of a chat completion that adds text and nothing else is taken apart."""

    event: bytes
    frame: Any = None
    """The chunk without its text; None: the event holds anything else."""
    text: str = ""


async def join_streamed_text(response: httpx2.Response) -> None:
    """Join in this response, if it is a stream of events; made for a client's `event_hooks`."""
    kind = response.headers.get("content-type", "")
    is_encoded = response.headers.get("content-encoding", "identity") != "identity"
    is_stream = kind.startswith("text/event-stream") and not is_encoded
    if is_stream and isinstance(response.stream, httpx2.AsyncByteStream):
        response.stream = _Joined(response.stream)


class _Joined(httpx2.AsyncByteStream):
    """A stream of events with fewer of them; a task of its own reads while nobody asks."""

    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self._stream = stream
        self._waiting = bytearray()
        self._changed = asyncio.Event()
        """Set when something has arrived or the stream is over."""
        self._taken = asyncio.Event()
        self._reader: asyncio.Task[None] | None = None

    async def __aiter__(self) -> AsyncIterator[bytes]:
        rest = b""
        while arrived := await self._arrived():
            whole, end, rest = (rest + arrived).rpartition(_END)
            if b"\r" in rest:
                whole, end, rest = whole + end + rest, b"", b""
            if whole:
                yield joined(whole) + end
        if rest:
            yield rest

    async def aclose(self) -> None:
        """Read no more, and let go of the connection."""
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)
        await self._stream.aclose()

    async def _arrived(self) -> bytes:
        """All that has arrived since the last time; nothing when the stream is over."""
        reader = self._reader = self._reader or asyncio.create_task(self._read())
        while not self._waiting and not reader.done():
            self._changed.clear()
            await self._changed.wait()
        if not self._waiting:
            await reader  # its error, if it failed
        arrived = bytes(self._waiting)
        self._waiting.clear()
        self._taken.set()
        return arrived

    async def _read(self) -> None:
        try:
            async for piece in self._stream:
                self._waiting += piece
                self._changed.set()
                if len(self._waiting) > _MAX_WAITING_BYTES:
                    self._taken.clear()
                    await self._taken.wait()
        finally:
            self._changed.set()


def joined(events: bytes) -> bytes:
    """Whole events, with neighbours that differ in nothing but the text they add made one."""
    separate = events.split(_END)
    return events if len(separate) == 1 else _END.join(_merged(separate))


def _merged(events: Iterable[bytes]) -> Iterator[bytes]:
    for frame, group in groupby(map(_taken_apart, events), key=lambda piece: piece.frame):
        pieces = list(group)
        if frame is None or len(pieces) == 1:
            yield from (piece.event for piece in pieces)
        else:
            yield _put_together(frame, "".join(piece.text for piece in pieces))


def _taken_apart(event: bytes) -> _Piece:
    if not event.startswith(_PREFIX) or b"\n" in event:
        return _Piece(event)
    try:
        chunk = json.loads(event[len(_PREFIX) - 1 :])
    except ValueError:
        return _Piece(event)
    match chunk:
        case {"choices": [{"delta": {"content": str(text), **others}, **choice}], **frame}:
            others.pop("role", None)
            if any(others.values()) or any((choice | frame).get(name) for name in _ONCE):
                return _Piece(event)
            # OpenAI pads its chunks with letters of no meaning, so that their sizes tell nothing.
            chunk.pop("obfuscation", None)
            chunk["choices"][0]["delta"]["content"] = ""
            return _Piece(event, chunk, text)
        case _:
            return _Piece(event)


def _put_together(frame: Any, text: str) -> bytes:
    frame["choices"][0]["delta"]["content"] = text
    return b"data: " + json.dumps(frame).encode()
