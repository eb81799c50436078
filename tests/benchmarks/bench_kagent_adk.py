"""Runs kagent's own runtime, unmodified, against the controller: does it work, what does it cost?

    pip install "kagent-adk==0.10.4" "a2a-sdk<1"      # in an environment of its own
    python tests/benchmarks/bench_kagent_adk.py path/to/that/environment

The model is a stub on this machine; the tools are those of the demo. Ends with 1 where something
did not work.
"""

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import fields
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from controller.api import shell
from controller.api.serve import Server
from controller.api.services import Services
from controller.state.conversations import Conversations

TOKENS = 400
NAMESPACE, NAME = "agents", "adk-agent"
CARD = {
    "name": "adk_agent",
    "description": "A stub.",
    "version": "",
    "capabilities": {"streaming": True},
    "skills": [],
    "defaultInputModes": ["text"],
    "defaultOutputModes": ["text"],
    "protocolVersion": "0.3",
    "preferredTransport": "JSONRPC",
}


class Counted:
    """ASGI middleware that notes what was asked, what came of it, and how long it took."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.requests: list[tuple[str, int, float]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status = time.perf_counter(), [0]

        async def noted(message: Any) -> None:
            if message["type"] == "http.response.start":
                status[0] = message["status"]
            await send(message)

        await self._app(scope, receive, noted)
        took = time.perf_counter() - started
        self.requests.append((f"{scope['method']} {scope['path']}", status[0], took))


class Agent:
    """A client of the runtime."""

    def __init__(self, url: str) -> None:
        self._http = httpx.Client(base_url=url, timeout=60, trust_env=False)

    def ask(self, method: str, **params: Any) -> Any:
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        answer = self._http.post("/", json=body, headers={"X-User-Id": "ada"}).json()
        return answer.get("result") or answer

    def say(self, text: str | dict[str, Any], **place: str) -> Any:
        return self.ask("message/send", message=message(text, **place))

    def stream(self, text: str) -> int:
        """Give how many events came."""
        params = {"message": message(text)}
        body = {"jsonrpc": "2.0", "id": 1, "method": "message/stream", "params": params}
        headers = {"X-User-Id": "ada", "Accept": "text/event-stream"}
        with self._http.stream("POST", "/", json=body, headers=headers) as answer:
            return sum(line.startswith("data:") for line in answer.iter_lines())


def message(said: str | dict[str, Any], **place: str) -> dict[str, Any]:
    part = (
        {"kind": "text", "text": said} if isinstance(said, str) else {"kind": "data", "data": said}
    )
    head = {"kind": "message", "role": "user", "messageId": uuid.uuid4().hex}
    return {**head, "parts": [part], **place}


def model() -> Starlette:
    """A model in OpenAI's protocol that does what the last message says."""

    async def complete(request: Request) -> Response:
        body = await request.json()
        said, count = _last(body["messages"])
        if not body.get("stream"):
            choice = {"index": 0, "message": _answer(said, count), "finish_reason": "stop"}
            return JSONResponse(_completion("chat.completion", choice, usage=True))
        return StreamingResponse(_chunks(_answer(said, count)), media_type="text/event-stream")

    return Starlette(routes=[Route("/v1/chat/completions", complete, methods=["POST"])])


def _last(messages: list[dict[str, Any]]) -> tuple[str, int]:
    """Give the last message, and how many the user has said."""
    content = messages[-1].get("content") or ""
    text = (
        content if isinstance(content, str) else "".join(part.get("text", "") for part in content)
    )
    said = f"RESULT {text}" if messages[-1]["role"] == "tool" else text
    return said, sum(item["role"] == "user" for item in messages)


def _answer(said: str, count: int) -> dict[str, Any]:
    if said.startswith("CALL "):
        _, name, arguments = said.split(" ", 2)
        function = {"name": name, "arguments": arguments}
        call = {"id": f"call_{uuid.uuid4().hex[:8]}", "type": "function", "function": function}
        return {"role": "assistant", "content": None, "tool_calls": [call]}
    if said.startswith("LONG "):
        return {"role": "assistant", "content": "word " * int(said.split()[1])}
    return {"role": "assistant", "content": f"echo[{count}]: {said}"}


