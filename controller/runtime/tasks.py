"""The tasks of this process: bounded, an answer's text in one piece, and kept by the controller.

A task is written to the controller when its state or history changes, not with every token; what a
former process or another replica left there is found by its id.
"""

import asyncio
import builtins
import logging
import uuid
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any

from a2a.compat.v0_3 import conversions, types
from a2a.server.context import ServerCallContext
from a2a.server.id_generator import IDGenerator, IDGeneratorContext
from a2a.server.tasks import InMemoryTaskStore
from a2a.types import Artifact, ListTasksRequest, ListTasksResponse, Task, TaskState
from google.protobuf import json_format  # type: ignore[import-untyped]  # it ships no types
from pydantic import ValidationError

from controller.errors import RosterError
from controller.runtime import tasklist
from controller.runtime.sessions import Sessions
from controller.runtime.sessions.outbox import LINGER_S, LONG_LINGER_S

_log = logging.getLogger(__name__)

MAX_TASKS = 1000
"""Beyond it, the task that ended longest ago is forgotten: memory stays bounded."""

OWNER = "kagent_user_id"
"""Key of a task's metadata that says whose session it belongs to; kagent's name."""

ANONYMOUS = "A2A_USER_"
"""kagent's prefix for the owner of what a caller without a name began; the context follows."""
UNHEARD = "roster_unheard"
"""Key of a call's state: no client hears the id of the call's task before the task rests."""
_SETTLE_S = 1.0
"""How long a list waits for the newest tasks to arrive at the controller."""
_EVERYTHING = 1_000_000

_ENDED = frozenset(
    {
        TaskState.TASK_STATE_COMPLETED,
        TaskState.TASK_STATE_FAILED,
        TaskState.TASK_STATE_CANCELED,
        TaskState.TASK_STATE_REJECTED,
    }
)
_RESTING = _ENDED | {TaskState.TASK_STATE_INPUT_REQUIRED, TaskState.TASK_STATE_AUTH_REQUIRED}


class Contexts(IDGenerator):
    """Where new conversations get their ids; knows those that nobody has heard of yet."""

    def __init__(self, limit: int = MAX_TASKS) -> None:
        self._limit = limit
        self._unheard: OrderedDict[str, None] = OrderedDict()

    def generate(self, context: IDGeneratorContext) -> str:
        """A new conversation's id."""
        del context
        context_id = str(uuid.uuid4())
        self._unheard[context_id] = None
        if len(self._unheard) > self._limit:
            self._unheard.popitem(last=False)
        return context_id

    def begins(self, context_id: str) -> bool:
        """Whether a conversation begins now; true once at most, for its first turn."""
        is_new = context_id in self._unheard
        self._unheard.pop(context_id, None)
        return is_new


