"""`/api/sessions`: conversations with their events and tasks.

What an event looks like on its way in and out is in `events.py`, links to sessions in `shares.py`.
"""

import uuid
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Any

import flask
import orjson
import pydantic
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from controller.api import services
from controller.api.kagent import callers, continuing, conversation, events
from controller.api.kagent.envelope import PROBLEMS, Body, Envelope, Key, Nothing, Page, answer
from controller.api.kagent.events import Count, EventsBody, EventsQuery, SessionEventShape
from controller.api.problems import ProblemError
from controller.state.sessions import Session, Wanted

MAX_LIMIT = 1000

blueprint = APIBlueprint(
    "sessions",
    __name__,
    url_prefix="/api/sessions",
    abp_tags=[Tag(name="sessions", description="Conversations of agents, in kagent's shapes.")],
)


class SessionPath(pydantic.BaseModel):
    """Names a session."""

    session_id: Key


class AgentPath(pydantic.BaseModel):
    """Names an agent."""

    namespace: str
    name: str


class ListQuery(Body):
    """Which sessions are wanted."""

    user_id: str = pydantic.Field("", description="Only this user's.")
    agent: str = pydantic.Field("", description="Only this agent's: namespace/name.")
    state: str = pydantic.Field("", description="Only where the last task is in this state.")
    source: str = pydantic.Field("", description="`agent`: only those another agent began.")
    q: str = pydantic.Field("", description="Words in name, user, agent, first or last message.")
    limit: Annotated[int, pydantic.Field(ge=1, le=MAX_LIMIT, description="How many at most.")] = (
        MAX_LIMIT
    )
    continue_: str = pydantic.Field("", alias="continue", description="From the page before.")


class SessionBody(Body):
    """A session to be made."""

    agent_ref: str = pydantic.Field(min_length=1, description="namespace/name, or kagent's form.")
    id: str | None = pydantic.Field(None, max_length=512, description="Made up where it is empty.")
    name: str | None = None
    source: str | None = None


class RenameBody(Body):
    """What a session is to be called."""

    name: str


class SessionShape(pydantic.BaseModel):
    """A session. What follows `source` is Roster's own."""

    id: str
    user_id: str
    agent_id: str
    name: str
    created_at: str
    updated_at: str
    source: str = pydantic.Field(description="`agent` where another agent asked.")
    state: str = pydantic.Field(description="Of its last task.")
    events: int
    tasks: int
    input_tokens: int
    output_tokens: int
    first: str = pydantic.Field(description="Beginning of the first thing the user said.")
    last: str = pydantic.Field(description="Beginning of the last thing anybody said.")
    revision: str = pydantic.Field(description="The commit of the agent that answered last.")


class SessionWithEvents(pydantic.BaseModel):
    """A session and its events."""

    session: SessionShape
    events: list[SessionEventShape]


class ExportShape(SessionWithEvents):
    """Everything that is kept of a session."""

    tasks: list[dict[str, Any]]


class ConversationShape(pydantic.BaseModel):
    """A session by turns."""

    session: SessionShape
    turns: list[conversation.Turn]


@blueprint.get("", responses={200: Page[list[SessionShape]], **PROBLEMS})
def list_sessions(query: ListQuery) -> flask.Response:
    """List sessions, those written to last first."""
    caller = callers.current()
    wanted = Wanted(
        user=caller.user,
        agent=caller.own(query.agent),
        state=query.state,
        source=query.source,
        text=query.q,
    )
    if caller.share is not None:
        wanted = caller.wanted(caller.share.session.id)
    return _page(services.current().conversations.sessions.list(wanted), query)


@blueprint.post("", responses={201: Envelope[SessionShape], **PROBLEMS})
def create_session(body: SessionBody) -> flask.Response:
    """Make a session; one that exists already stays."""
    caller = callers.current()
    agent = caller.own(body.agent_ref)
    if not caller.agent and not services.current().knows_agent(*callers.place_of(agent)):
        raise ProblemError(
            400, "BadRequest", "There is no such agent.", remedy="GET /api/agents lists all."
        )
    made = services.current().conversations.sessions.create(
        Session(
            id=body.id or str(uuid.uuid4()),
            user=caller.user or callers.DEFAULT_USER,
            agent=agent,
            name=body.name or "",
            source=body.source or "",
        )
    )
    return answer(session_shape(made), "Successfully created session", status=201)


@blueprint.get("/agent/<namespace>/<name>", responses={200: Page[list[SessionShape]], **PROBLEMS})
def list_sessions_of_agent(path: AgentPath, query: ListQuery) -> flask.Response:
    """List an agent's sessions, but for those that other agents began."""
    caller = callers.current()
    agent = caller.own(callers.reference(f"{path.namespace}/{path.name}"))
    wanted = Wanted(
        user=caller.user,
        agent=agent,
        state=query.state,
        text=query.q,
        not_sources=frozenset({"agent"}),
    )
    return _page(services.current().conversations.sessions.list(wanted), query)


