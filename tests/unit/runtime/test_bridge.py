"""The bridge: a stdio server's tools over HTTP, and what happens when its command ends."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
from loopback import spare_port
from mcp import Client
from waiting import eventually

from controller.runtime import bridge as bridge_module
from controller.runtime.bridge import Calls, ChildLostError, _watch

ROOT = Path(__file__).parents[3]
TOOLS = (sys.executable, "-m", "controller.runtime.demo", "tools", "--stdio")


def bridge(*arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "controller.runtime.bridge", *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
        text=True,
    )


@contextmanager
def running(*command: str) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    port = spare_port()
    with bridge("--port", str(port), "--", *command) as process:
        url = f"http://127.0.0.1:{port}"
        try:
            eventually(lambda: process.poll() is not None or answers(url))
            assert process.poll() is None
            yield process, url
        finally:
            process.kill()


def answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health", timeout=1).status_code == 200
    except httpx.TransportError:
        return False


def test_tools_are_listed_and_called_through_the_bridge() -> None:
    async def used(url: str) -> tuple[set[str], str]:
        async with Client(f"{url}/mcp") as client:
            names = {tool.name for tool in (await client.list_tools()).tools}
            result = await client.call_tool("calculate", {"expression": "6*7"})
            return names, result.content[0].text  # type: ignore[union-attr]  # a text block

    with running(*TOOLS) as (process, url):
        names, answer = asyncio.run(used(url))
        process.send_signal(signal.SIGTERM)
        process.wait(60)

    assert {"calculate", "delete_note"} <= names
    assert answer == "42"


def test_the_bridge_ends_with_its_command() -> None:
    with running(*TOOLS) as (process, _):
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        os.kill(int(children[0]), signal.SIGKILL)

        assert process.wait(60) == 1
        assert process.stderr is not None
        assert "ended or does not answer" in process.stderr.read()


@pytest.mark.parametrize(
    ("command", "reason"),
    [("no-such-command", "No such file"), ("false", "Connection closed")],
    ids=["not found", "ends at once"],
)
def test_a_command_that_does_not_start_is_named(command: str, reason: str) -> None:
    with bridge("--port", "0", "--", command) as process:
        assert process.wait(60) == 1
        assert process.stderr is not None
        said = process.stderr.read()

    assert command in said
    assert reason in said
    assert "Traceback" not in said


def test_a_command_that_works_on_a_request_is_not_taken_for_dead(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Many servers compute in the thread that reads, and answer no ping meanwhile."""
    monkeypatch.setattr(bridge_module, "_PING_EVERY_S", 0.001)
    monkeypatch.setattr(bridge_module, "_PING_LIMIT_S", 0.001)
    asked = asyncio.Event()

    async def ping() -> None:
        asked.set()
        await asyncio.Event().wait()

    async def answer(_context: object, done: asyncio.Event) -> None:
        await done.wait()

    async def story() -> None:
        silent = SimpleNamespace(session=SimpleNamespace(send_ping=ping))
        server, calls, done = SimpleNamespace(should_exit=False), Calls(), asyncio.Event()
        working = asyncio.create_task(calls.counted(answer)(None, done))
        await asyncio.sleep(0)
        watch = asyncio.create_task(_watch(silent, server, calls))  # type: ignore[arg-type]  # stand-ins
        await asyncio.wait([watch], timeout=0.1)
        assert (watch.done(), asked.is_set()) == (False, False)

        done.set()
        await working
        with pytest.raises(ChildLostError):
            await watch
        assert server.should_exit

    asyncio.run(story())
