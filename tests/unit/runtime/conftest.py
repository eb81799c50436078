"""Real servers on loopback: the demo workloads and agents, each in a thread of its own."""

import json
import socket
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import uvicorn

from controller.definitions import agentconfig
from controller.runtime import application, serving
from controller.runtime.demo import model, tools

Serve = Callable[[Callable[[str], Any]], str]


@contextmanager
def running(create: Callable[[str], Any]) -> Iterator[str]:
    """The address of an ASGI application, which is told its address when it is created."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        config = uvicorn.Config(create(url), log_level="error", timeout_graceful_shutdown=1)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        yield url
        server.should_exit = True
        thread.join(20)
        assert not thread.is_alive()


@pytest.fixture
def serve() -> Iterator[Serve]:
    with ExitStack() as stack:
        yield lambda create: stack.enter_context(running(create))


@pytest.fixture(scope="session")
def model_url() -> Iterator[str]:
    with running(lambda _: model.create(token_delay_s=0)) as url:
        yield f"{url}/v1"


@pytest.fixture(scope="session")
def slow_model_url() -> Iterator[str]:
    with running(lambda _: model.create(token_delay_s=0.05)) as url:
        yield f"{url}/v1"


@pytest.fixture
def tools_url() -> Iterator[str]:
    with running(lambda _: tools.create()) as url:
        yield f"{url}/mcp"


@dataclass
class Agent:
    """A running agent, spoken to in the words of A2A 0.3."""

    url: str

    def rpc(self, method: str, params: dict[str, Any], **headers: str) -> dict[str, Any]:
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        answer = httpx.post(f"{self.url}/", json=body, headers=headers, timeout=30)
        assert answer.status_code == 200
        return answer.json()

    def send(
        self,
        content: str | dict[str, Any],
        *,
        context: str | None = None,
        task: str | None = None,
        **headers: str,
    ) -> dict[str, Any]:
        """The task that a message leads to."""
        answer = self.rpc("message/send", message(content, context=context, task=task), **headers)
        assert "result" in answer, answer
        return answer["result"]

    @contextmanager
    def stream(self, method: str, params: dict[str, Any]) -> Iterator[Iterator[dict[str, Any]]]:
        """The events of a stream."""
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        with httpx.stream("POST", f"{self.url}/", json=body, timeout=30) as answer:
            lines = (line for line in answer.iter_lines() if line.startswith("data: "))
            yield (json.loads(line.removeprefix("data: "))["result"] for line in lines)


def message(
    content: str | dict[str, Any], *, context: str | None = None, task: str | None = None
) -> dict[str, Any]:
    part = (
        {"kind": "text", "text": content}
        if isinstance(content, str)
        else {"kind": "data", "data": content}
    )
    inner = {"kind": "message", "role": "user", "messageId": uuid.uuid4().hex, "parts": [part]}
    if context:
        inner["contextId"] = context
    if task:
        inner["taskId"] = task
    return {"message": inner}


@pytest.fixture
def to_message() -> Callable[..., dict[str, Any]]:
    return message


def config(url: str, **fields: Any) -> agentconfig.AgentConfig:
    defaults: dict[str, Any] = {
        "model": agentconfig.OpenAI(model="demo", base_url=url),
        "description": "helps",
        "instruction": "You are a helper. You help.",
        "stream": True,
    }
    return agentconfig.AgentConfig(**{**defaults, **fields})


def card(name: str = "helper", url: str = "http://helper.agents:8080") -> agentconfig.AgentCard:
    return agentconfig.AgentCard(
        name=name,
        description="helps",
        version="1",
        url=url,
        supported_interfaces=agentconfig.both_versions(url),
    )


@pytest.fixture
def start(serve: Serve, model_url: str) -> Callable[..., Agent]:
    """Start an agent with the demo model; keyword arguments are fields of config.json."""

    def started(
        *,
        served_as: str | None = None,
        environment: Mapping[str, str] | None = None,
        **fields: Any,
    ) -> Agent:
        def create(url: str) -> Any:
            own_card = card(url=served_as or url)
            settings = config(model_url, **fields)
            return application.create(settings, own_card, environment or {}, drain=serving.Drain(0))

        return Agent(serve(create))

    return started


def answer(task: dict[str, Any]) -> str:
    return "".join(
        part.get("text", "") for artifact in task.get("artifacts", ()) for part in artifact["parts"]
    )


@pytest.fixture
def answer_of() -> Callable[[dict[str, Any]], str]:
    return answer


@pytest.fixture
def mcp() -> Callable[..., tuple[agentconfig.HttpMcpServer, ...]]:
    """The setting for one MCP server."""

    def setting(
        url: str, *names: str, headers: dict[str, str] | None = None, **fields: Any
    ) -> tuple[agentconfig.HttpMcpServer, ...]:
        connection = agentconfig.HttpConnection(url=url, headers=headers)
        return (agentconfig.HttpMcpServer(params=connection, tools=names, **fields),)

    return setting


@pytest.fixture
def history_of() -> Callable[[dict[str, Any]], Sequence[dict[str, Any]]]:
    """All data parts of a task's history."""

    def parts(task: dict[str, Any]) -> Sequence[dict[str, Any]]:
        return [
            part["data"]
            for entry in task.get("history", ())
            for part in entry["parts"]
            if part["kind"] == "data"
        ]

    return parts
