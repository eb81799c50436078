"""The agent's HTTP surface: card, health, readiness, and A2A in both protocol versions at `/`."""

import asyncio
import logging
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial

from a2a.client.card_resolver import parse_agent_card
from a2a.helpers import new_data_part
from a2a.server.agent_execution import SimpleRequestContextBuilder
from a2a.server.context import ServerCallContext
from a2a.server.routes import create_agent_card_routes, create_jsonrpc_routes
from a2a.types import AgentCard, Message, Role, SendMessageRequest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from controller.definitions import agentconfig
from controller.runtime import approvals, push
from controller.runtime.deadlines import Deadlines
from controller.runtime.engine import Engine
from controller.runtime.executor import DECIDED_BY, Executor
from controller.runtime.handler import Handler
from controller.runtime.instrumentation import Instrumentation
from controller.runtime.limits import Limits
from controller.runtime.serving import Drain
from controller.runtime.sessions import Sessions
from controller.runtime.sessions.routes import Routes
from controller.runtime.tasks import Contexts, Tasks
from controller.runtime.turns import Turn

_log = logging.getLogger(__name__)

_LAST_PUSH_S = 2.0
"""Seconds that notifications under way get at the end."""
_LAST_WORDS_S = 3.0
"""Seconds that it may take to say of turns that they were ended."""
_BEGIN_S = 1.0
"""Seconds for which requests wait until the tasks of a process that died here have ended."""
_PARKED_S = 600.0
"""Seconds after which a task that waits for a person is let go of; its decision finds it again."""


def create(
    config: agentconfig.AgentConfig,
    card: agentconfig.AgentCard,
    environment: Mapping[str, str],
    *,
    drain: Drain,
) -> Starlette:
    """The agent as an ASGI application.

    `drain` says how long turns may go on after the server was told to stop.

    Raises:
        PermanentError: the configuration asks for something that cannot be had.
    """
    if ignored := _ignored(config, environment):
        _log.warning("settings_ignored", extra={"settings": ignored})
    sessions = Sessions(Routes.from_environment(environment))
    limits = Limits.from_environment(environment)
    instrumentation = Instrumentation(environment, environment.get("KAGENT_NAME") or card.name)
    engine = Engine(config, environment, sessions, limits, instrumentation)
    deadlines = Deadlines(limits.approval_s)
    contexts = Contexts()
    executor = Executor(engine, contexts, deadlines, instrumentation)
    served = wire_card(card)
    configs = push.Configs(sessions.routes)
    tasks = Tasks(sessions, begun=configs.begun)
    sender = push.Sender(configs, push.Targets.from_environment(environment), tasks.latest)
    handler = Handler(
        tasks,
        agent_executor=executor,
        agent_card=served,
        push_config_store=configs,
        push_sender=sender,
        push_url_validator=sender.is_allowed,
        request_context_builder=SimpleRequestContextBuilder(
            task_id_generator=tasks, context_id_generator=contexts
        ),
        interrupted_task_timeout=_PARKED_S,
    )
    deadlines.when_over(partial(_reject, handler, deadlines))

    async def ready(_: Request) -> Response:
        about = {
            "unavailable": dict(engine.problems),
            "hidden": engine.hidden,
            "storage": sessions.state(),
            "ignored": ignored,
            "skills": engine.skills,
        }
        return JSONResponse({"ready": True, **about})

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        ending = asyncio.create_task(_end_interrupted(sessions, tasks, sender))
        async with engine:
            await asyncio.wait([ending], timeout=_BEGIN_S)
            yield
            ending.cancel()
            await executor.idle(drain.left_s())
            await tasks.ended(await executor.interrupt(), _LAST_WORDS_S)
            await deadlines.close()
            await handler.aclose()
            await sender.close(_LAST_PUSH_S)
        await sessions.close()
        await asyncio.to_thread(instrumentation.close)

    return Starlette(
        lifespan=lifespan,
        routes=[
            *create_agent_card_routes(served),
            *create_jsonrpc_routes(
                handler, "/", enable_v0_3_compat=True, shutdown_grace_period=drain.limit_s
            ),
            Route("/health", _health),
            Route("/ready", ready),
        ],
    )


def _ignored(config: agentconfig.AgentConfig, environment: Mapping[str, str]) -> list[str]:
    """What was configured and this runtime does not have, by its names in config.json."""
    asked = {
        "execute_code": config.execute_code,
        "share_tools": config.share_tools,
        "session_db_url": config.session_db_url,
        "memory (there is no controller)": config.memory and not environment.get("KAGENT_URL"),
    }
    return [name for name, value in asked.items() if value]


async def _end_interrupted(sessions: Sessions, tasks: Tasks, sender: push.Sender) -> None:
    """End what a former process left in the middle, and tell whoever wants to be told."""
    for task_id in await sessions.end_interrupted():
        task = await tasks.get(task_id, ServerCallContext())
        if task is not None:
            await sender.send_notification(task_id, task)


async def _reject(handler: Handler, deadlines: Deadlines, turn: Turn) -> None:
    """Answer a question that nobody answered in time, as a person would."""
    message = Message(
        role=Role.ROLE_USER,
        message_id=str(uuid.uuid4()),
        task_id=turn.task_id,
        context_id=turn.context_id,
        parts=[new_data_part(deadlines.decision())],
    )
    context = ServerCallContext(state={DECIDED_BY: approvals.NOBODY})
    await handler.on_message_send(SendMessageRequest(message=message), context)


async def _health(_: Request) -> Response:
    return PlainTextResponse("OK")


def wire_card(card: agentconfig.AgentCard) -> AgentCard:
    """The card as the a2a-sdk serves it; it writes the top-level fields of 0.3 by itself."""
    content = card.model_dump(mode="json", by_alias=True, exclude_none=True)
    # The file comes from whoever rendered it; what this runtime can do, it knows best itself.
    content["capabilities"] |= {"streaming": True, "pushNotifications": True}
    if not content["supportedInterfaces"]:
        interfaces = agentconfig.both_versions(card.url)
        content["supportedInterfaces"] = [
            interface.model_dump(by_alias=True) for interface in interfaces
        ]
    return parse_agent_card(content)
