"""The agent loop: asks the model, calls tools, and tells what happens as it happens.

pydantic-ai does the work; this module gives it the configured model and tools, keeps a
conversation's history, and translates its events into those of `turns`.
"""

import logging
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Self

from pydantic_ai import (
    Agent,
    BinaryContent,
    DeferredToolRequests,
    DeferredToolResults,
    ToolApproved,
    ToolDenied,
)
from pydantic_ai.messages import (
    FunctionToolCallEvent,
    FunctionToolResultEvent,
    PartDeltaEvent,
    PartStartEvent,
    TextPart,
    TextPartDelta,
    UserContent,
)
from pydantic_ai.run import AgentRun
from pydantic_ai.toolsets.abstract import AbstractToolset
from pydantic_ai.usage import RunUsage

from controller.definitions.agentconfig import AgentConfig
from controller.runtime import models
from controller.runtime.colleagues import Colleagues, decision_metadata
from controller.runtime.conversations import Conversation, Conversations
from controller.runtime.toolservers import ToolServers
from controller.runtime.turns import (
    ApprovalAsked,
    Decision,
    Event,
    Finished,
    PendingCall,
    ResponseStarted,
    TextDelta,
    ToolAnswered,
    ToolCalled,
    Turn,
    Usage,
)

_log = logging.getLogger(__name__)

REJECTED = "Tool call was rejected by user."
_OVERTAKEN = "The person did not decide about this call, and wrote something else instead."

_Agent = Agent[Turn, str | DeferredToolRequests]
_Run = AgentRun[Turn, str | DeferredToolRequests]


class Engine:
    """One configured agent; turns of different conversations run side by side."""

    def __init__(self, config: AgentConfig, environment: Mapping[str, str]) -> None:
        """Set the agent up; nothing is contacted yet.

        Raises:
            PermanentError: the configuration asks for something that cannot be had.
        """
        self._conversations = Conversations()
        self._model = models.create(config.model, environment)
        self._servers = ToolServers(config, environment)
        self._colleagues = Colleagues(config.remote_agents or (), self._conversations, environment)
        self._streams = bool(config.stream)
        self._agent: _Agent = Agent(
            self._model.model,
            instructions=config.instruction,
            deps_type=Turn,
            output_type=[str, DeferredToolRequests],
        )

    @property
    def problems(self) -> Mapping[str, str]:
        """MCP servers that could not be reached the last time, by address."""
        return self._servers.problems()

    def pending(self, context_id: str) -> tuple[PendingCall, ...]:
        """Tool calls of a conversation that wait for a person."""
        return self._conversations.of(context_id).pending

    async def __aenter__(self) -> Self:
        await self._agent.__aenter__()
        self._servers.start()
        return self

    async def __aexit__(self, *reason: object) -> None:
        """Let go of all connections."""
        await self._agent.__aexit__(*reason)
        await self._servers.close()
        await self._colleagues.close()

    async def run(self, turn: Turn) -> AsyncGenerator[Event]:
        """Answer a turn; turns of one conversation wait for each other."""
        conversation = self._conversations.of(turn.context_id)
        toolsets = [*await self._servers.toolsets(), self._colleagues]
        # The history is read once the lock is held: the turn before may have changed it.
        async with conversation.lock, self._started(conversation, turn, toolsets) as run:
            async for event in self._steps(run):
                yield event
            yield _remember(conversation, run)

    def _started(
        self, conversation: Conversation, turn: Turn, toolsets: Sequence[AbstractToolset[Turn]]
    ) -> AbstractAsyncContextManager[_Run]:
        return self._agent.iter(
            _prompt(turn),
            message_history=conversation.messages,
            deferred_tool_results=_results(conversation, turn),
            deps=turn,
            toolsets=toolsets,
            model_settings=self._model.settings_for(turn.caller.headers),
        )

    async def _steps(self, run: _Run) -> AsyncIterator[Event]:
        async for node in run:
            if Agent.is_model_request_node(node) and self._streams:
                yield ResponseStarted()
                async with node.stream(run.ctx) as stream:
                    async for event in stream:
                        if text := _text(event):
                            yield TextDelta(text=text)
            elif Agent.is_call_tools_node(node):
                if not self._streams:
                    yield ResponseStarted()
                    yield TextDelta(text=node.model_response.text or "")
                async with node.stream(run.ctx) as events:
                    async for event in events:
                        if translated := _tool_event(event):
                            yield translated


def _prompt(turn: Turn) -> str | list[UserContent] | None:
    if turn.decisions is not None:
        return None
    if not turn.attachments:
        return turn.text
    files = [
        BinaryContent(data=attachment.content, media_type=attachment.media_type)
        for attachment in turn.attachments
    ]
    return [turn.text, *files] if turn.text else list(files)


def _results(conversation: Conversation, turn: Turn) -> DeferredToolResults | None:
    """What the calls that waited get: the person's decision, or that there was none."""
    if not conversation.pending:
        return None
    results = DeferredToolResults()
    decisions = turn.decisions or {}
    for call in conversation.pending:
        decision = decisions.get(call.id)
        if decision is None:
            results.approvals[call.id] = ToolDenied(_OVERTAKEN)
        elif call.payload:
            # The colleague waits for the decision itself, be it yes or no.
            results.approvals[call.id] = ToolApproved()
            results.metadata[call.id] = decision_metadata(call.payload, decision)
        elif decision.approved:
            results.approvals[call.id] = ToolApproved()
        else:
            results.approvals[call.id] = ToolDenied(_refusal(decision))
    return results


def _refusal(decision: Decision) -> str:
    return f"{REJECTED} Reason: {decision.reason}" if decision.reason else REJECTED


def _text(event: Any) -> str:
    match event:
        case PartStartEvent(part=TextPart(content=text)):
            return text
        case PartDeltaEvent(delta=TextPartDelta(content_delta=text)):
            return text
        case _:
            return ""


def _tool_event(event: Any) -> Event | None:
    match event:
        case FunctionToolCallEvent(part=part):
            return ToolCalled(
                id=part.tool_call_id, name=part.tool_name, arguments=part.args_as_dict()
            )
        case FunctionToolResultEvent(part=part):
            return ToolAnswered(
                id=part.tool_call_id,
                name=part.tool_name or "",
                content=part.content,
                failed=getattr(part, "outcome", "success") != "success",
            )
        case _:
            return None


def _remember(conversation: Conversation, run: _Run) -> Event:
    """Keep the history of a turn that ended well, and say how it ended."""
    if run.result is None:
        raise RuntimeError("the agent loop ended without a result")
    conversation.messages = run.result.all_messages()
    usage = _usage(run.usage)
    output = run.result.output
    if isinstance(output, DeferredToolRequests):
        conversation.pending = tuple(
            PendingCall(
                id=call.tool_call_id,
                name=call.tool_name,
                arguments=call.args_as_dict(),
                payload=output.metadata.get(call.tool_call_id, {}),
            )
            for call in output.approvals
        )
        return ApprovalAsked(calls=conversation.pending, usage=usage)
    conversation.pending = ()
    return Finished(usage=usage)


def _usage(usage: RunUsage) -> Usage:
    return Usage(input_tokens=usage.input_tokens, output_tokens=usage.output_tokens)
