import asyncio
import json
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from controller.api import present
from controller.api.serve import Server
from controller.api.stream import Changes, token
from controller.state.records import ApplicationRecord

PATH = "/api/v1/stream/applications"
KNOWN = ("agents", "staging")
"""What is there when a stream begins."""


def events(text: str) -> list[tuple[str, str]]:
    """Type and application of every event in a piece of a stream."""
    found = []
    for line in text.splitlines():
        if line.startswith("data: "):
            result = json.loads(line.removeprefix("data: "))["result"]
            found.append((result["type"], result["application"]["metadata"]["name"]))
    return found


async def take(changes: Changes, count: int, **given: Any) -> list[str]:
    """Read so many pieces of a stream, then leave."""
    arguments = {"name": None, "since": "", "stopping": lambda: False, **given}
    following = changes.follow(arguments["name"], arguments["since"], arguments["stopping"])
    pieces = []
    async for piece in following:
        pieces.append(piece.decode())
        if len(pieces) == count:
            break
    await following.aclose()  # type: ignore[attr-defined]  # an async generator has it
    return pieces


class Shelf:
    """Applications that change under the reader."""

    def __init__(self, *records: ApplicationRecord) -> None:
        self.records = {record.spec.name: record for record in records}
        self.reads = 0

    def __call__(self) -> tuple[ApplicationRecord, ...]:
        self.reads += 1
        return tuple(self.records.values())


def changed(record: ApplicationRecord) -> ApplicationRecord:
    return record.model_copy(update={"next_operation_id": record.next_operation_id + 1})


def looked_at_again(record: ApplicationRecord) -> ApplicationRecord:
    status = record.status.model_copy(update={"reconciled_at": datetime.now(UTC)})
    return record.model_copy(update={"status": status})


def test_stream_starts_with_what_there_is(make: SimpleNamespace) -> None:
    shelf = Shelf(make.well("a"), make.well("b"))

    (first,) = asyncio.run(take(Changes(shelf, interval_s=0.001), 1))

    assert events(first) == [("ADDED", "a"), ("ADDED", "b")]


def test_stream_tells_changes_additions_and_removals(make: SimpleNamespace) -> None:
    shelf = Shelf(make.well("a"), make.well("b"))

    async def scenario() -> list[tuple[str, str]]:
        changes = Changes(shelf, interval_s=0.001)
        following = changes.follow(None, "", lambda: False)
        await anext(following)
        shelf.records["a"] = changed(shelf.records["a"])
        del shelf.records["b"]
        shelf.records["c"] = make.well("c")
        return events((await anext(following)).decode())

    found = asyncio.run(asyncio.wait_for(scenario(), 60))

    assert found == [("MODIFIED", "a"), ("DELETED", "b"), ("ADDED", "c")]


def test_reader_who_is_up_to_date_hears_nothing_first(make: SimpleNamespace) -> None:
    record = make.well("a")
    current = token({"a": present.version(record)})

    (first,) = asyncio.run(take(Changes(Shelf(record), interval_s=0.001), 1, since=current))

    assert (events(first), first) == ([], ": hello\n\n")


def test_reader_who_missed_something_hears_it(make: SimpleNamespace) -> None:
    record = make.well("a")
    old = token({"a": present.version(record)})

    (first,) = asyncio.run(take(Changes(Shelf(changed(record)), interval_s=0.001), 1, since=old))

    assert events(first) == [("ADDED", "a")]
    assert f"id: {token({'a': present.version(changed(record))})}" in first


def test_look_that_finds_everything_as_it_was_is_not_told(make: SimpleNamespace) -> None:
    shelf = Shelf(make.well("a"))
    shelf.records["b"] = make.well("b")

    async def scenario() -> list[tuple[str, str]]:
        changes = Changes(shelf, interval_s=0.001)
        following = changes.follow(None, "", lambda: False)
        await anext(following)
        shelf.records["a"] = looked_at_again(shelf.records["a"])
        shelf.records["b"] = changed(shelf.records["b"])
        return events((await anext(following)).decode())

    found = asyncio.run(asyncio.wait_for(scenario(), 60))

    assert found == [("MODIFIED", "b")]


def test_reader_of_one_application_hears_of_no_other(make: SimpleNamespace) -> None:
    shelf = Shelf(make.well("a"), make.well("b"))

    (first,) = asyncio.run(take(Changes(shelf, interval_s=0.001), 1, name="b"))

    assert events(first) == [("ADDED", "b")]


def test_stream_ends_when_the_server_stops(make: SimpleNamespace) -> None:
    shelf = Shelf(make.well("a"))
    stopped = iter([False, False, True])

    pieces = asyncio.run(take(Changes(shelf, interval_s=0.001), 99, stopping=lambda: next(stopped)))

    assert len(pieces) == 1


def test_one_look_at_the_store_serves_every_stream(make: SimpleNamespace) -> None:
    shelf = Shelf(make.well("a"))

    async def scenario() -> None:
        changes = Changes(shelf, interval_s=60.0)
        await asyncio.gather(*(take(changes, 1) for _ in range(50)))

    asyncio.run(scenario())

    assert shelf.reads == 1


def test_many_clients_each_hear_a_change(server: Server, stored: Any) -> None:
    """A hundred streams cost no thread: pages are answered at the same time."""
    count = 100

    async def listen(client: httpx.AsyncClient, opened: asyncio.Semaphore) -> list[tuple[str, str]]:
        async with client.stream("GET", f"{server.url}{PATH}") as response:
            assert response.headers["content-type"].startswith("text/event-stream")
            heard: list[tuple[str, str]] = []
            async for line in response.aiter_lines():
                heard += events(line)
                if line.startswith("data: ") and len(heard) == len(KNOWN):
                    opened.release()
                if len(heard) > len(KNOWN):
                    return heard[len(KNOWN) :]
            raise AssertionError(f"the stream ended after {heard}")

    async def scenario() -> list[list[tuple[str, str]]]:
        opened = asyncio.Semaphore(0)
        limits = httpx.Limits(max_connections=count + 1)
        async with httpx.AsyncClient(limits=limits, timeout=60) as client:
            tasks = [asyncio.create_task(listen(client, opened)) for _ in range(count)]
            for _ in range(count):
                await opened.acquire()
            assert (await client.get(f"{server.url}/healthz")).status_code == 200
            stored.store.update("agents", changed)
            return await asyncio.gather(*tasks)

    found = asyncio.run(asyncio.wait_for(scenario(), 240))

    assert found == [[("MODIFIED", "agents")]] * count


def test_too_many_streams_are_refused(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("controller.api.stream.MAX_STREAMS", 0)
    response = httpx.get(f"{server.url}{PATH}")

    assert (response.status_code, response.json()["error"]) == (503, "TooManyStreams")
