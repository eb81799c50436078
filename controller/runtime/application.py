"""The agent's HTTP surface: card, health, readiness, and A2A in both protocol versions at `/`."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from a2a.client.card_resolver import parse_agent_card
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
from controller.runtime.tasks import Tasks


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
    engine = Engine(config, environment)
    served = wire_card(card)
    handler = DefaultRequestHandler(
        agent_executor=Executor(engine), task_store=Tasks(), agent_card=served
    )

    async def ready(_: Request) -> Response:
        problems = engine.problems
        return JSONResponse({"ready": True, "unavailable": dict(problems)})

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with engine:
            yield
            await handler.aclose()

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
