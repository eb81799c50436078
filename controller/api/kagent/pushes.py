"""`/api/tasks/{id}/pushconfigs`: who wants to be told of a task, kept for the agent that tells.

kagent has a table for them and no route. They hold secrets, so only agents see them: each those of
its own tasks, and where it names a user, his.
"""

from typing import Any

import flask
import pydantic
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from controller.api import services
from controller.api.kagent import callers
from controller.api.kagent.callers import Caller
from controller.api.kagent.envelope import PROBLEMS, Body, Envelope, Key, Nothing, answer
from controller.api.problems import not_found
from controller.state.pushes import Wish

blueprint = APIBlueprint(
    "pushes",
    __name__,
    url_prefix="/api/tasks",
    abp_tags=[Tag(name="tasks", description="A2A tasks of agents, in kagent's shapes.")],
)


class TaskPath(pydantic.BaseModel):
    """Names a task."""

    task_id: Key


class PushPath(TaskPath):
    """Names a wish to be told of a task."""

    config_id: Key


class PushBody(Body):
    """A wish to be told of a task."""

    id: Key
    config: dict[str, Any] = pydantic.Field(
        description="A `TaskPushNotificationConfig` of A2A, and whatever the agent adds to it."
    )


class PushShape(PushBody):
    """A wish, with whose it is."""

    user_id: str


@blueprint.post("/<task_id>/pushconfigs", responses={201: Envelope[PushShape], **PROBLEMS})
def keep_push(path: TaskPath, body: PushBody) -> flask.Response:
    """Keep a wish to be told of a task; the task may be still to come."""
    caller = _agent()
    wish = Wish(id=body.id, user=caller.user, config=body.config)
    services.current().conversations.pushes.put(caller.agent, path.task_id, wish)
    return answer(_shape(wish), "Successfully kept push config", status=201)


@blueprint.get("/<task_id>/pushconfigs", responses={200: Envelope[list[PushShape]], **PROBLEMS})
def list_pushes(path: TaskPath) -> flask.Response:
    """List the wishes to be told of a task: all of them, or one user's."""
    caller = _agent()
    found = services.current().conversations.pushes.of(caller.agent, path.task_id)
    own = [_shape(wish) for wish in found if caller.user in {"", wish.user}]
    return answer(own, "Successfully listed push configs")


@blueprint.delete(
    "/<task_id>/pushconfigs/<config_id>", responses={200: Envelope[Nothing], **PROBLEMS}
)
def drop_push(path: PushPath) -> flask.Response:
    """Drop a user's wish to be told of a task."""
    caller = _agent()
    services.current().conversations.pushes.remove(
        caller.agent, path.task_id, user=caller.user, wish_id=path.config_id
    )
    return answer({}, "Successfully dropped push config")


def _agent() -> Caller:
    """Give the caller, who has to be an agent.

    Raises:
        ProblemError: 404, for people.
    """
    caller = callers.current()
    if not caller.agent or caller.share is not None:
        raise not_found("task")
    return caller


def _shape(wish: Wish) -> dict[str, Any]:
    return {"id": wish.id, "user_id": wish.user, "config": wish.config}
