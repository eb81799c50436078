"""A client of one protocol version, an agent of the other: the a2a-sdk's parts translate.

Its server reads both versions into the types of 1.0, its transports write those in the agent's
version; in between stands a request handler that does nothing but pass on. Importing all that
takes a second and most agents never need it, so the gateway imports this module when one does.
"""

# ruff: noqa: ARG002 - the interface gives a context that nobody here needs

import copy
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from a2a.client.card_resolver import parse_agent_card
from a2a.client.client import ClientCallContext
from a2a.client.errors import A2AClientError
from a2a.client.transports.base import ClientTransport
from a2a.client.transports.jsonrpc import JsonRpcTransport
from a2a.compat.v0_3.jsonrpc_transport import CompatJsonRpcTransport
from a2a.server.context import ServerCallContext
from a2a.server.request_handlers.request_handler import RequestHandler
from a2a.server.request_handlers.response_helpers import agent_card_to_dict
from a2a.server.routes.jsonrpc_dispatcher import JsonRpcDispatcher
from a2a.types import a2a_pb2 as pb
from a2a.utils.errors import InternalError, UnsupportedOperationError
from google.protobuf.json_format import (  # type: ignore[import-untyped]  # has no types
    ParseError,
)
from starlette.requests import Request
from starlette.responses import Response

from controller.a2a import cards, headers
from controller.a2a.calls import Version


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """An agent, and how to ask it."""

    client: httpx.AsyncClient
    url: str
    """Where it answers."""
    onward: Mapping[str, str]
    """Headers of the requests to it."""
    spoken: Version
    """The version that it speaks."""
    shown_at: str
    """Its address at the gateway, for a card in an answer."""


async def answer(request: Request, target: Target) -> Response:
    """Answer a request, its body read, in the client's version by asking in the agent's.

    Raises:
        httpx.TransportError: the agent did not answer at all.
    """
    handler = _Onward(target)
    response = await JsonRpcDispatcher(handler, enable_v0_3_compat=True).handle_requests(request)
    if handler.unanswered is not None:
        raise handler.unanswered
    return response


def card(content: Mapping[str, Any], url: str) -> Mapping[str, Any]:
    """Give a card in the spelling of both versions; one that cannot be read stays as it is."""
    both = {**copy.deepcopy(dict(content)), "supportedInterfaces": cards.interfaces(url)}
    try:
        return agent_card_to_dict(parse_agent_card(both))
    except (ParseError, TypeError, ValueError):
        return content


def _transport(target: Target) -> ClientTransport:
    if target.spoken is Version.V03:
        return CompatJsonRpcTransport(target.client, None, target.url, is_shared_httpx=True)
    # The transport gives this card away where it does not say that there is another.
    card = pb.AgentCard(capabilities=pb.AgentCapabilities(extended_agent_card=True))
    return JsonRpcTransport(target.client, card, target.url, is_shared_httpx=True)


class _Onward(RequestHandler):
    """Passes every request on to one agent."""

    def __init__(self, target: Target) -> None:
        self._transport = _transport(target)
        self._shown_at = target.shown_at
        # Without the client's `accept`: it may want a stream where the agent's version has none.
        kept = {name: value for name, value in target.onward.items() if name != "accept"}
        self._parameters = {**kept, headers.VERSION_HEADER: str(target.spoken)}
        self.unanswered: httpx.TransportError | None = None

    @property
    def _context(self) -> ClientCallContext:
        return ClientCallContext(service_parameters=dict(self._parameters))

    @contextmanager
    def _reaching(self) -> Iterator[None]:
        """Turn the transport's errors into answers, and remember that there was none."""
        try:
            yield
        except NotImplementedError as error:
            raise UnsupportedOperationError(
                "The agent speaks A2A 0.3, which does not know this method."
            ) from error
        except A2AClientError as error:
            if isinstance(error.__cause__, httpx.TransportError):
                self.unanswered = error.__cause__
            raise InternalError(str(error)) from error
        except ValueError as error:  # what pydantic and protobuf raise, and json
            raise InternalError("The agent's answer does not follow the protocol.") from error

    async def _stream(self, events: AsyncGenerator[pb.StreamResponse]) -> AsyncGenerator[Any]:
        """Give the events that the agent's answers hold; closed with their reader."""
        with self._reaching():
            async with aclosing(events):
                async for event in events:
                    yield getattr(event, str(event.WhichOneof("payload")))

    async def on_message_send(
        self, params: pb.SendMessageRequest, context: ServerCallContext
    ) -> pb.Task | pb.Message:
        with self._reaching():
            answer = await self._transport.send_message(params, context=self._context)
        return answer.task if answer.HasField("task") else answer.message

    def on_message_send_stream(
        self, params: pb.SendMessageRequest, context: ServerCallContext
    ) -> AsyncGenerator[Any]:
        return self._stream(self._transport.send_message_streaming(params, context=self._context))

    def on_subscribe_to_task(
        self, params: pb.SubscribeToTaskRequest, context: ServerCallContext
    ) -> AsyncGenerator[Any]:
        return self._stream(self._transport.subscribe(params, context=self._context))

    async def on_get_task(
        self, params: pb.GetTaskRequest, context: ServerCallContext
    ) -> pb.Task | None:
        with self._reaching():
            return await self._transport.get_task(params, context=self._context)

    async def on_list_tasks(
        self, params: pb.ListTasksRequest, context: ServerCallContext
    ) -> pb.ListTasksResponse:
        with self._reaching():
            return await self._transport.list_tasks(params, context=self._context)

    async def on_cancel_task(
        self, params: pb.CancelTaskRequest, context: ServerCallContext
    ) -> pb.Task | None:
        with self._reaching():
            return await self._transport.cancel_task(params, context=self._context)

    async def on_create_task_push_notification_config(
        self, params: pb.TaskPushNotificationConfig, context: ServerCallContext
    ) -> pb.TaskPushNotificationConfig:
        with self._reaching():
            return await self._transport.create_task_push_notification_config(
                params, context=self._context
            )

    async def on_get_task_push_notification_config(
        self, params: pb.GetTaskPushNotificationConfigRequest, context: ServerCallContext
    ) -> pb.TaskPushNotificationConfig:
        with self._reaching():
            return await self._transport.get_task_push_notification_config(
                params, context=self._context
            )

    async def on_list_task_push_notification_configs(
        self, params: pb.ListTaskPushNotificationConfigsRequest, context: ServerCallContext
    ) -> pb.ListTaskPushNotificationConfigsResponse:
        with self._reaching():
            return await self._transport.list_task_push_notification_configs(
                params, context=self._context
            )

    async def on_delete_task_push_notification_config(
        self, params: pb.DeleteTaskPushNotificationConfigRequest, context: ServerCallContext
    ) -> None:
        with self._reaching():
            await self._transport.delete_task_push_notification_config(
                params, context=self._context
            )

    async def on_get_extended_agent_card(
        self, params: pb.GetExtendedAgentCardRequest, context: ServerCallContext
    ) -> pb.AgentCard:
        with self._reaching():
            found = await self._transport.get_extended_agent_card(params, context=self._context)
        del found.supported_interfaces[:]
        for interface in cards.interfaces(self._shown_at):
            found.supported_interfaces.add(
                url=interface["url"],
                protocol_binding=interface["protocolBinding"],
                protocol_version=interface["protocolVersion"],
            )
        return found
