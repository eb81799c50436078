"""`tasks/list`: the tasks of one user, which the controller knows from all processes of the agent.

While it is away, this process lists its own, and each of them says that there may be more.
"""

from collections.abc import Mapping
from typing import Any

from a2a.compat.v0_3 import conversions, types
from a2a.server.context import ServerCallContext
from a2a.server.tasks import InMemoryTaskStore
from a2a.types import ListTasksRequest, ListTasksResponse, Task, TaskState
from a2a.utils.constants import DEFAULT_LIST_TASKS_PAGE_SIZE
from pydantic import ValidationError

INCOMPLETE = "roster_list_incomplete"
"""Key of a listed task's metadata: that only this process was asked."""


def query(params: ListTasksRequest) -> dict[str, str]:
    """What the controller is asked for."""
    asked = {"limit": str(params.page_size or DEFAULT_LIST_TASKS_PAGE_SIZE)}
    if params.context_id:
        asked["context_id"] = params.context_id
    if params.status:
        name = TaskState.Name(params.status).removeprefix("TASK_STATE_")
        asked["state"] = name.lower().replace("_", "-")
    if params.HasField("status_timestamp_after"):
        asked["since"] = params.status_timestamp_after.ToJsonString()
    if params.page_token:
        asked["continue"] = params.page_token
    return asked


def response(page: Mapping[str, Any], params: ListTasksRequest) -> ListTasksResponse:
    """The controller's answer in the protocol's form; what cannot be read is left out."""
    read = [_read(stored) for stored in page["data"]]
    return ListTasksResponse(
        tasks=[task for task in read if task is not None],
        next_page_token=str(page.get("continue") or ""),
        page_size=params.page_size or DEFAULT_LIST_TASKS_PAGE_SIZE,
        total_size=int(page.get("total") or 0),
    )


async def of_memory(
    tasks: list[Task], params: ListTasksRequest, *, is_incomplete: bool
) -> ListTasksResponse:
    """The same from the tasks that this process has."""
    shelf, nobody = InMemoryTaskStore(), ServerCallContext()
    for task in tasks:
        if is_incomplete:
            task.metadata[INCOMPLETE] = True
        await shelf.save(task, nobody)
    return await shelf.list(params, nobody)


def _read(stored: Mapping[str, Any]) -> Task | None:
    try:
        return conversions.to_core_task(types.Task.model_validate(stored))
    except ValidationError:
        return None
