"""`/api/crewai`: what kagent's integration of CrewAI stores."""

from typing import Annotated, Any

import flask
import orjson
import pydantic
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from controller.api import services
from controller.api.kagent import callers
from controller.api.kagent.envelope import Body, Envelope, Key, Nothing, answer
from controller.api.problems import Problem, not_found
from controller.state.crews import Crew

_PROBLEMS: dict[Any, Any] = {400: Problem, 401: Problem, 403: Problem}

blueprint = APIBlueprint(
    "crews",
    __name__,
    url_prefix="/api/crewai",
    abp_tags=[Tag(name="crews", description="CrewAI's memory and flows, as kagent's.")],
)


class CrewMemoryBody(Body):
    """Something that a crew remembers."""

    thread_id: Key
    memory_data: dict[str, Any]


class MemoryQuery(Body):
    """Which memories are wanted."""

    thread_id: Key
    q: Annotated[str, pydantic.Field(min_length=1, description="Text that they contain.")]
    limit: int = pydantic.Field(0, ge=0, le=1_000_000, description="0 for all of them.")


class ThreadQuery(Body):
    """Names a crew's run."""

    thread_id: Key


class MemoryShape(pydantic.BaseModel):
    """A memory."""

    thread_id: str
    user_id: str
    memory_data: dict[str, Any]


class FlowState(Body):
    """The state of a flow after one of its methods."""

    thread_id: Key
    method_name: Key
    state_data: dict[str, Any]


@blueprint.post("/memory", responses={201: Envelope[Nothing], **_PROBLEMS})
def store_memory(body: CrewMemoryBody) -> flask.Response:
    """Store a memory."""
    services.current().conversations.crews.remember(_crew(body.thread_id), body.memory_data)
    return answer({}, "Successfully stored CrewAI memory", status=201)


@blueprint.get("/memory", responses={200: Envelope[list[MemoryShape]], **_PROBLEMS})
def find_memories(query: MemoryQuery) -> flask.Response:
    """Find the memories that contain a text, the newest first."""
    crew = _crew(query.thread_id)
    found = services.current().conversations.crews.recall(crew, query.q, limit=query.limit)
    owner = {"thread_id": crew.thread, "user_id": crew.user}
    return answer(
        [{**owner, "memory_data": row} for row in found], "Successfully listed CrewAI memory"
    )


@blueprint.delete("/memory", responses={200: Envelope[Nothing], **_PROBLEMS})
def reset_memory(query: ThreadQuery) -> flask.Response:
    """Forget what a crew remembers."""
    services.current().conversations.crews.forget(_crew(query.thread_id))
    return answer({}, "Successfully reset CrewAI memory")


@blueprint.post("/flows/state", responses={201: Envelope[Nothing], **_PROBLEMS})
def store_flow_state(body: FlowState) -> flask.Response:
    """Store a flow's state in place of the one before."""
    state = orjson.loads(body.model_dump_json(exclude={"thread_id"}))
    services.current().conversations.crews.put_state(_crew(body.thread_id), state)
    return answer({}, "Successfully stored CrewAI flow state", status=201)


@blueprint.get("/flows/state", responses={200: Envelope[FlowState], 404: Problem, **_PROBLEMS})
def get_flow_state(query: ThreadQuery) -> flask.Response:
    """Give a flow's state."""
    found = services.current().conversations.crews.state(_crew(query.thread_id))
    if found is None:
        raise not_found("flow state")
    return answer(
        {"thread_id": query.thread_id, **found}, "Successfully retrieved CrewAI flow state"
    )


def _crew(thread: str) -> Crew:
    caller = callers.current()
    return Crew(agent=caller.agent, user=caller.user or callers.DEFAULT_USER, thread=thread)
