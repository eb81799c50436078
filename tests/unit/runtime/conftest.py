"""Real servers on loopback: the demo workloads and agents, each in a thread of its own."""

import json
import math
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from loopback import running
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from waiting import PATIENCE_S

from controller.definitions import agentconfig
from controller.runtime import application, serving
from controller.runtime.demo import model, tools

Serve = Callable[[Callable[[str], Any]], str]


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
        answer = httpx.post(f"{self.url}/", json=body, headers=headers, timeout=PATIENCE_S)
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
        with httpx.stream("POST", f"{self.url}/", json=body, timeout=PATIENCE_S) as answer:
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


@pytest.fixture
def start_and_stop(
    model_url: str, tools_url: str, mcp: Callable[..., Any]
) -> Callable[..., AbstractContextManager[Agent]]:
    """Run an agent with the demo model and tools for as long as a block."""

    @contextmanager
    def started(environment: Mapping[str, str], **fields: Any) -> Iterator[Agent]:
        settings = config(model_url, **{"http_tools": mcp(tools_url), **fields})

        def create(url: str) -> Any:
            return application.create(settings, card(url=url), environment, drain=serving.Drain(0))

        with running(create) as url:
            yield Agent(url)

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


Call = tuple[str, dict[str, Any]]
"""Of a tool: name and arguments."""
Reply = str | Call | list[Call]
"""A text, a call, or several at once."""


@dataclass
class Scripted:
    """A model behind OpenAI's protocol that says what it is told to, and embeds texts."""

    url: str = ""
    replies: list[Reply] = field(default_factory=list)
    requests: list[dict[str, Any]] = field(default_factory=list)
    embedded: list[dict[str, Any]] = field(default_factory=list)
    numbers: int = 768
    """How long its vectors are."""

    def app(self, url: str) -> Starlette:
        self.url = f"{url}/v1"
        return Starlette(
            routes=[
                Route("/v1/chat/completions", self._chat, methods=["POST"]),
                Route("/v1/embeddings", self._embed, methods=["POST"]),
            ]
        )

    async def _chat(self, request: Request) -> Response:
        self.requests.append(await request.json())
        reply = self.replies.pop(0) if self.replies else "fine"
        choice = {
            "index": 0,
            "finish_reason": "stop" if isinstance(reply, str) else "tool_calls",
            "message": _said(reply),
        }
        usage = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
        content = {"id": "1", "object": "chat.completion", "created": 1, "model": "scripted"}
        return JSONResponse({**content, "choices": [choice], "usage": usage})

    async def _embed(self, request: Request) -> Response:
        body = await request.json()
        self.embedded.append(body)
        texts = body["input"] if isinstance(body["input"], list) else [body["input"]]
        data = [
            {"object": "embedding", "index": place, "embedding": self._vector(text)}
            for place, text in enumerate(texts)
        ]
        usage = {"prompt_tokens": 1, "total_tokens": 1}
        return JSONResponse({"object": "list", "model": "e", "data": data, "usage": usage})

    def _vector(self, text: str) -> list[float]:
        """One number a word: texts that share words are alike."""
        vector = [0.0] * self.numbers
        for word in text.lower().split():
            vector[sum(map(ord, word)) % min(self.numbers, 700)] += 1.0
        return vector


@pytest.fixture
def scripted(serve: Serve) -> Scripted:
    model = Scripted()
    serve(model.app)
    return model


