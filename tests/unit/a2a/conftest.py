"""Agents made with the A2A project's own server, and the gateway before them, on loopback."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from a2a.compat.v0_3 import types as types03
from a2a.helpers import new_task_from_user_message, new_text_message
from a2a.server.agent_execution import AgentExecutor, RequestContext
from a2a.server.events import EventQueue
from a2a.server.request_handlers import DefaultRequestHandler
from a2a.server.routes import create_agent_card_routes, create_jsonrpc_routes
from a2a.server.tasks import InMemoryTaskStore, TaskUpdater
from a2a.types import AgentCapabilities, AgentCard, AgentInterface, AgentSkill, Part
from loopback import running
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from controller.a2a.gateway import Gateway
from controller.a2a.upstream import Upstream
from controller.errors import PermanentError

WORDS = ("hello ", "from ", "the agent")


class Speaker(AgentExecutor):
    """Says three words, and then its input; told to wait, it waits until it is cancelled."""

    def __init__(self) -> None:
        self.cancelled = asyncio.Event()

    async def execute(self, context: RequestContext, event_queue: EventQueue) -> None:
        task = context.current_task
        if task is None:
            assert context.message is not None
            task = new_task_from_user_message(context.message)
            await event_queue.enqueue_event(task)
        updater = TaskUpdater(event_queue, task.id, task.context_id)
        await updater.start_work()
        if context.get_user_input() == "wait":
            await self.cancelled.wait()
            return
        for index, word in enumerate(WORDS):
            last = index == len(WORDS) - 1
            await updater.add_artifact(
                [Part(text=word)], artifact_id="words", append=index > 0, last_chunk=last
            )
        await updater.complete(new_text_message(f"you said {context.get_user_input()}"))

    async def cancel(self, context: RequestContext, event_queue: EventQueue) -> None:
        assert context.task_id is not None
        assert context.context_id is not None
        await TaskUpdater(event_queue, context.task_id, context.context_id).cancel()
        self.cancelled.set()


def agent(url: str, *versions: str) -> Starlette:
    """An agent that speaks these versions of the protocol and no other."""
    card = AgentCard(
        name="speaker",
        description="Says words.",
        version="1.0.0",
        capabilities=AgentCapabilities(streaming=True),
        default_input_modes=["text/plain"],
        default_output_modes=["text/plain"],
        skills=[AgentSkill(id="s", name="s", description="s", tags=["t"])],
        supported_interfaces=[
            AgentInterface(url=f"{url}/", protocol_binding="JSONRPC", protocol_version=version)
            for version in versions
        ],
    )
    handler = DefaultRequestHandler(
        agent_executor=Speaker(), task_store=InMemoryTaskStore(), agent_card=card
    )
    (rpc,) = create_jsonrpc_routes(handler, "/", enable_v0_3_compat="0.3" in versions)

    async def only_03(request: Request) -> Response:
        """Know no method of 1.0, as agents of kagent's Python runtime do."""
        body = await request.json()
        if "/" not in body["method"]:
            error = {"code": -32601, "message": "Method not found"}
            return JSONResponse({"jsonrpc": "2.0", "id": body["id"], "error": error})
        return await rpc.endpoint(request)

    route = rpc if "1.0" in versions else Route("/", only_03, methods=["POST"])
    if "1.0" in versions:
        return Starlette(routes=[*create_agent_card_routes(card), route])
    return Starlette(routes=[Route("/.well-known/agent-card.json", _card_03(url)), route])


def _card_03(url: str) -> Callable[[Request], Any]:
    """A card as agents of 0.3 have it: nothing in it is of 1.0."""
    card = types03.AgentCard(
        name="speaker",
        description="Says words.",
        version="1.0.0",
        url=f"{url}/",
        capabilities=types03.AgentCapabilities(streaming=True),
        default_input_modes=["text/plain"],
        default_output_modes=["text/plain"],
        skills=[types03.AgentSkill(id="s", name="s", description="s", tags=["t"])],
        security=[{"key": []}],
        security_schemes={
            "key": types03.SecurityScheme(
                root=types03.APIKeySecurityScheme(**{"in": "header"}, name="X-Key")
            )
        },
    )

    async def answer(_: Request) -> Response:
        return JSONResponse(card.model_dump(mode="json", by_alias=True, exclude_none=True))

    return answer


@dataclass(frozen=True)
class World:
    """A gateway and what is behind it."""

    gateway: str
    """Its address."""

    def rpc(self, name: str, method: str, params: Any, version: str = "", **headers: str) -> Any:
        """Ask an agent as a client of a version does, and give the answer's JSON."""
        given = {"A2A-Version": version} if version else {}
        body = {"jsonrpc": "2.0", "id": 7, "method": method, "params": params}
        answer = httpx.post(self.place(name), json=body, headers={**given, **headers}, timeout=30)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def place(self, name: str) -> str:
        return f"{self.gateway}/api/a2a/agents/{name}/"

    def card(self, name: str) -> Any:
        return httpx.get(f"{self.place(name)}.well-known/agent-card.json").json()


def mounted(gateway: Gateway) -> Starlette:
    """The gateway where Roster has it."""
    path = "/api/a2a/{namespace}/{name}"

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await gateway.close()

    return Starlette(
        lifespan=lifespan,
        routes=[
            Route(path, gateway, methods=["GET", "POST"]),
            Route(path + "/{tail:path}", gateway, methods=["GET", "POST"]),
        ],
    )


@contextmanager
def gateway_before(agents: Mapping[str, str], **options: Any) -> Iterator[World]:
    """A gateway to agents at addresses."""

    def find(namespace: str, name: str) -> Upstream:
        if name not in agents:
            raise PermanentError(
                "There is no such agent.", remedy=f"There are: {', '.join(agents)}."
            )
        return Upstream(url=f"{agents[name]}/", headers={}, state="It is Healthy.")

    def create(_: str) -> Any:
        return mounted(Gateway(find, lambda: httpx.AsyncClient(timeout=30), **options))

    with running(create) as url:
        yield World(url)


@pytest.fixture(scope="session")
def world() -> Iterator[World]:
    """A gateway to agents of one version and of both."""
    spoken = {"old": ("0.3",), "new": ("1.0",), "both": ("1.0", "0.3")}
    with ExitStack() as stack:
        agents = {
            name: stack.enter_context(running(lambda url, spoken=versions: agent(url, *spoken)))
            for name, versions in spoken.items()
        }
        yield stack.enter_context(gateway_before(agents))


@pytest.fixture
def serve() -> Iterator[Callable[..., str]]:
    """Run ASGI applications to the end of the test; gives their addresses."""
    with ExitStack() as stack:
        yield lambda create, **options: stack.enter_context(running(create, **options))


@pytest.fixture
def gateway_to() -> Iterator[Callable[..., World]]:
    """Run a gateway to agents at addresses."""
    with ExitStack() as stack:
        yield lambda agents, **options: stack.enter_context(gateway_before(agents, **options))
