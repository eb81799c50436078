"""`/api/langgraph/checkpoints`: what kagent's checkpointer for LangGraph stores."""

from typing import Annotated, Any

import flask
import pydantic
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from controller.api import services
from controller.api.kagent import callers
from controller.api.kagent.envelope import Body, Envelope, Key, Nothing, answer
from controller.api.problems import Problem
from controller.state.checkpoints import Thread

_PROBLEMS: dict[Any, Any] = {400: Problem, 401: Problem, 403: Problem}
_Int64 = Annotated[int, pydantic.Field(ge=-(2**63), lt=2**63)]
"""As large as kagent's own database takes, and this one writes."""

blueprint = APIBlueprint(
    "checkpoints",
    __name__,
    url_prefix="/api/langgraph/checkpoints",
    abp_tags=[Tag(name="checkpoints", description="LangGraph's checkpoints, as kagent's.")],
)


class CheckpointBody(Body):
    """A checkpoint."""

    thread_id: Key
    checkpoint_ns: str = ""
    checkpoint_id: str = ""
    parent_checkpoint_id: str | None = None
    checkpoint: Annotated[str, pydantic.Field(min_length=1)]
    metadata: str = ""
    type_: str = ""
    version: _Int64 = 0


class WriteItem(Body):
    """Something that a task wrote."""

    idx: _Int64
    channel: str
    type_: str = ""
    value: str = ""


class WritesBody(Body):
    """What a task of a checkpoint wrote."""

    thread_id: Key
    checkpoint_ns: str = ""
    checkpoint_id: str = ""
    task_id: str = ""
    writes: list[WriteItem]


class CheckpointsQuery(Body):
    """Which checkpoints are wanted."""

    thread_id: Key
    checkpoint_ns: str = ""
    checkpoint_id: str = ""
    limit: int = pydantic.Field(0, ge=-1, le=1_000_000, description="0 for all of them.")


class ThreadPath(pydantic.BaseModel):
    """Names a thread."""

    thread_id: str


@blueprint.post("", responses={201: Envelope[Nothing], **_PROBLEMS})
def put_checkpoint(body: CheckpointBody) -> flask.Response:
    """Store a checkpoint."""
    stored = body.model_dump(exclude={"thread_id", "checkpoint_ns", "checkpoint_id"})
    services.current().conversations.checkpoints.put(
        _thread(body.thread_id), body.checkpoint_ns, body.checkpoint_id, stored
    )
    return answer({}, "Successfully stored checkpoint", status=201)


@blueprint.post("/writes", responses={201: Envelope[Nothing], **_PROBLEMS})
def put_writes(body: WritesBody) -> flask.Response:
    """Store what a task of a checkpoint wrote."""
    services.current().conversations.checkpoints.put_writes(
        _thread(body.thread_id),
        body.checkpoint_ns,
        body.checkpoint_id,
        body.task_id,
        [write.model_dump() for write in body.writes],
    )
    return answer({}, "Successfully stored checkpoint writes", status=201)


@blueprint.get("", responses={200: Envelope[list[dict[str, Any]]], **_PROBLEMS})
def list_checkpoints(query: CheckpointsQuery) -> flask.Response:
    """List the checkpoints of a thread with what was written since, the newest first."""
    found = services.current().conversations.checkpoints.list(
        _thread(query.thread_id),
        namespace=query.checkpoint_ns,
        key=query.checkpoint_id,
        limit=max(0, query.limit),
    )
    tuples = [_tuple(query.thread_id, row, writes) for row, writes in found]
    return answer(tuples, "Successfully listed checkpoints")


@blueprint.delete("/<thread_id>", responses={200: Envelope[Nothing], **_PROBLEMS})
def delete_thread(path: ThreadPath) -> flask.Response:
    """Delete the checkpoints of a thread."""
    services.current().conversations.checkpoints.delete(_thread(path.thread_id))
    return answer({}, "Successfully deleted thread")


def _thread(key: str) -> Thread:
    caller = callers.current()
    return Thread(agent=caller.agent, user=caller.user or callers.DEFAULT_USER, id=key)


def _tuple(thread: str, row: dict[str, Any], writes: tuple[dict[str, Any], ...]) -> dict[str, Any]:
    """Give a checkpoint in kagent's form, which has one task for all writes; here each says its."""
    place = {
        "thread_id": thread,
        "checkpoint_ns": row["checkpoint_ns"],
        "checkpoint_id": row["checkpoint_id"],
    }
    names = ("task_id", "idx", "channel", "type_", "value")
    listed = [{name: write[name] for name in names} for write in writes]
    task = writes[-1]["task_id"] if writes else ""
    return {**row, **place, "writes": {**place, "task_id": task, "writes": listed}}
