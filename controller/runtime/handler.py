"""The a2a-sdk's request handler, with what it gets wrong for watchers who come back.

It waits for ever for news of a task that another process works on, or worked on until it died: such
a task is looked at in the store. And it takes the snapshot of a task after it has begun to listen,
so pieces of the answer that arrive in between are in the snapshot and come once more as events
(measured: 9 of 60 watchers of a quick answer saw a piece twice). Pieces carry a number for that
reason.
"""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

from a2a.server.context import ServerCallContext
from a2a.server.events import Event
from a2a.server.request_handlers import DefaultRequestHandler
from a2a.types import (
    Artifact,
    Message,
    SendMessageRequest,
    SubscribeToTaskRequest,
    Task,
    TaskArtifactUpdateEvent,
)

from controller.runtime.tasks import UNHEARD, Tasks, is_resting

LOOK_S = 1.0
"""How often a task that another process works on is looked at."""
SEQUENCE = "roster_sequence"
"""Key of an artifact's metadata: the number of its latest piece."""


class Handler(DefaultRequestHandler):
    """Answers the requests of both protocol versions."""

    def __init__(self, tasks: Tasks, **options: Any) -> None:
        super().__init__(task_store=tasks, **options)
        self._tasks = tasks

    async def on_message_send(
        self, params: SendMessageRequest, context: ServerCallContext
    ) -> Message | Task:
        """What comes of a message, or the task that has just begun if that is asked for."""
        settings = params.configuration
        is_told = settings.return_immediately or settings.HasField("task_push_notification_config")
        if not params.message.task_id and not is_told:
            context.state[UNHEARD] = True
        answer: Message | Task = await super().on_message_send(params, context)
        return answer

    async def on_subscribe_to_task(
        self, params: SubscribeToTaskRequest, context: ServerCallContext
    ) -> AsyncGenerator[Event]:
        """A task as it is, then what happens to it: every piece once."""
        if (task := await self._elsewhere(params.id, context)) is not None:
            yield task
            yield await self._rested(task, context)
            return
        seen = 0
        async for event in super().on_subscribe_to_task(params, context):
            if isinstance(event, Task):
                # The library hands out the task that it goes on changing.
                snapshot = Task()
                snapshot.CopyFrom(event)
                seen = max(map(_number, snapshot.artifacts), default=0)
                yield snapshot
            elif isinstance(event, TaskArtifactUpdateEvent):
                number = _number(event.artifact)
                if not event.append or number > seen:
                    seen = number
                    yield event
            else:
                yield event

    async def _elsewhere(self, task_id: str, context: ServerCallContext) -> Task | None:
        """A task that a process works on, but not this one."""
        if await self._active_task_registry.get(task_id) is not None:
            return None
        task = await self._tasks.get(task_id, context)
        return None if task is None or is_resting(task) else task

    async def _rested(self, task: Task, context: ServerCallContext) -> Task:
        """The same task when it has ended, or waits for somebody."""
        while not is_resting(task):
            await asyncio.sleep(LOOK_S)
            task = await self._tasks.get(task.id, context) or task
        return task


def _number(artifact: Artifact) -> int:
    known = SEQUENCE in artifact.metadata
    return int(artifact.metadata[SEQUENCE]) if known else 0
