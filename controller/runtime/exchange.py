"""One request to a colleague, followed to its end or called off.

It is streamed only to learn the task's id at its beginning: what is called off must be cancelled
there too, or the colleague would work on for nobody.
"""

import asyncio
import logging

import httpx
from a2a.client import A2AClientError, Client, ClientCallContext
from a2a.server.tasks.task_manager import append_artifact_to_task
from a2a.types import CancelTaskRequest, Message, SendMessageRequest, StreamResponse, Task

from controller.runtime.tasks import join_text

_log = logging.getLogger(__name__)

_CANCEL_S = 3.0
"""How long the end of a turn may wait for a colleague's: once for the task's id, once to cancel."""


class Exchange:
    """A request on its way, and what came back of it so far."""

    def __init__(self, client: Client, message: Message, context: ClientCallContext) -> None:
        self._client, self._context = client, context
        self._task, self._begun = Task(), asyncio.Event()
        self._reading = asyncio.create_task(self._read(SendMessageRequest(message=message)))

    async def answer(self, timeout_s: float) -> Task | Message:
        """The colleague's answer, a task without id if it gave none; cancelled there if here.

        Raises `TimeoutError` where it takes longer than `timeout_s`.
        """
        try:
            async with asyncio.timeout(timeout_s):
                return await asyncio.shield(self._reading)
        except (asyncio.CancelledError, TimeoutError):
            await asyncio.shield(self._call_off())
            raise

    async def _read(self, request: SendMessageRequest) -> Task | Message:
        async for event in self._client.send_message(request, context=self._context):
            if event.HasField("message"):
                return event.message
            _follow(self._task, event)
            self._begun.set()
        return self._task

    async def _call_off(self) -> None:
        """Cancel the colleague's task, also where it began but has not told its id yet."""
        begun = asyncio.create_task(self._begun.wait())
        await asyncio.wait(
            (self._reading, begun), timeout=_CANCEL_S, return_when=asyncio.FIRST_COMPLETED
        )
        if not self._reading.done() and self._task.id:
            await self._cancel()
        for task in (begun, self._reading):
            task.cancel()
        await asyncio.gather(begun, self._reading, return_exceptions=True)

    async def _cancel(self) -> None:
        context = self._context.model_copy(update={"timeout": _CANCEL_S})
        try:
            await self._client.cancel_task(CancelTaskRequest(id=self._task.id), context=context)
        except (A2AClientError, httpx.HTTPError, OSError) as error:
            _log.warning("cancel_failed", extra={"task": self._task.id, "reason": str(error)})


def _follow(task: Task, event: StreamResponse) -> None:
    """Bring a task up to date with an event of its stream; a resumed one is not told again."""
    if event.HasField("task"):
        task.CopyFrom(event.task)
    elif event.HasField("status_update"):
        update = event.status_update
        task.id, task.context_id = update.task_id, update.context_id
        task.status.CopyFrom(update.status)
    elif event.HasField("artifact_update"):
        piece = event.artifact_update
        task.id, task.context_id = piece.task_id, piece.context_id
        known = {artifact.artifact_id for artifact in task.artifacts}
        piece.append = piece.append and piece.artifact.artifact_id in known
        append_artifact_to_task(task, piece)
        if piece.append:
            join_text(
                next(a for a in task.artifacts if a.artifact_id == piece.artifact.artifact_id)
            )
