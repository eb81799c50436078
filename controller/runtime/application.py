"""The agent's HTTP surface: card, health, readiness, and A2A in both protocol versions at `/`."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from a2a.client.card_resolver import parse_agent_card
from a2a.server.agent_execution import SimpleRequestContextBuilder
from a2a.server.request_handlers import DefaultRequestHandler
from a2a.server.routes import create_agent_card_routes, create_jsonrpc_routes
from a2a.types import AgentCard
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from controller.definitions import agentconfig
from controller.runtime.engine import Engine
from controller.runtime.executor import Executor
from controller.runtime.sessions import Sessions
from controller.runtime.sessions.routes import Routes
from controller.runtime.tasks import Tasks

_PARKED_S = 600.0
"""Seconds after which a task that waits for a person is let go of; its decision finds it again."""


def create(
    config: agentconfig.AgentConfig,
    card: agentconfig.AgentCard,
    environment: Mapping[str, str],
    *,
    drain_s: int,
) -> Starlette:
    """The agent as an ASGI application.

    `drain_s` is how long streams may go on after the server was told to stop.

    Raises:
        PermanentError: the configuration asks for something that cannot be had.
    """
    sessions = Sessions(Routes.from_environment(environment))
    engine = Engine(config, environment, sessions)
    served = wire_card(card)
    tasks = Tasks(sessions)
    handler = DefaultRequestHandler(
        agent_executor=Executor(engine),
        task_store=tasks,
        agent_card=served,
        request_context_builder=SimpleRequestContextBuilder(task_id_generator=tasks),
        interrupted_task_timeout=_PARKED_S,
    )

    async def ready(_: Request) -> Response:
        about = {"unavailable": dict(engine.problems), "storage": sessions.state()}
        return JSONResponse({"ready": True, **about})

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with engine:
            yield
            await handler.aclose()
        await sessions.close()

    return Starlette(
        lifespan=lifespan,
        routes=[
            *create_agent_card_routes(served),
            *create_jsonrpc_routes(
                handler, "/", enable_v0_3_compat=True, shutdown_grace_period=drain_s
            ),
            Route("/health", _health),
            Route("/ready", ready),
        ],
    )


async def _health(_: Request) -> Response:
    return PlainTextResponse("OK")


def wire_card(card: agentconfig.AgentCard) -> AgentCard:
    """The card as the a2a-sdk serves it; it writes the top-level fields of 0.3 by itself."""
    content = card.model_dump(mode="json", by_alias=True, exclude_none=True)
    if not content["supportedInterfaces"]:
        interfaces = agentconfig.both_versions(card.url)
        content["supportedInterfaces"] = [
            interface.model_dump(by_alias=True) for interface in interfaces
        ]
    return parse_agent_card(content)
