"""The ASGI shell: Flask answers requests on a thread pool, and what streams stands beside it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

from a2wsgi import WSGIMiddleware
from a2wsgi.wsgi_typing import WSGIApp
from starlette.applications import Starlette
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from controller.a2a.gateway import MAX_BODY_BYTES, Gateway
from controller.api import flask_app
from controller.api.agentsonly import AgentsOnly
from controller.api.bodies import CONVERSATION_BYTES, BoundedBodies, is_conversation
from controller.api.logs import Logs
from controller.api.mcp import MCPEndpoint
from controller.api.services import Services
from controller.api.stream import Changes, stream_application, stream_applications

WORKERS = 16
"""Threads for Flask. Views read from memory; only a plan takes longer than milliseconds."""


def create(given: Services) -> Starlette:
    """Build the ASGI application that serves everything on one port."""
    flask_shell = WSGIMiddleware(cast("WSGIApp", flask_app.create(given)), workers=WORKERS)

    mcp = MCPEndpoint(given)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        app.state.changes = Changes(given.store.applications)
        yield
        await mcp.close()
        if given.gateway is not None:
            await given.gateway.close()
        if given.logs is not None:
            await given.logs.close()
        flask_shell.executor.shutdown(wait=False, cancel_futures=True)

    return Starlette(
        routes=[
            Route("/api/v1/stream/applications", stream_applications),
            Route("/api/v1/applications/{name}/stream", stream_application),
            *_to_logs(given),
            *_to_agents(given.gateway),
            Route("/mcp", BoundedBodies(mcp), methods=["GET", "POST", "DELETE"]),
            # Not around the streams: what is to be seen at once would wait to be compressed.
            Mount("/", GZipMiddleware(_bounded(cast("ASGIApp", flask_shell)), compresslevel=5)),
        ],
        lifespan=lifespan,
    )


def create_for_agents(given: Services) -> Starlette:
    """Build the ASGI application of the address at which agents, and only they, store things.

    It has threads of its own: a busy dashboard does not keep agents waiting, nor they it.
    """
    flask_shell = WSGIMiddleware(cast("WSGIApp", flask_app.create(given)), workers=WORKERS)
    bounded = BoundedBodies(cast("ASGIApp", flask_shell), max_bytes=CONVERSATION_BYTES)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        yield
        flask_shell.executor.shutdown(wait=False, cancel_futures=True)

    return Starlette(routes=[Mount("/", AgentsOnly(bounded))], lifespan=lifespan)


def _to_logs(given: Services) -> tuple[Route, ...]:
    if given.logs is None:
        return ()
    return (Route("/api/v1/applications/{name}/logs", Logs(given, given.logs).answer),)


def _bounded(app: ASGIApp) -> ASGIApp:
    """Bound bodies by what they are for."""
    small, large = BoundedBodies(app), BoundedBodies(app, max_bytes=CONVERSATION_BYTES)

    async def by_path(scope: Scope, receive: Receive, send: Send) -> None:
        chosen = large if is_conversation(scope.get("path", "")) else small
        await chosen(scope, receive, send)

    return by_path


def _to_agents(gateway: Gateway | None) -> tuple[Route, ...]:
    if gateway is None:
        return ()
    agent = "/api/a2a/{namespace}/{name}"
    bounded = BoundedBodies(gateway, max_bytes=MAX_BODY_BYTES)
    return tuple(
        Route(path, bounded, methods=["GET", "POST"]) for path in (agent, agent + "/{tail:path}")
    )