async def _chunks(answer: dict[str, Any]) -> AsyncIterator[str]:
    pieces: list[dict[str, Any]] = [{"role": "assistant"}]
    if answer["content"] is None:
        pieces.append({"tool_calls": [{"index": 0, **answer["tool_calls"][0]}]})
    else:
        pieces += [{"content": f"{word} "} for word in answer["content"].split()]
    for piece in pieces:
        choice = {"index": 0, "delta": piece, "finish_reason": None}
        yield f"data: {json.dumps(_completion('chat.completion.chunk', choice))}\n\n"
    choice = {"index": 0, "delta": {}, "finish_reason": "stop"}
    yield f"data: {json.dumps(_completion('chat.completion.chunk', choice, usage=True))}\n\n"
    yield "data: [DONE]\n\n"


def _completion(kind: str, choice: dict[str, Any], *, usage: bool = False) -> dict[str, Any]:
    made = {"id": "c", "object": kind, "created": 1, "model": "stub", "choices": [choice]}
    counted = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}
    return {**made, "usage": counted} if usage else made


@contextmanager
def served(asgi: ASGIApp) -> Iterator[str]:
    server = Server(asgi, "127.0.0.1", 0)
    server.start()
    try:
        yield server.url
    finally:
        server.stop()


def controller(conversations: Conversations) -> Counted:
    """The controller's API around nothing but conversations."""
    nothing = dict.fromkeys(item.name for item in fields(Services))
    given: Any = {
        **nothing,
        "store": SimpleNamespace(applications=lambda: ()),
        "version": "bench",
        "conversations": conversations,
        "knows_agent": lambda *_: True,
        "agent_revision": lambda *_: "f" * 40,
    }
    return Counted(shell.create(Services(**given)))