@blueprint.get("/<session_id>", responses={200: Envelope[SessionWithEvents], **PROBLEMS})
def get_session(path: SessionPath, query: EventsQuery) -> flask.Response:
    """Give a session with its events."""
    caller = callers.current()
    session = caller.session(path.session_id)
    return answer(
        {
            "session": session_shape(session),
            "events": events.shown(session, query, is_whole=bool(caller.agent)),
        },
        "Successfully retrieved session",
    )


@blueprint.put("/<session_id>", responses={200: Envelope[SessionShape], **PROBLEMS})
def rename_session(path: SessionPath, body: RenameBody) -> flask.Response:
    """Give a session another name."""
    return _renamed(path, body)


@blueprint.patch("/<session_id>", responses={200: Envelope[SessionShape], **PROBLEMS})
def patch_session(path: SessionPath, body: RenameBody) -> flask.Response:
    """Give a session another name."""
    return _renamed(path, body)


@blueprint.delete("/<session_id>", responses={200: Envelope[Nothing], **PROBLEMS})
def delete_session(path: SessionPath) -> flask.Response:
    """Delete a session with its events, tasks and links."""
    session = callers.current().session(path.session_id)
    services.current().conversations.sessions.delete(session)
    return answer({}, "Session deleted successfully")


@blueprint.post("/<session_id>/events", responses={201: Envelope[Count], **PROBLEMS})
def append_events(path: SessionPath, body: EventsBody) -> flask.Response:
    """Store events at the end of a session; those it has already are not stored again."""
    session = callers.current().session(path.session_id)
    count = events.store(session, body)
    return answer({"count": count}, "Event added to session successfully", status=201)


@blueprint.get("/<session_id>/tasks", responses={200: Envelope[list[dict[str, Any]]], **PROBLEMS})
def list_tasks(path: SessionPath) -> flask.Response:
    """List the tasks of a session, in the order in which they began."""
    session = callers.current().session(path.session_id)
    return answer(_tasks(session), "Successfully retrieved session tasks")


@blueprint.get(
    "/<session_id>/conversation", responses={200: Envelope[ConversationShape], **PROBLEMS}
)
def get_conversation(path: SessionPath) -> flask.Response:
    """Give a session as people read it: by turns, with tool calls, approvals and revisions."""
    session = callers.current().session(path.session_id)
    found = services.current().conversations.sessions.events(session)
    turns = conversation.turns(found, user=session.user)
    return answer(
        {"session": session_shape(session), "turns": [asdict(turn) for turn in turns]},
        "Successfully retrieved conversation",
    )


@blueprint.get("/<session_id>/export", responses={200: ExportShape, **PROBLEMS})
def export_session(path: SessionPath) -> flask.Response:
    """Give everything that is kept of a session."""
    session = callers.current().session(path.session_id)
    response = answer(None, "")
    body = {
        "session": session_shape(session),
        "events": events.shown(session, EventsQuery(order="asc")),
        "tasks": _tasks(session),
    }
    response.set_data(orjson.dumps(body, option=orjson.OPT_INDENT_2))
    return response


def session_shape(session: Session) -> dict[str, Any]:
    """Give a session as the API shows it."""
    return {
        "id": session.id,
        "user_id": session.user,
        "agent_id": session.agent,
        "name": session.name,
        "created_at": session.created_at,
        "updated_at": session.updated_at,
        "source": session.source,
        "state": session.state,
        "events": session.sequence,
        "tasks": session.tasks,
        "input_tokens": session.input_tokens,
        "output_tokens": session.output_tokens,
        "first": session.first,
        "last": session.last,
        "revision": session.revision,
    }


def _renamed(path: SessionPath, body: RenameBody) -> flask.Response:
    session = callers.current().session(path.session_id)
    renamed = services.current().conversations.sessions.rename(session, body.name)
    return answer(session_shape(renamed), "Session updated successfully")


def page_of(found: Sequence[Session], query: ListQuery) -> tuple[Sequence[Session], str]:
    """Cut a page out of sessions in the order of lists; gives what to ask for the next with."""
    if query.continue_:
        after = continuing.decoded(query.continue_)
        found = [session for session in found if _place(session) < after]
    shown = found[: query.limit]
    return shown, continuing.encoded(_place(shown[-1])) if len(found) > len(shown) else ""


def _page(found: Sequence[Session], query: ListQuery) -> flask.Response:
    shown, after = page_of(found, query)
    return answer(
        [session_shape(session) for session in shown],
        "Successfully listed sessions",
        more={"continue": after},
    )


def _place(session: Session) -> tuple[str, str]:
    """Give where a session stands in lists."""
    return session.updated_at, session.document


def _tasks(session: Session) -> list[Any]:
    return [task.body for task in services.current().conversations.tasks.of(session)]
