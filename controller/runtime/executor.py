"""A2A on one side, the engine on the other: messages become turns, events become task updates.

The answer grows as one artifact, token by token. What the model said on the way to a tool call, the
call and its answer go into the task's history as messages, in kagent's form, so that its dashboard
and clients show them.
"""

import asyncio
import json
import logging
import time
from collections.abc import Mapping, Sequence
from contextlib import aclosing, suppress
from dataclasses import replace
from typing import Any

from a2a.helpers import (
    get_data_parts,
    get_text_parts,
    new_task_from_user_message,
)
from a2a.server.agent_execution import AgentExecutor, RequestContext
from a2a.server.events import EventQueue
from a2a.server.tasks import TaskUpdater
from a2a.types import Message, Task
from pydantic_ai.exceptions import AgentRunError, ModelHTTPError, UserError

from controller.errors import RosterError
from controller.runtime import approvals
from controller.runtime.deadlines import Deadlines
from controller.runtime.engine import Engine
from controller.runtime.instrumentation import Instrumentation
from controller.runtime.report import Report, usage
from controller.runtime.sessions import Past
from controller.runtime.tasks import OWNER, Contexts, headers_of, metadata
from controller.runtime.turns import (
    ApprovalAsked,
    Attachment,
    Caller,
    LimitReachedError,
    PendingCall,
    Turn,
)

_log = logging.getLogger(__name__)

STOPPED = (
    "The agent was stopped in the middle of this task. What it had done until then is kept in the"
    " conversation. Send the message again to go on."
)
DECISIONS = "roster_decisions"
"""Key of a task's metadata: who decided about which call, how and when."""
DECIDED_BY = "decided_by"
"""Key of a call's state, out of reach of clients: who decides when it is not the caller."""


class Executor(AgentExecutor):
    """Runs the engine for the a2a-sdk's request handler."""

    def __init__(
        self,
        engine: Engine,
        contexts: Contexts,
        deadlines: Deadlines,
        instrumentation: Instrumentation,
    ) -> None:
        self._engine, self._contexts, self._deadlines = engine, contexts, deadlines
        self._instrumentation = instrumentation
        self._running: dict[str, tuple[asyncio.Task[Any] | None, Report]] = {}
        """The turns under way, by the ids of their tasks."""
        self._idle = asyncio.Event()
        self._idle.set()

    async def idle(self, limit_s: float) -> None:
        """Wait until no turn runs, but no longer than `limit_s`."""
        with suppress(TimeoutError):
            async with asyncio.timeout(limit_s):
                await self._idle.wait()

    async def interrupt(self) -> frozenset[str]:
        """End the turns that still run, since the process stops; gives the ids of their tasks.

        It is said at once, and not by the turns: they may take their time to unwind.
        """
        running = dict(self._running)
        for turn, report in running.values():
            if turn is not None:
                turn.cancel()
            await report.failed(STOPPED, {})
        return frozenset(running)

    async def execute(self, context: RequestContext, event_queue: EventQueue) -> None:
        """Answer one message; its task ends, or waits for a person."""
        message = context.message
        if message is None:
            return
        task = context.current_task or new_task_from_user_message(message)
        begins = self._contexts.begins(task.context_id)
        turn = replace(_turn(message, task, context), begins_context=begins)
        if context.current_task is None:
            task.metadata.update(_belongs(turn))
            await event_queue.enqueue_event(task)
        report = Report(TaskUpdater(event_queue, task.id, task.context_id))
        self._deadlines.stop(task.id)
        self._running[task.id] = (asyncio.current_task(), report)
        self._idle.clear()
        started = time.monotonic()
        try:
            with self._instrumentation.continued(turn.caller.headers):
                await self._answer(message, task, turn, report)
        finally:
            self._running.pop(task.id, None)
            if not self._running:
                self._idle.set()
            seconds = round(time.monotonic() - started, 3)
            about = {"task": task.id, "session": task.context_id, "duration_s": seconds}
            _log.info("turn_finished", extra=about)

    async def cancel(self, context: RequestContext, event_queue: EventQueue) -> None:
        """Say that the task is cancelled; the handler has stopped `execute` before."""
        updater = TaskUpdater(event_queue, context.task_id or "", context.context_id or "")
        await updater.cancel()

    async def _answer(self, message: Message, task: Task, turn: Turn, report: Report) -> None:
        data = _data(message)
        # A message without data decides nothing, and nobody needs to look up what waits.
        past = await self._engine.past(turn) if data else Past()
        try:
            decisions = approvals.decisions(data, past.pending)
        except approvals.DecisionError as error:
            await report.asked_again(past.pending, str(error))
            return
        if decisions is not None:
            turn = replace(turn, text="", decisions=decisions)
            turn = self._deadlines.applied(turn, past)
        await report.started(_decided(task, turn, past.pending))
        await self._run(turn, report)

    async def _run(self, turn: Turn, report: Report) -> None:
        try:
            async with aclosing(self._engine.run(turn)) as events:
                async for event in events:
                    if isinstance(event, ApprovalAsked):
                        self._deadlines.start(turn)
                    await report.told(event)
        except LimitReachedError as error:
            await report.failed(str(error), {"roster_limit": error.limit, **usage(error.usage)})
        except (AgentRunError, UserError, RosterError) as error:
            _log.warning("turn_failed", extra={"task": turn.task_id, "reason": str(error)})
            await report.failed(_explained(error), {})


def _turn(message: Message, task: Task, context: RequestContext) -> Turn:
    headers = headers_of(context.call_context)
    caller = headers.get("x-user-id", "")
    # The gateway's word that this is not the user himself.
    sender = approvals.LINK if "x-roster-shared" in headers else caller
    # Whoever decides about a call of a task does it in the conversation of who began the task.
    began = metadata(task).get(OWNER, "")
    return Turn(
        context_id=task.context_id,
        task_id=task.id,
        owner=began or caller or f"A2A_USER_{task.context_id}",
        text=_text(message),
        attachments=tuple(
            Attachment(content=part.raw, media_type=part.media_type)
            for part in message.parts
            if part.HasField("raw")
        ),
        caller=Caller(user_id=caller or began, headers=headers),
        decided_by=context.call_context.state.get(DECIDED_BY) or sender,
    )


def _data(message: Message) -> list[Mapping[str, Any]]:
    return [part for part in get_data_parts(message.parts) if isinstance(part, Mapping)]


def _text(message: Message) -> str:
    """A message's text; data that is no decision is shown to the model as JSON."""
    pieces = get_text_parts(message.parts)
    pieces += [
        f"{part.filename or 'file'}: {part.url}" for part in message.parts if part.HasField("url")
    ]
    pieces += [json.dumps(data, ensure_ascii=False) for data in get_data_parts(message.parts)]
    return "\n".join(pieces)


def _belongs(turn: Turn) -> dict[str, Any]:
    """What a task says of itself from the start: whose it is, in kagent's words."""
    return {
        OWNER: turn.owner,
        "kagent_session_id": turn.context_id,
        "kagent_invocation_id": turn.task_id,
    }


def _decided(task: Task, turn: Turn, pending: Sequence[PendingCall]) -> dict[str, Any]:
    """What was decided in a task, with what its next turn decides."""
    if turn.decisions is None:
        return {}
    before = metadata(task).get(DECISIONS, [])
    return {DECISIONS: [*before, *approvals.decided(pending, turn)]}


def _explained(error: Exception) -> str:
    if isinstance(error, ModelHTTPError):
        return f"The model answered with HTTP {error.status_code}: {error.body or error.message}"
    return f"The agent could not answer: {error}"