@contextmanager
def process(command: list[str], ready: str, **variables: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a process from when it answers at an address to the end of the block."""
    log = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the process
    started = subprocess.Popen(command, env={**os.environ, **variables}, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 120
        while not _answers(ready):
            if started.poll() is not None or time.monotonic() > deadline:
                log.seek(0)
                sys.exit(f"{command[0]} did not start:\n{log.read().decode()[-3000:]}")
            time.sleep(0.1)
        yield started
    finally:
        started.kill()
        started.wait()


def _answers(url: str) -> bool:
    try:
        httpx.get(url, timeout=2, trust_env=False)
    except httpx.TransportError:
        return False
    return True


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def runtime(
    environment: Path, folder: Path, *, model_url: str, controller_url: str
) -> Iterator[str]:
    """kagent's runtime with its tools, as a pod of kagent's would run it."""
    port, tools_port = free_port(), free_port()
    tools = {
        "params": {"url": f"http://127.0.0.1:{tools_port}/mcp", "headers": {}, "timeout": 30},
        "tools": ["save_note", "delete_note"],
        "require_approval": ["delete_note"],
    }
    config = {
        "model": {"type": "openai", "model": "stub", "base_url": f"{model_url}/v1"},
        "description": "A stub.",
        "instruction": "Do as you are told.",
        "http_tools": [tools],
        "stream": True,
    }
    (folder / "config.json").write_text(json.dumps(config))
    url = f"http://127.0.0.1:{port}"
    (folder / "agent-card.json").write_text(json.dumps({**CARD, "url": url}))
    demo = [sys.executable, "-m", "controller.runtime.demo", "tools", "--port", str(tools_port)]
    command = [str(environment / "bin" / "kagent-adk"), "static", "--host", "127.0.0.1"]
    command += ["--port", str(port), "--filepath", str(folder)]
    variables = {
        "KAGENT_URL": controller_url,
        "KAGENT_NAME": NAME,
        "KAGENT_NAMESPACE": NAMESPACE,
        "OPENAI_API_KEY": "stub",
    }
    with (
        process(demo, f"http://127.0.0.1:{tools_port}/"),
        process(command, f"{url}/health", **variables),
    ):
        yield url


def text_of(task: Any) -> str:
    parts = [part for item in task.get("artifacts") or () for part in item["parts"]]
    return "".join(part.get("text", "") for part in parts).strip()


def checks(agent: Agent) -> Iterator[tuple[str, bool]]:
    """Do what users do, and tell of each thing whether it worked."""
    first = agent.say("hello")
    yield "a turn", text_of(first) == "echo[1]: hello"
    second = agent.say("again", contextId=first["contextId"])
    yield "a second turn knows the first", text_of(second) == "echo[2]: again"
    found = agent.ask("tasks/get", id=second["id"])
    yield "tasks/get", found["status"]["state"] == "completed"
    saved = agent.say('CALL save_note {"title": "t", "text": "x"}')
    yield "a tool call", "RESULT" in text_of(saved)
    for decision, expected in (("reject", "rejected"), ("approve", "Deleted")):
        asked = agent.say('CALL delete_note {"title": "t"}')
        place = {"contextId": asked["contextId"], "taskId": asked["id"]}
        answer = {"decision_type": decision, "rejection_reason": "not yet"}
        done = agent.say(answer, **place)
        worked = asked["status"]["state"] == "input-required"
        known = expected.lower() in json.dumps(done).lower()
        yield f"a call that waits, and {decision}", worked and known
    with ThreadPoolExecutor(20) as pool:
        many = list(pool.map(lambda n: agent.say(f"number {n}"), range(60)))
    yield "60 turns, 20 at a time", all(task["status"]["state"] == "completed" for task in many)


def measure(
    case: str, counted: Counted, conversations: Conversations, fn: Callable[[], Any]
) -> Any:
    counted.requests.clear()
    writes, journal = conversations.documents.writes, conversations.documents.journal_bytes
    started = time.perf_counter()
    result = fn()
    took = time.perf_counter() - started
    tasks = [item for item in counted.requests if item[0] == "POST /api/tasks"]
    took_s = sorted(item[2] for item in counted.requests)
    slow = [took_s[len(took_s) * share // 100] for share in (50, 99)] + [took_s[-1]]
    failed = [item for item in counted.requests if item[1] >= 400 and item[1] != 404]
    print(f"{case}: {took:.1f} s")
    print(f"  requests to the controller     {len(counted.requests)}, of tasks {len(tasks)}")
    shown = " / ".join(f"{value * 1000:.0f}" for value in slow)
    print(f"  answered within                {shown} ms (median / 99 % / all)")
    print(f"  answers other than 2xx and 404 {failed or 'none'}")
    print(f"  files written                  {conversations.documents.writes - writes}")
    grown = (conversations.documents.journal_bytes - journal) / 1e6
    print(f"  journal grew by                {grown:.1f} MB")
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("environment", type=Path, help="virtual environment that has kagent-adk")
    environment = parser.parse_args().environment
    with ExitStack() as running:
        folder = Path(running.enter_context(tempfile.TemporaryDirectory()))
        conversations = running.enter_context(Conversations(folder / "state"))
        counted = controller(conversations)
        model_url = running.enter_context(served(model()))
        controller_url = running.enter_context(served(counted))
        urls = {"model_url": model_url, "controller_url": controller_url}
        agent = Agent(running.enter_context(runtime(environment, folder, **urls)))
        results = measure("what users do", counted, conversations, lambda: list(checks(agent)))
        for case, worked in results:
            print(f"  {'works' if worked else 'FAILS'}  {case}")
        events = measure(
            f"an answer of {TOKENS} tokens, streamed",
            counted,
            conversations,
            lambda: agent.stream(f"LONG {TOKENS}"),
        )
        print(f"  events that the client got     {events}")
    sys.exit(not all(worked for _, worked in results) or events < TOKENS)


if __name__ == "__main__":
    main()