class Tasks(InMemoryTaskStore, IDGenerator):
    """Task store of one agent, and where new tasks get their ids."""

    def __init__(
        self,
        sessions: Sessions,
        limit: int = MAX_TASKS,
        begun: Callable[[str], None] = lambda _task: None,
    ) -> None:
        """Start empty; `begun` hears of every task that gets its id here."""
        super().__init__()
        self._begun = begun
        self._sessions = sessions
        self._limit = limit
        self._ended: OrderedDict[str, ServerCallContext] = OrderedDict()
        self._has_news = asyncio.Event()
        """Set when a task ends."""
        self._minted: OrderedDict[str, None] = OrderedDict()
        self._written: dict[str, tuple[int, int]] = {}
        """State and length of the history of each task when it was last written."""

    def generate(self, context: IDGeneratorContext) -> str:
        """A new task's id, remembered so that nobody is asked for a task that cannot exist."""
        del context
        task_id = str(uuid.uuid4())
        self._minted[task_id] = None
        self._begun(task_id)
        if len(self._minted) > self._limit:
            self._minted.popitem(last=False)
        return task_id

    async def save(self, task: Task, context: ServerCallContext) -> None:
        """Keep a task; the tokens of its answer become one text."""
        for artifact in task.artifacts:
            join_text(artifact)
        await super().save(task, context)
        self._write(task, context)
        if has_ended(task):
            self._ended[task.id] = context
            self._has_news.set()
        while len(self._ended) > self._limit:
            task_id, owner = self._ended.popitem(last=False)
            self._written.pop(task_id, None)
            await self.delete(task_id, owner)

    async def get(self, task_id: str, context: ServerCallContext) -> Task | None:
        """A task of this process, else the controller's copy of it."""
        task = await super().get(task_id, context)
        if task is not None or self._sessions.routes is None or task_id in self._minted:
            return task
        try:
            stored = await self._sessions.routes.task(task_id)
            if stored is None:
                return None
            task = conversions.to_core_task(types.Task.model_validate(stored))
        except (RosterError, ValidationError):
            return None  # as good as unknown: the caller is told so, and may ask again
        if is_resting(task):
            await super().save(task, context)
        return task

    async def list(self, params: ListTasksRequest, context: ServerCallContext) -> ListTasksResponse:
        """The caller's tasks: of all processes where the controller can be asked, else of this.

        Raises:
            InvalidParamsError: the page token is not one of this list.
        """
        user = headers_of(context).get("x-user-id", "")
        owner = user or (params.context_id and f"{ANONYMOUS}{params.context_id}")
        routes, outbox = self._sessions.routes, self._sessions.outbox
        if routes is not None and outbox is not None and owner:
            await outbox.tasks_gone(_SETTLE_S)
            try:
                page = await routes.tasks(owner, tasklist.query(params))
            except RosterError as error:
                _log.warning("tasks_unlisted", extra={"reason": str(error)})
            else:
                return await self._freshened(tasklist.response(page, params))
        own = [task for task in await self._all() if _is_of(task, owner)]
        return await tasklist.of_memory(own, params, is_incomplete=routes is not None)

    async def _all(self) -> "builtins.list[Task]":
        everything = ListTasksRequest(page_size=_EVERYTHING)
        return [*(await super().list(everything, ServerCallContext())).tasks]

    async def _freshened(self, page: ListTasksResponse) -> ListTasksResponse:
        """The same, with the tasks of this process as they are: the answers of those grow."""
        for task in page.tasks:
            if (fresh := await self.latest(task.id)) is not None:
                task.CopyFrom(fresh)
        return page

    async def latest(self, task_id: str) -> Task | None:
        """A task of this process."""
        return await super().get(task_id, ServerCallContext())

    async def ended(self, task_ids: Iterable[str], limit_s: float) -> None:
        """Wait until these tasks of this process have ended, but no longer than `limit_s`."""
        with suppress(TimeoutError):
            async with asyncio.timeout(limit_s):
                for task_id in task_ids:
                    while (task := await self.latest(task_id)) and not has_ended(task):
                        self._has_news.clear()
                        await self._has_news.wait()

    def _write(self, task: Task, context: ServerCallContext) -> None:
        if self._sessions.outbox is None:
            return
        now = (task.status.state, len(task.history))
        if self._written.get(task.id) == now:
            return
        self._written[task.id] = now
        task_id = task.id

        async def form() -> Mapping[str, Any] | None:
            latest = await super(Tasks, self).get(task_id, context)
            return wire_form(latest) if latest else None

        owner = _owner(task)
        within_s = _within_s(task, context)
        self._sessions.outbox.save_task(task_id, owner, form, within_s=within_s)


def _within_s(task: Task, context: ServerCallContext) -> float:
    """How soon the controller is told; the steps of a short turn that nobody follows: never."""
    if is_resting(task):
        return 0.0
    return LONG_LINGER_S if context.state.get(UNHEARD) else LINGER_S


def has_ended(task: Task) -> bool:
    """Whether nothing more comes of a task."""
    return task.status.state in _ENDED


def is_resting(task: Task) -> bool:
    """Whether nothing more comes of a task before somebody says something."""
    return task.status.state in _RESTING


def headers_of(context: ServerCallContext) -> dict[str, str]:
    """The headers of a request, names in lower case."""
    headers = context.state.get("headers") or {}
    return {str(name).lower(): str(value) for name, value in headers.items()}


def metadata(task: Task) -> dict[str, Any]:
    """What a task says of itself."""
    return as_json(task.metadata)


def as_json(message: Any) -> dict[str, Any]:
    """A message of protocol 1.0 as its JSON."""
    content: dict[str, Any] = json_format.MessageToDict(message)
    return content


def wire_form(task: Task) -> Mapping[str, Any]:
    """A task as A2A 0.3 writes it, which is how the controller keeps it."""
    form: Mapping[str, Any] = _whole(
        conversions.to_compat_task(task).model_dump(mode="json", by_alias=True)
    )
    return form


def _whole(value: Any) -> Any:
    """The same with whole numbers as such: protocol 1.0 knows only the other kind."""
    if isinstance(value, dict):
        return {key: _whole(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_whole(inner) for inner in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _owner(task: Task) -> str:
    return str(metadata(task).get(OWNER) or f"{ANONYMOUS}{task.context_id}")


def _is_of(task: Task, owner: str) -> bool:
    """Whether a task is the owner's; where nobody is named, whether it is nobody's."""
    found = _owner(task)
    return found == owner if owner else found.startswith(ANONYMOUS)


def join_text(artifact: Artifact) -> None:
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
