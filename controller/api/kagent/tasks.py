"""`/api/tasks`: what agents have under way, stored as it goes along.

kagent-adk sends the whole task for each token of an answer, waits for each of these requests, and
never comes back to its caller when one fails. So these views answer from memory and a journal, and
what goes wrong with the disk is the log's business.
"""

from typing import Annotated, Any

import flask
import pydantic
import structlog
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from controller.api import services
from controller.api.kagent import callers, continuing
from controller.api.kagent.callers import Caller
from controller.api.kagent.envelope import PROBLEMS, Body, Envelope, Page, answer
from controller.api.problems import ProblemError, not_found
from controller.errors import RosterError
from controller.state import tasklists
from controller.state.interrupted import Process
from controller.state.sessions import Session
from controller.state.tasklists import WantedTasks
from controller.state.tasks import Task

log = structlog.get_logger(__name__)

MAX_LIMIT = 1000
_PROCESS_HEADER = "X-Roster-Process"
"""By which Roster's runtime says which process of an agent asks: `pod/start`."""
_RESTARTED = "The agent's process ended in the middle of this task, and was started again."


blueprint = APIBlueprint(
    "tasks",
    __name__,
    url_prefix="/api/tasks",
    abp_tags=[Tag(name="tasks", description="A2A tasks of agents, in kagent's shapes.")],
)


class TaskPath(pydantic.BaseModel):
    """Names a task."""

    task_id: str


class TaskBody(pydantic.BaseModel):
    """A task in A2A's form; everything in it is kept."""

    model_config = pydantic.ConfigDict(extra="allow", frozen=True)

    id: Annotated[str, pydantic.Field(min_length=1, max_length=512)]
    contextId: str | None = None  # noqa: N815 - A2A's name
    metadata: dict[str, Any] | None = None


class TasksQuery(Body):
    """Which tasks are wanted."""

    user_id: str = pydantic.Field("", description="Only this user's.")
    agent: str = pydantic.Field("", description="Only this agent's: namespace/name.")
    context_id: str = pydantic.Field("", description="Only those of this session.")
    state: str = pydantic.Field("", description="Only those in this state of A2A 0.3.")
    since: pydantic.AwareDatetime | None = pydantic.Field(
        None, description="Only those whose status is not older (RFC 3339)."
    )
    limit: Annotated[int, pydantic.Field(ge=1, le=MAX_LIMIT, description="How many at most.")] = 50
    continue_: str = pydantic.Field("", alias="continue", description="From the page before.")


class TaskList(Page[list[dict[str, Any]]]):
    """A page of tasks."""

    total: int = pydantic.Field(description="How many there are on all pages.")


class TasksBody(pydantic.BaseModel):
    """One task, or several."""

    model_config = pydantic.ConfigDict(extra="allow", frozen=True)

    id: Annotated[str | None, pydantic.Field(min_length=1, max_length=512)] = None
    items: list[TaskBody] | None = None
    contextId: str | None = None  # noqa: N815 - A2A's name
    metadata: dict[str, Any] | None = None

    @property
    def tasks(self) -> list[TaskBody]:
        """All of them."""
        if self.items is not None:
            return self.items
        if self.id is None:
            raise ProblemError(400, "BadRequest", "A task has an id.", remedy="Send it, or items.")
        return [TaskBody.model_validate(self.model_dump(exclude={"items"}, exclude_unset=True))]


@blueprint.post("", responses={201: Envelope[dict[str, Any]], **PROBLEMS})
def store_tasks(body: TasksBody) -> flask.Response:
    """Store tasks, each in place of its older state."""
    caller = callers.current()
    for task in body.tasks:
        _store(task, caller)
    data = {"count": len(body.items)} if body.items is not None else flask.request.get_json()
    return answer(data, "Successfully created task", status=201)


@blueprint.get("", responses={200: TaskList, **PROBLEMS})
def list_tasks(query: TasksQuery) -> flask.Response:
    """List tasks, those that changed last first."""
    caller = callers.current()
    if caller.share is not None:
        raise not_found("task")
    wanted = WantedTasks(
        agent=caller.own(query.agent),
        user=caller.user,
        context=query.context_id,
        state=query.state,
        since=query.since,
    )
    after = continuing.decoded(query.continue_) if query.continue_ else None
    tasks = services.current().conversations.tasks
    found = tasklists.page(tasks, wanted, limit=query.limit, after=after)
    more = {
        "continue": continuing.encoded(found.after) if found.after else "",
        "total": found.total,
    }
    bodies = [task.body for task in found.tasks]
    return answer(bodies, "Successfully listed tasks", more=more)


@blueprint.post("/interrupted", responses={200: Envelope[list[str]], **PROBLEMS})
def end_interrupted_tasks() -> flask.Response:
    """End what former processes of an agent's pod left unfinished, when another one begins.

    Tasks of other pods are theirs, and what waits for a person waits on. Gives the ids of ended
    tasks of which somebody wants to be told, which is for this process to do.
    """
    caller, process = callers.current(), _process()
    if not caller.agent or process is None:
        raise ProblemError(
            400,
            "BadRequest",
            "Only a process of an agent can say that it begins.",
            remedy=f"Send X-Agent-Name, and {_PROCESS_HEADER} as pod/start.",
        )
    tasks = services.current().conversations.tasks
    left = [
        unfinished
        for unfinished in tasks.unfinished()
        if unfinished.session.agent == caller.agent
        and unfinished.process.pod == process.pod
        and unfinished.process != process
    ]
    ended = [found.task for found in left if tasks.interrupt(found, _RESTARTED)]
    if ended:
        log.warning("tasks_interrupted", agent=caller.agent, pod=process.pod, tasks=ended)
    untold = tasks.take_untold(caller.agent)
    return answer(untold, "Successfully ended interrupted tasks")


@blueprint.get("/<task_id>", responses={200: Envelope[dict[str, Any]], **PROBLEMS})
def get_task(path: TaskPath) -> flask.Response:
    """Give a task as it was stored last."""
    return answer(_found(path.task_id).body, "Successfully retrieved task")


@blueprint.delete("/<task_id>", responses={204: None, **PROBLEMS})
def delete_task(path: TaskPath) -> flask.Response:
    """Delete a task."""
    services.current().conversations.tasks.delete(_found(path.task_id))
    return flask.Response(status=204)


def _store(task: TaskBody, caller: Caller) -> None:
    context = task.contextId or task.id
    metadata = task.metadata or {}
    named = str(metadata.get("kagent_app_name") or "")
    owner = Session(
        id=context,
        user=caller.user or callers.anonymous(context),
        agent=caller.agent or callers.reference(named),
    )
    try:
        services.current().conversations.tasks.put(
            task.model_dump(exclude_unset=True),
            owner=owner,
            is_partial=metadata.get("kagent_adk_partial") is True,
            process=_process(),
        )
    except RosterError as error:
        log.warning("task_not_stored", task=task.id, problem=str(error))


def _process() -> Process | None:
    return Process.parse(flask.request.headers.get(_PROCESS_HEADER, ""))


def _found(key: str) -> Task:
    """Give a task of the caller's; somebody else's is as if there were none.

    An agent that names no user may read any task of its own: in Roster's runtime somebody else
    than who began a task may decide about its calls.
    """
    caller = callers.current()
    for task in services.current().conversations.tasks.find(key):
        owner = task.session
        is_own = caller.agent in {"", owner.agent} and caller.user in {"", owner.user}
        if is_own and caller.share is None:
            return task
    raise not_found("task")
