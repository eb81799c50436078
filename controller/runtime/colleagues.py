"""Other agents as tools: the model writes a request, the colleague's answer is the result.

A conversation keeps one context with each colleague, so that a second question can build on the
first. When a colleague waits for a person's approval, so does this agent: what the colleague asks
goes up with the call, and the person's decision goes down to it.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import httpx
from a2a.client import A2AClientError, Client, ClientCallContext, ClientConfig, create_client
from a2a.helpers import get_data_parts, get_message_text, get_text_parts, new_data_part
from a2a.types import (
    Message,
    Part,
    Role,
    Task,
    TaskState,
)
from pydantic_ai import RunContext, ToolDefinition
from pydantic_ai.exceptions import ApprovalRequired, ToolFailed
from pydantic_ai.toolsets.abstract import AbstractToolset, ToolsetTool
from pydantic_ai.toolsets.external import TOOL_SCHEMA_VALIDATOR

from controller.definitions.agentconfig import RemoteAgent
from controller.runtime import headers
from controller.runtime.exchange import Exchange
from controller.runtime.instrumentation import Instrumentation
from controller.runtime.sessions import Sessions
from controller.runtime.turns import Turn

_CONNECT_S = 10.0

_REQUEST_SCHEMA = {
    "type": "object",
    "properties": {
        "request": {"type": "string", "description": "What the agent is asked, in full sentences."}
    },
    "required": ["request"],
}


class Colleagues(AbstractToolset[Turn]):
    """The agents that this one may ask."""

    def __init__(
        self,
        agents: Sequence[RemoteAgent],
        sessions: Sessions,
        environment: Mapping[str, str],
        instrumentation: Instrumentation | None = None,
    ) -> None:
        self._agents = {agent.name: agent for agent in agents}
        self._fixed = {
            agent.name: headers.resolved(agent.headers, environment, owner=f"agent {agent.name}")
            for agent in agents
        }
        self._sessions, self._instrumentation = sessions, instrumentation
        self._http = httpx.AsyncClient(timeout=_CONNECT_S)
        self._clients: dict[str, Client] = {}

    @property
    def id(self) -> str:
        """There is one such toolset in an agent."""
        return "colleagues"

    async def get_tools(self, ctx: RunContext[Turn]) -> dict[str, ToolsetTool[Turn]]:
        """One tool for each colleague."""
        del ctx
        return {
            agent.name: ToolsetTool(
                toolset=self,
                tool_def=ToolDefinition(
                    name=agent.name,
                    description=agent.description,
                    parameters_json_schema=_REQUEST_SCHEMA,
                ),
                max_retries=1,
                args_validator=TOOL_SCHEMA_VALIDATOR,
            )
            for agent in self._agents.values()
        }

    async def call_tool(
        self, name: str, tool_args: dict[str, Any], ctx: RunContext[Turn], tool: ToolsetTool[Turn]
    ) -> Any:
        """Ask a colleague, or hand it the decision that it waits for."""
        del tool
        agent, turn = self._agents[name], ctx.deps
        message = self._message(agent, turn, tool_args, ctx.tool_call_metadata)
        try:
            task = await self._send(agent, turn, message)
        except (A2AClientError, httpx.HTTPError, OSError) as error:
            self._clients.pop(name, None)
            reason = str(error) or type(error).__name__
            raise ToolFailed(f"The agent {name} is not available: {reason}") from error
        return self._result(agent, turn, task)

    async def close(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    def _message(
        self, agent: RemoteAgent, turn: Turn, arguments: Mapping[str, Any], metadata: Any
    ) -> Message:
        pending: Mapping[str, Any] = metadata or {}
        if decision := pending.get("decision"):
            return Message(
                role=Role.ROLE_USER,
                message_id=uuid.uuid4().hex,
                task_id=pending["task_id"],
                context_id=pending["context_id"],
                parts=[new_data_part(dict(decision))],
            )
        known = self._sessions.of(turn.owner, turn.context_id).past.colleague_contexts
        context_id = "" if agent.isolate_sessions else known.get(agent.name, "")
        return Message(
            role=Role.ROLE_USER,
            message_id=uuid.uuid4().hex,
            context_id=context_id,
            parts=[Part(text=str(arguments.get("request", "")))],
        )

    async def _send(self, agent: RemoteAgent, turn: Turn, message: Message) -> Task | Message:
        """The colleague's answer; if this turn is cancelled meanwhile, so is its task."""
        client = await self._client(agent)
        context = ClientCallContext(
            timeout=agent.timeout, service_parameters=self._headers(agent, turn)
        )
        try:
            answer = await Exchange(client, message, context).answer(agent.timeout)
        except TimeoutError as error:
            raise ToolFailed(
                f"The agent {agent.name} did not answer within {agent.timeout:g} s."
            ) from error
        if isinstance(answer, Task) and not answer.id:
            raise ToolFailed(f"The agent {agent.name} gave no answer.")
        return answer

    async def _client(self, agent: RemoteAgent) -> Client:
        if agent.name not in self._clients:
            config = ClientConfig(streaming=True, httpx_client=self._http)
            self._clients[agent.name] = await create_client(agent.url.rstrip("/"), config)
        return self._clients[agent.name]

    def _headers(self, agent: RemoteAgent, turn: Turn) -> dict[str, str]:
        """Who asks and on whose behalf, under kagent's names."""
        own = {
            "x-kagent-source": "agent",
            "x-kagent-parent-context-id": turn.context_id,
            "x-kagent-root-context-id": turn.caller.headers.get(
                "x-kagent-root-context-id", turn.context_id
            ),
        }
        if turn.caller.user_id:
            own["x-user-id"] = turn.caller.user_id
        if trace := turn.caller.headers.get("traceparent"):
            own["traceparent"] = trace
        if self._instrumentation is not None:
            own |= self._instrumentation.passed_on()
        return {**self._fixed[agent.name], **own}

    def _result(self, agent: RemoteAgent, turn: Turn, answer: Task | Message) -> str:
        if isinstance(answer, Message):
            return get_message_text(answer)
        if not agent.isolate_sessions:
            conversation = self._sessions.of(turn.owner, turn.context_id)
            known = {**conversation.past.colleague_contexts, agent.name: answer.context_id}
            conversation.past = replace(conversation.past, colleague_contexts=known)
        state = answer.status.state
        said = get_message_text(answer.status.message)
        if state == TaskState.TASK_STATE_INPUT_REQUIRED and (
            asked := get_data_parts(answer.status.message.parts)
        ):
            raise ApprovalRequired(metadata=_waiting(agent, answer, asked))
        text = "\n".join(
            piece for artifact in answer.artifacts for piece in get_text_parts(artifact.parts)
        )
        if state in (TaskState.TASK_STATE_COMPLETED, TaskState.TASK_STATE_INPUT_REQUIRED):
            return text or said
        reason = said or TaskState.Name(state).removeprefix("TASK_STATE_").lower()
        raise ToolFailed(f"The agent {agent.name} did not finish: {reason}")


def _waiting(agent: RemoteAgent, task: Task, asked: Sequence[Any]) -> dict[str, Any]:
    """Kagent's payload of an approval that a colleague asks for."""
    return {
        "task_id": task.id,
        "context_id": task.context_id,
        "subagent_name": agent.name,
        "hitl_parts": list(asked),
    }
