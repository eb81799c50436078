"""A2A on one side, the engine on the other: messages become turns, events become task updates.

The answer grows as one artifact, token by token. What the model said on the way to a tool call, the
call and its answer go into the task's history as messages, in kagent's form, so that its dashboard
and clients show them.
"""

import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import asdict, replace
from typing import Any, assert_never

from a2a.helpers import (
    get_data_parts,
    get_text_parts,
    new_data_part,
    new_task_from_user_message,
    new_text_part,
)
from a2a.server.agent_execution import AgentExecutor, RequestContext
from a2a.server.events import EventQueue
from a2a.server.tasks import TaskUpdater
from a2a.types import Message, Part, Task, TaskState
from pydantic_ai.exceptions import AgentRunError, ModelHTTPError, UserError

from controller.errors import RosterError
from controller.runtime import approvals
from controller.runtime.engine import Engine
from controller.runtime.tasks import OWNER, metadata
from controller.runtime.turns import (
    ApprovalAsked,
    Attachment,
    Caller,
    Event,
    Finished,
    PendingCall,
    ResponseStarted,
    TextDelta,
    ToolAnswered,
    ToolCalled,
    Turn,
)

_log = logging.getLogger(__name__)

ARTIFACT = "answer"
DECISIONS = "roster_decisions"
"""Key of a task's metadata: who decided about which call, how and when."""


class Executor(AgentExecutor):
    """Runs the engine for the a2a-sdk's request handler."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def execute(self, context: RequestContext, event_queue: EventQueue) -> None:
        """Answer one message; its task ends, or waits for a person."""
        message = context.message
        if message is None:
            return
        task = context.current_task or new_task_from_user_message(message)
        turn = _turn(message, task, _headers(context))
        if context.current_task is None:
            task.metadata.update(_belongs(turn))
            await event_queue.enqueue_event(task)
        report = _Report(TaskUpdater(event_queue, task.id, task.context_id))
        pending = await self._pending(turn, message)
        try:
            decisions = approvals.decisions(_data(message), pending)
        except approvals.DecisionError as error:
            await report.asked_again(pending, str(error))
            return
        if decisions is not None:
            turn = replace(turn, text="", decisions=decisions)
        await report.started(_decided(task, turn, pending))
        await self._run(turn, report)

    async def cancel(self, context: RequestContext, event_queue: EventQueue) -> None:
        """Say that the task is cancelled; the handler has stopped `execute` before."""
        updater = TaskUpdater(event_queue, context.task_id or "", context.context_id or "")
        await updater.cancel()

    async def _run(self, turn: Turn, report: "_Report") -> None:
        try:
            async with aclosing(self._engine.run(turn)) as events:
                async for event in events:
                    await report.told(event)
        except (AgentRunError, UserError, RosterError) as error:
            _log.warning("turn_failed", extra={"task": turn.task_id, "reason": str(error)})
            await report.failed(_explained(error))

    async def _pending(self, turn: Turn, message: Message) -> tuple[PendingCall, ...]:
        """The calls that a message can decide about; one without data decides nothing."""
        return await self._engine.pending(turn) if _data(message) else ()


class _Report:
    """Tells a task's watchers what happens in a turn."""

    def __init__(self, updater: TaskUpdater) -> None:
        self._updater = updater
        self._text = ""
        """What the present response of the model has said so far."""
        self._fresh = True

    async def started(self, metadata: Mapping[str, Any]) -> None:
        await self._updater.update_status(TaskState.TASK_STATE_WORKING, metadata=dict(metadata))

    async def failed(self, reason: str) -> None:
        await self._updater.failed(self._message([new_text_part(reason)]))

    async def told(self, event: Event) -> None:
        """Pass an event of the engine on."""
        match event:
            case ResponseStarted():
                await self._keep_text()
            case TextDelta(text=text):
                await self._add_text(text)
            case ToolCalled():
                await self._keep_text()
                await self._show(
                    {"id": event.id, "name": event.name, "args": dict(event.arguments)},
                    "function_call",
                )
            case ToolAnswered():
                response = {"result": _plain(event.content), "isError": event.failed}
                await self._show(
                    {"id": event.id, "name": event.name, "response": response},
                    "function_response",
                )
            case ApprovalAsked():
                await self._ask(event)
            case Finished():
                await self._updater.update_status(
                    TaskState.TASK_STATE_COMPLETED, metadata=_ended(event)
                )
            case _:
                assert_never(event)

    async def _add_text(self, text: str) -> None:
        if not text:
            return
        # A later response of the model replaces what an earlier one said before its tool calls.
        await self._updater.add_artifact(
            [new_text_part(text)], artifact_id=ARTIFACT, append=not self._fresh
        )
        self._fresh = False
        self._text += text

    async def _keep_text(self) -> None:
        """Put what was said before a tool call into the history."""
        if self._text:
            await self._updater.start_work(self._message([new_text_part(self._text)]))
        self._text, self._fresh = "", True

    async def _show(self, content: Mapping[str, Any], kind: str) -> None:
        part = new_data_part(dict(content))
        part.metadata.update({"kagent_type": kind})
        await self._updater.start_work(self._message([part]))

    async def asked_again(self, calls: Iterable[PendingCall], reason: str) -> None:
        """Put the question once more: what came was no decision."""
        parts = [*_questions(calls), new_text_part(reason)]
        await self._updater.requires_input(self._message(parts))

    async def _ask(self, event: ApprovalAsked) -> None:
        await self._updater.update_status(
            TaskState.TASK_STATE_INPUT_REQUIRED,
            self._message(_questions(event.calls)),
            metadata=_ended(event),
        )

    def _message(self, parts: list[Part]) -> Message:
        return self._updater.new_agent_message(parts)