@dataclass
class Controller:
    """Sessions, events and tasks under kagent's routes; counts what it is asked."""

    url: str = ""
    is_away: bool = False
    sessions: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    events: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)
    tasks: dict[str, dict[str, Any]] = field(default_factory=dict)
    listed: list[dict[str, str]] = field(default_factory=list)
    """What the list of tasks was asked for."""
    pushes: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    untold: list[str] = field(default_factory=list)
    """Ended tasks of which somebody wants to be told."""
    memories: list[dict[str, Any]] = field(default_factory=list)
    requests: list[tuple[str, str]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    @property
    def writes(self) -> list[str]:
        return [path for method, path in self.requests if method == "POST"]

    def told(self, session: str, user: str) -> list[dict[str, Any]]:
        """A session's events as they were sent."""
        return [json.loads(data) for data in self.events[session, user].values()]

    def app(self, url: str) -> Starlette:
        self.url = url
        return Starlette(
            routes=[
                Route("/api/sessions", self._create, methods=["POST"]),
                Route("/api/sessions/{id}", self._session),
                Route("/api/sessions/{id}/events", self._append, methods=["POST"]),
                Route("/api/tasks", self._save, methods=["POST"]),
                Route("/api/tasks", self._list),
                Route("/api/tasks/interrupted", self._interrupted, methods=["POST"]),
                Route("/api/tasks/{id}/pushconfigs", self._push, methods=["GET", "POST"]),
                Route("/api/tasks/{id}/pushconfigs/{push}", self._drop, methods=["DELETE"]),
                Route("/api/tasks/{id}", self._task),
                Route("/api/memories/sessions", self._remember, methods=["POST"]),
                Route("/api/memories/sessions/batch", self._remember, methods=["POST"]),
                Route("/api/memories/search", self._search, methods=["POST"]),
            ]
        )

    def environment(self, token: Path | None = None) -> dict[str, str]:
        given = {"KAGENT_URL": self.url, "KAGENT_NAME": "note-keeper", "KAGENT_NAMESPACE": "team-a"}
        return {**given, "ROSTER_TOKEN_FILE": str(token or "/no/token")}

    def pod(self, name: str) -> dict[str, str]:
        """The environment of a process in a pod."""
        return {**self.environment(), "HOSTNAME": name, "KUBERNETES_SERVICE_HOST": "10.0.0.1"}

    def _seen(self, request: Request) -> Response | None:
        self.requests.append((request.method, request.url.path))
        self.headers.append(dict(request.headers))
        return JSONResponse({"error": "away"}, 503) if self.is_away else None

    async def _create(self, request: Request) -> Response:
        if refused := self._seen(request):
            return refused
        body = await request.json()
        key = (body["id"], request.query_params["user_id"])
        self.sessions.setdefault(key, body)
        self.events.setdefault(key, {})
        return JSONResponse({"error": False, "data": body, "message": ""}, 201)

    async def _session(self, request: Request) -> Response:
        if refused := self._seen(request):
            return refused
        key = (request.path_params["id"], request.query_params["user_id"])
        if key not in self.sessions:
            return JSONResponse({"error": "Session not found"}, 404)
        events = [{"id": name, "data": data} for name, data in self.events[key].items()]
        data = {"session": self.sessions[key], "events": events}
        return JSONResponse({"error": False, "data": data, "message": ""})

    async def _append(self, request: Request) -> Response:
        if refused := self._seen(request):
            return refused
        key = (request.path_params["id"], request.query_params["user_id"])
        if key not in self.sessions:
            return JSONResponse({"error": "Session not found"}, 404)
        for event in (await request.json())["items"]:
            self.events[key].setdefault(event["id"], event["data"])
        return JSONResponse({"error": False, "data": {}, "message": ""}, 201)

    async def _save(self, request: Request) -> Response:
        if refused := self._seen(request):
            return refused
        for task in (await request.json())["items"]:
            self.tasks[task["id"]] = task
        return JSONResponse({"error": False, "data": {}, "message": ""}, 201)

    async def _list(self, request: Request) -> Response:
        if refused := self._seen(request):
            return refused
        self.listed.append(dict(request.query_params))
        user = request.query_params["user_id"]
        found = [
            task
            for task in self.tasks.values()
            if (task.get("metadata") or {}).get("kagent_user_id") == user
        ]
        return JSONResponse(
            {"error": False, "data": found, "message": "", "continue": "next", "total": 7}
        )

    async def _interrupted(self, request: Request) -> Response:
        if refused := self._seen(request):
            return refused
        return JSONResponse({"error": False, "data": self.untold, "message": ""})

    async def _push(self, request: Request) -> Response:
        if refused := self._seen(request):
            return refused
        kept = self.pushes.setdefault(request.path_params["id"], [])
        if request.method == "POST":
            kept.append({**await request.json(), "user_id": request.headers.get("x-user-id", "")})
        return JSONResponse({"error": False, "data": kept, "message": ""})

    async def _drop(self, request: Request) -> Response:
        if refused := self._seen(request):
            return refused
        task, push = request.path_params["id"], request.path_params["push"]
        user = request.headers.get("x-user-id", "")
        self.pushes[task] = [
            wish for wish in self.pushes[task] if (wish["id"], wish["user_id"]) != (push, user)
        ]
        return JSONResponse({"error": False, "data": {}, "message": ""})

    async def _task(self, request: Request) -> Response:
        if refused := self._seen(request):
            return refused
        task = self.tasks.get(request.path_params["id"])
        if task is None:
            return JSONResponse({"error": "Task not found"}, 404)
        return JSONResponse({"error": False, "data": task, "message": ""})

    async def _remember(self, request: Request) -> Response:
        if refused := self._seen(request):
            return refused
        body = await request.json()
        self.memories += body.get("items", [body])
        return JSONResponse({"id": str(len(self.memories))}, 201)

    async def _search(self, request: Request) -> Response:
        if refused := self._seen(request):
            return refused
        body = await request.json()
        own = [m for m in self.memories if m["user_id"] == body["user_id"]]
        scored = [(_likeness(memory["vector"], body["vector"]), memory) for memory in own]
        scored.sort(key=lambda pair: pair[0], reverse=True)
        found = [
            {"id": "1", "content": memory["content"], "score": score, "metadata": None}
            for score, memory in scored
            if score >= body["min_score"]
        ]
        return JSONResponse(found[: body["limit"]])


def _said(reply: Reply) -> dict[str, Any]:
    if isinstance(reply, str):
        return {"role": "assistant", "content": reply}
    calls = [reply] if isinstance(reply, tuple) else reply
    return {"role": "assistant", "content": None, "tool_calls": [_called(*call) for call in calls]}


def _called(name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    function = {"name": name, "arguments": json.dumps(arguments)}
    return {"id": f"call-{uuid.uuid4().hex}", "type": "function", "function": function}


def _likeness(one: Sequence[float], other: Sequence[float]) -> float:
    product = sum(a * b for a, b in zip(one, other, strict=True))
    return product / ((math.hypot(*one) * math.hypot(*other)) or 1.0)


@pytest.fixture
def controller(serve: Serve) -> Controller:
    kept = Controller()
    serve(kept.app)
    return kept
