"""The tasks of this process, in memory: bounded, and with an answer's text in one piece.

The seam for tasks kept by the controller: the request handler knows only the a2a-sdk's `TaskStore`.
"""

from collections import OrderedDict

from a2a.server.context import ServerCallContext
from a2a.server.tasks import InMemoryTaskStore
from a2a.types import Artifact, Task, TaskState

MAX_TASKS = 1000
"""Beyond it, the task that ended longest ago is forgotten: memory stays bounded."""

_ENDED = frozenset(
    {
        TaskState.TASK_STATE_COMPLETED,
        TaskState.TASK_STATE_FAILED,
        TaskState.TASK_STATE_CANCELED,
        TaskState.TASK_STATE_REJECTED,
    }
)


class Tasks(InMemoryTaskStore):
    """Task store of one agent."""

    def __init__(self, limit: int = MAX_TASKS) -> None:
        super().__init__()
        self._limit = limit
        self._ended: OrderedDict[str, ServerCallContext] = OrderedDict()

    async def save(self, task: Task, context: ServerCallContext) -> None:
        """Keep a task; the tokens of its answer become one text."""
        for artifact in task.artifacts:
            _join_text(artifact)
        await super().save(task, context)
        if task.status.state in _ENDED:
            self._ended[task.id] = context
        while len(self._ended) > self._limit:
            task_id, owner = self._ended.popitem(last=False)
            await self.delete(task_id, owner)


def _join_text(artifact: Artifact) -> None:
    """Merge neighbouring text parts in place: the caller goes on appending to this object."""
    joined = 0
    for part in list(artifact.parts)[1:]:
        last = artifact.parts[joined]
        if part.HasField("text") and last.HasField("text"):
            last.text += part.text
        else:
            joined += 1
            artifact.parts[joined].CopyFrom(part)
    del artifact.parts[joined + 1 :]