def _questions(calls: Iterable[PendingCall]) -> list[Part]:
    parts = []
    for call in calls:
        part = new_data_part(approvals.question(call))
        part.metadata.update(approvals.QUESTION_METADATA)
        parts.append(part)
    return parts


def _turn(message: Message, task: Task, headers: Mapping[str, str]) -> Turn:
    caller = headers.get("x-user-id", "")
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
        caller=Caller(user_id=caller, headers=headers),
        decided_by=caller,
    )


def _data(message: Message) -> list[Mapping[str, Any]]:
    return [part for part in get_data_parts(message.parts) if isinstance(part, Mapping)]


def _headers(context: RequestContext) -> dict[str, str]:
    headers = context.call_context.state.get("headers") or {}
    return {str(name).lower(): str(value) for name, value in headers.items()}


def _text(message: Message) -> str:
    """A message's text; data that is no decision is shown to the model as JSON."""
    pieces = get_text_parts(message.parts)
    pieces += [
        f"{part.filename or 'file'}: {part.url}" for part in message.parts if part.HasField("url")
    ]
    pieces += [json.dumps(data, ensure_ascii=False) for data in get_data_parts(message.parts)]
    return "\n".join(pieces)


def _plain(content: Any) -> Any:
    """A tool's answer as JSON can carry it."""
    if isinstance(content, str | int | float | bool) or content is None:
        return content
    if isinstance(content, Mapping):
        return {str(key): _plain(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_plain(value) for value in content]
    return str(content)


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


def _ended(event: Finished | ApprovalAsked) -> dict[str, Any]:
    """What a task says when it rests: the tokens it took, and whether it is stored."""
    total = event.usage.total
    about: dict[str, Any] = {
        "kagent_usage_metadata": {
            "promptTokenCount": total.input,
            "candidatesTokenCount": total.output,
            "totalTokenCount": total.input + total.output,
        },
        "roster_usage": {name: asdict(used) for name, used in event.usage.by_model.items()},
    }
    if event.is_stored is not None:
        about["roster_stored"] = event.is_stored
    return about


def _explained(error: Exception) -> str:
    if isinstance(error, ModelHTTPError):
        return f"The model answered with HTTP {error.status_code}: {error.body or error.message}"
    return f"The agent could not answer: {error}"
