"""The agent loop: asks the model, calls tools, and tells what happens as it happens.

pydantic-ai does the work; this module gives it the configured model and tools, keeps a
conversation's history, and translates its events into those of `turns`.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from typing import Any, Self

from pydantic_ai import Agent, BinaryContent, DeferredToolRequests
from pydantic_ai.messages import (
    FunctionToolCallEvent,
    FunctionToolResultEvent,
    ModelMessage,
    PartDeltaEvent,
    PartStartEvent,
    TextPart,
    TextPartDelta,
    UserContent,
)
from pydantic_ai.usage import UsageLimits

from controller.definitions.agentconfig import AgentConfig
from controller.runtime import approvals, models, skills
from controller.runtime.askuser import AskUser
from controller.runtime.colleagues import Colleagues
from controller.runtime.compaction import Compaction
from controller.runtime.instrumentation import Instrumentation
from controller.runtime.limits import Limits
from controller.runtime.memory import Memory
from controller.runtime.memory.notes import Notes
from controller.runtime.memory.tools import MemoryTools
from controller.runtime.record import Record, Run, limited
from controller.runtime.repertoire import Repertoire, Toolsets
from controller.runtime.sessions import Conversation, Past, Sessions
from controller.runtime.toolservers import ToolServers
from controller.runtime.turns import (
    Event,
    ResponseStarted,
    TextDelta,
    ToolAnswered,
    ToolCalled,
    Turn,
)

_Agent = Agent[Turn, str | DeferredToolRequests]


class Engine:
    """One configured agent; turns of different conversations run side by side."""

    def __init__(
        self,
        config: AgentConfig,
        environment: Mapping[str, str],
        sessions: Sessions,
        limits: Limits,
        instrumentation: Instrumentation | None = None,
    ) -> None:
        """Set the agent up; nothing is contacted yet.

        Raises:
            PermanentError: the configuration asks for something that cannot be had.
        """
        self._sessions, self._limits = sessions, limits
        self._model = models.create(config.model, environment)
        self._servers = ToolServers(config, environment)
        self._colleagues = Colleagues(
            config.remote_agents or (), sessions, environment, instrumentation
        )
        self._ask_user = AskUser()
        self._skills = skills.from_environment(environment, limits)
        self._memory = _memory(config, environment, sessions)
        self._tools = Repertoire(self._toolsets)
        self._notes = Notes(self._memory, self._model) if self._memory else None
        self._compaction = _compaction(config, self._model, environment)
        self._streams = bool(config.stream)
        self._agent: _Agent = Agent(
            self._model.model,
            instructions=config.instruction,
            deps_type=Turn,
            output_type=[str, DeferredToolRequests],
            capabilities=instrumentation.capabilities if instrumentation else (),
        )

    @property
    def problems(self) -> Mapping[str, str]:
        """MCP servers that could not be reached the last time, by address."""
        return self._servers.problems()

    @property
    def hidden(self) -> Sequence[Mapping[str, Any]]:
        """Tools that the model did not see the last time, because others have their names."""
        return self._tools.hidden()

    @property
    def skills(self) -> Mapping[str, Any]:
        """What skills there are and which of them cannot be used; empty for an agent without."""
        return self._skills.state() if self._skills else {}

    async def past(self, turn: Turn) -> Past:
        """What is known of a turn's conversation before it begins."""
        conversation = self._sessions.of(turn.owner, turn.context_id)
        if not conversation.is_known:
            async with conversation.lock:
                await self._sessions.refresh(conversation, turn)
        return conversation.past

    async def __aenter__(self) -> Self:
        await self._agent.__aenter__()
        self._servers.start()
        return self

    async def __aexit__(self, *reason: object) -> None:
        """Let go of all connections."""
        await self._agent.__aexit__(*reason)
        if self._notes is not None:
            await self._notes.close()
        if self._compaction is not None:
            await self._compaction.close()
        await self._model.close()
        if self._memory is not None:
            await self._memory.close()
        await self._servers.close()
        await self._colleagues.close()
        if self._skills is not None:
            self._skills.close()

    async def run(self, turn: Turn) -> AsyncGenerator[Event]:
        """Answer a turn; turns of one conversation wait for each other.

        Raises:
            LimitReachedError: the turn took all that it may take.
        """
        conversation = self._sessions.of(turn.owner, turn.context_id)
        async with conversation.lock:
            # The history is read once the lock is held: the turn before may have changed it.
            await self._sessions.refresh(conversation, turn)
            summing_up = await self._summed_up(conversation, turn)
            async with await self._started(conversation, turn) as run:
                record = Record(self._sessions, conversation, turn, run, before=summing_up)
                async with self._kept(conversation, record), limited(self._limits, record):
                    async for event in self._steps(run, record):
                        yield event
            if self._notes is not None:
                self._notes.after(turn, conversation.past.messages)
            stored = await self._sessions.settled(conversation)
            yield replace(record.outcome(), is_stored=stored)

    @asynccontextmanager
    async def _kept(self, conversation: Conversation, record: Record) -> AsyncIterator[None]:
        """Keep what was said, however the turn ends."""
        try:
            try:
                yield
            finally:
                record.end()
        except Exception:
            # Whoever hears of a failure may go on at once, and with another process.
            await self._sessions.settled(conversation)
            raise

    async def _started(
        self, conversation: Conversation, turn: Turn
    ) -> AbstractAsyncContextManager[Run]:
        past = conversation.past
        return self._agent.iter(
            _prompt(turn),
            message_history=past.messages,
            instructions=await self._recalled(turn, past) or None,
            deferred_tool_results=approvals.results(past, turn),
            deps=turn,
            toolsets=[self._tools],
            usage_limits=UsageLimits(
                request_limit=self._limits.steps, total_tokens_limit=self._limits.tokens
            ),
            model_settings=self._model.settings_for(turn.caller.headers),
        )

    async def _toolsets(self) -> Toolsets:
        """All sources of tools; of two tools of one name, that of the earlier source is taken.

        What a definition names goes before what comes along with a server, and that before what
        every agent with a memory or skills has. A call of `ask_user` is a question to the user for
        whoever talks to the agent, so no server can take its place. `render.toolconflicts` warns of
        what is hidden, in the same order.
        """
        servers = await self._servers.toolsets()
        named = [server for server in servers if server.names_tools]
        others = [server for server in servers if not server.names_tools]
        memory = [MemoryTools(self._memory)] if self._memory else []
        skills = [self._skills] if self._skills else []
        return [self._ask_user, *named, self._colleagues, *others, *memory, *skills]

    async def _recalled(self, turn: Turn, past: Past) -> str:
        """What is remembered of the user, when a conversation begins."""
        if self._memory is None or past.entries:
            return ""
        return await self._memory.recalled(turn.text, user_id=turn.owner)

    async def _summed_up(self, conversation: Conversation, turn: Turn) -> Sequence[ModelMessage]:
        """Shorten the history if it is time; gives the model's answer that it took."""
        past = conversation.past
        if self._compaction is None or past.pending:
            return ()
        old = self._compaction.replaceable(past.entries)
        made = await self._compaction.summary(old) if old else None
        if made is None:
            return ()
        summary, response = made
        self._sessions.sum_up(conversation, turn, summary, until=old[-1])
        return (response,)

    async def _steps(self, run: Run, record: Record) -> AsyncIterator[Event]:
        async for node in run:
            if Agent.is_model_request_node(node):
                record.step()
                if self._streams:
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


def _memory(
    config: AgentConfig, environment: Mapping[str, str], sessions: Sessions
) -> Memory | None:
    """The agent's memory; without a controller there is nowhere to keep it."""
    if config.memory is None or sessions.routes is None:
        return None
    return Memory(config.memory, environment, sessions.routes)


def _compaction(
    config: AgentConfig, model: models.ConfiguredModel, environment: Mapping[str, str]
) -> Compaction | None:
    wanted = config.context_config.compaction if config.context_config else None
    return Compaction(wanted, model, environment) if wanted else None


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
