"""A small A2A agent written with the a2a-sdk alone: the examples' "bring your own" agent.

It converts units by plain code. Roster deploys it and speaks to it as to any other agent, because
all that it asks of one is the protocol: a card, and JSON-RPC at `/` in version 1.0 and 0.3.
"""

import os

from a2a.helpers import new_task_from_user_message, new_text_part
from a2a.server.agent_execution import AgentExecutor, RequestContext
from a2a.server.events import EventQueue
from a2a.server.request_handlers import DefaultRequestHandler
from a2a.server.routes import create_agent_card_routes, create_jsonrpc_routes
from a2a.server.tasks import InMemoryTaskStore, TaskUpdater
from a2a.types import AgentCapabilities, AgentCard, AgentInterface, AgentSkill
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from controller.runtime.demo import units


class UnitConverter(AgentExecutor):
    """Answers a message with one artifact and is done."""

    async def execute(self, context: RequestContext, event_queue: EventQueue) -> None:
        """Answer the message that started or continues a task."""
        task = context.current_task
        if task is None:
            if context.message is None:
                return
            task = new_task_from_user_message(context.message)
            await event_queue.enqueue_event(task)
        updater = TaskUpdater(event_queue, task.id, task.context_id)
        await updater.start_work()
        text = units.answer(context.get_user_input())
        await updater.add_artifact([new_text_part(text)], last_chunk=True)
        await updater.complete()

    async def cancel(self, context: RequestContext, event_queue: EventQueue) -> None:
        """Say that the task is cancelled; there is nothing to stop."""
        await TaskUpdater(event_queue, context.task_id or "", context.context_id or "").cancel()


def own_url(host: str, port: int) -> str:
    """Where others reach this agent: its Service when it runs as a pod, else its own address."""
    name, namespace = os.environ.get("KAGENT_NAME"), os.environ.get("KAGENT_NAMESPACE")
    authority = f"{name}.{namespace}:8080" if name and namespace else f"{host}:{port}"
    return f"http://{authority}/"


def card(url: str) -> AgentCard:
    """What the agent says of itself."""
    return AgentCard(
        name="unit_converter",
        description="Converts lengths, masses, volumes and temperatures.",
        version="1.0.0",
        capabilities=AgentCapabilities(streaming=True),
        default_input_modes=["text/plain"],
        default_output_modes=["text/plain"],
        skills=[
            AgentSkill(
                id="convert",
                name="Convert units",
                description="Converts a quantity from one unit to another.",
                tags=["units"],
                examples=["10 miles in km", "70 °F in °C"],
            )
        ],
        supported_interfaces=[
            AgentInterface(url=url, protocol_binding="JSONRPC", protocol_version=version)
            for version in ("1.0", "0.3")
        ],
    )


def create(url: str) -> Starlette:
    """The agent as an ASGI application."""
    own_card = card(url)
    handler = DefaultRequestHandler(
        agent_executor=UnitConverter(), task_store=InMemoryTaskStore(), agent_card=own_card
    )

    async def health(_: Request) -> Response:
        return PlainTextResponse("OK")

    return Starlette(
        routes=[
            *create_agent_card_routes(own_card),
            *create_jsonrpc_routes(handler, "/", enable_v0_3_compat=True),
            Route("/health", health),
        ]
    )
