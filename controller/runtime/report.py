"""Tells a task's watchers what happens in a turn, in kagent's form.

The answer grows as one artifact, token by token. What the model said on the way to a tool call, the
call and its answer go into the task's history as messages, so that kagent's dashboard and clients
show them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any, assert_never

from a2a.helpers import new_data_part, new_text_part
from a2a.server.tasks import TaskUpdater
from a2a.types import Message, Part, TaskState

from controller.runtime import approvals
from controller.runtime.handler import SEQUENCE
from controller.runtime.turns import (
    ApprovalAsked,
    Event,
    Finished,
    PendingCall,
    ResponseStarted,
    TextDelta,
    ToolAnswered,
    ToolCalled,
    Usage,
)

ARTIFACT = "answer"


class Report:
    """Tells a task's watchers what happens in a turn."""

    def __init__(self, updater: TaskUpdater) -> None:
        self._updater = updater
        self._text = ""
        """What the present response of the model has said so far."""
        self._fresh = True
        self._pieces = 0

    async def started(self, metadata: Mapping[str, Any]) -> None:
        """Say that the turn has begun."""
        await self._updater.update_status(TaskState.TASK_STATE_WORKING, metadata=dict(metadata))

    async def failed(self, reason: str, metadata: Mapping[str, Any]) -> None:
        """Say that the turn did not end well, and why."""
        await self._updater.update_status(
            TaskState.TASK_STATE_FAILED,
            self._message([new_text_part(reason)]),
            metadata=dict(metadata),
        )

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
        self._pieces += 1
        await self._updater.add_artifact(
            [new_text_part(text)],
            artifact_id=ARTIFACT,
            append=not self._fresh,
            metadata={SEQUENCE: self._pieces},
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


def _plain(content: Any) -> Any:
    """A tool's answer as JSON can carry it."""
    if isinstance(content, str | int | float | bool) or content is None:
        return content
    if isinstance(content, Mapping):
        return {str(key): _plain(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_plain(value) for value in content]
    return str(content)


def _ended(event: Finished | ApprovalAsked) -> dict[str, Any]:
    """What a task says when it rests: the tokens it took, and whether it is stored."""
    about = usage(event.usage)
    if event.is_stored is not None:
        about["roster_stored"] = event.is_stored
    return about


def usage(used: Usage) -> dict[str, Any]:
    """Tokens as metadata of a task: together in kagent's words, and by model."""
    total = used.total
    return {
        "kagent_usage_metadata": {
            "promptTokenCount": total.input,
            "candidatesTokenCount": total.output,
            "totalTokenCount": total.input + total.output,
        },
        "roster_usage": {name: asdict(tokens) for name, tokens in used.by_model.items()},
    }
