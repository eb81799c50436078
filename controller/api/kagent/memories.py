"""`/api/memories`: what agents remember of users, without an envelope, as in kagent."""

from typing import Annotated, Any

import flask
import pydantic
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from controller.api import services
from controller.api.kagent import callers
from controller.api.kagent.envelope import PROBLEMS, Body, bare
from controller.api.problems import ProblemError
from controller.state.memories import Memory

DEFAULT_TTL_DAYS = 15
"""kagent's."""
MAX_BATCH = 50
MAX_DIMENSIONS = 8192

_Value = Annotated[float, pydantic.Field(allow_inf_nan=False)]
_Vector = Annotated[list[_Value], pydantic.Field(min_length=1, max_length=MAX_DIMENSIONS)]
_Name = Annotated[str, pydantic.Field(min_length=1, max_length=512)]

blueprint = APIBlueprint(
    "memories",
    __name__,
    url_prefix="/api/memories",
    abp_tags=[Tag(name="memories", description="What agents remember, in kagent's shapes.")],
)


class MemoryBody(Body):
    """Something to remember."""

    agent_name: _Name
    user_id: _Name
    content: str
    vector: _Vector
    metadata: dict[str, Any] | None = None
    ttl_days: int | None = pydantic.Field(
        None,
        ge=0,
        le=36500,
        description="Days until it is forgotten; 15 where it is 0 or left out.",
    )

    @property
    def memory(self) -> Memory:
        """As it is stored."""
        return Memory(
            content=self.content,
            vector=self.vector,
            metadata=self.metadata or {},
            ttl_days=self.ttl_days or DEFAULT_TTL_DAYS,
        )


class BatchBody(Body):
    """Several things to remember."""

    items: Annotated[list[MemoryBody], pydantic.Field(min_length=1, max_length=MAX_BATCH)]


class SearchBody(Body):
    """What to look for."""

    agent_name: _Name
    user_id: _Name
    vector: _Vector
    limit: int = pydantic.Field(5, ge=0, le=100, description="How many at most; 5 where it is 0.")
    min_score: _Value = 0.0


class OwnerQuery(Body):
    """Whose memories of whom."""

    agent_name: _Name
    user_id: _Name


class Id(pydantic.BaseModel):
    """Names what was stored."""

    id: str


class Count(pydantic.BaseModel):
    """How many were stored."""

    count: int


class Found(pydantic.BaseModel):
    """A memory that was found."""

    id: str
    content: str
    score: float
    metadata: dict[str, Any]
    created_at: str


class FoundList(pydantic.RootModel[list[Found]]):
    """Memories, the likest first."""


class Listed(pydantic.BaseModel):
    """A memory in a list."""

    id: str
    content: str
    access_count: int
    created_at: str
    expires_at: str


class ListedList(pydantic.RootModel[list[Listed]]):
    """Memories, those found most often first."""


class Deleted(pydantic.BaseModel):
    """That it is done."""

    status: str


@blueprint.post("/sessions", responses={201: Id, **PROBLEMS})
def add_memory(body: MemoryBody) -> flask.Response:
    """Remember something."""
    agent, user = _owner(body.agent_name, body.user_id)
    (key,) = services.current().conversations.memories.add(agent, user, [body.memory])
    return bare({"id": key}, status=201)


@blueprint.post("/sessions/batch", responses={201: Count, **PROBLEMS})
def add_memories(body: BatchBody) -> flask.Response:
    """Remember several things."""
    for item in body.items:
        _owner(item.agent_name, item.user_id)
    for item in body.items:
        agent, user = _owner(item.agent_name, item.user_id)
        services.current().conversations.memories.add(agent, user, [item.memory])
    return bare({"count": len(body.items)}, status=201)


@blueprint.post("/search", responses={200: FoundList, **PROBLEMS})
def search_memories(body: SearchBody) -> flask.Response:
    """Find the memories that are most like a vector."""
    agent, user = _owner(body.agent_name, body.user_id)
    found = services.current().conversations.memories.search(
        agent, user, body.vector, limit=body.limit or 5, min_score=body.min_score
    )
    return bare(
        [
            {
                "id": memory.id,
                "content": memory.content,
                "score": memory.score,
                "metadata": memory.metadata,
                "created_at": memory.created_at,
            }
            for memory in found
        ]
    )


@blueprint.get("", responses={200: ListedList, **PROBLEMS})
def list_memories(query: OwnerQuery) -> flask.Response:
    """List what an agent remembers of a user."""
    agent, user = _owner(query.agent_name, query.user_id)
    return bare(
        [
            {
                "id": memory.id,
                "content": memory.content,
                "access_count": memory.access_count,
                "created_at": memory.created_at,
                "expires_at": memory.expires_at,
            }
            for memory in services.current().conversations.memories.list(agent, user)
        ]
    )


@blueprint.delete("", responses={200: Deleted, **PROBLEMS})
def clear_memories(query: OwnerQuery) -> flask.Response:
    """Forget everything that an agent remembers of a user."""
    agent, user = _owner(query.agent_name, query.user_id)
    services.current().conversations.memories.clear(agent, user)
    return bare({"status": "deleted"})


def _owner(agent: str, user: str) -> tuple[str, str]:
    """Give whose memories are meant: an agent has its own only.

    Raises:
        ProblemError: 404 for another agent's, 403 for a caller with a link.
    """
    caller = callers.current()
    if caller.share is not None:
        raise ProblemError(
            403, "Forbidden", "A link leads to a session, not to memories.", remedy="Leave it out."
        )
    return caller.own(agent), user
