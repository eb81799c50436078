"""Events of sessions on their way in and out: ADK's, as text, with who stored them and when.

Callers' credentials stand in some of them. They are never stored: an agent that sent an event gets
it back whole, from memory, and everybody else sees it without.
"""

from datetime import UTC, datetime
from typing import Any, Literal

import orjson
import pydantic

from controller.api import services
from controller.api.kagent import callers
from controller.api.kagent.envelope import Body, Key
from controller.api.problems import ProblemError
from controller.state import adkevents
from controller.state.documents import timestamp
from controller.state.sessions import Event, Session


class EventsQuery(Body):
    """Which events of a session are wanted."""

    order: Literal["asc", "desc"] = pydantic.Field("desc", description="`asc`: oldest first.")
    limit: int = pydantic.Field(-1, ge=-1, le=1_000_000, description="-1 or 0 for all of them.")
    after: datetime | None = pydantic.Field(None, description="Only those stored later (RFC 3339).")
    after_sequence: int = pydantic.Field(0, ge=0, description="Only those with higher numbers.")


class EventItem(Body):
    """An event to be stored: an ADK event as JSON text, or as it is."""

    id: Key
    data: str | dict[str, Any]


class EventsBody(Body):
    """One event, or several in order."""

    id: Key | None = None
    data: str | dict[str, Any] | None = None
    items: list[EventItem] | None = None

    @property
    def events(self) -> list[EventItem]:
        """All of them."""
        if self.items is not None:
            return self.items
        if self.id is None or self.data is None:
            raise ProblemError(
                400, "BadRequest", "An event has an id and data.", remedy="Send both, or items."
            )
        return [EventItem(id=self.id, data=self.data)]


class Count(pydantic.BaseModel):
    """How many are stored."""

    count: int


class SessionEventShape(pydantic.BaseModel):
    """An event. What follows `data` is Roster's own."""

    id: str
    session_id: str
    user_id: str
    created_at: str
    data: str = pydantic.Field(description="JSON of an ADK event.")
    sequence: int
    revision: str = pydantic.Field(description="The commit of the agent that wrote it.")


def shown(session: Session, query: EventsQuery, *, is_whole: bool = False) -> list[dict[str, Any]]:
    """Give the events that are asked for; the agent itself gets what was not stored, too."""
    withheld = services.current().conversations.withheld
    after = timestamp(query.after.astimezone(UTC)) if query.after else ""
    found: list[Event] = [
        event
        for event in services.current().conversations.sessions.events(session)
        if event.created_at > after and event.sequence > query.after_sequence
    ]
    if query.order == "desc":
        found.reverse()
    page = found[: query.limit] if query.limit > 0 else found
    owner = {"session_id": session.id, "user_id": session.user}
    return [
        {
            "id": event.id,
            **owner,
            "created_at": event.created_at,
            "data": (withheld.whole(session.document, event.id) if is_whole else None)
            or event.data,
            "sequence": event.sequence,
            "revision": event.revision,
        }
        for event in page
    ]


def store(session: Session, body: EventsBody) -> int:
    """Store events at the end of a session, and give how many were sent."""
    given = services.current()
    events = [(item.id, _storable(session, item)) for item in body.events]
    revision = given.agent_revision(*callers.place_of(session.agent))
    given.conversations.sessions.append(session, events, revision=revision)
    return len(events)


def _storable(session: Session, item: EventItem) -> str:
    """Give an event as it may be stored; what is left out is kept in memory for the agent."""
    data = _text(item.data)
    stored = adkevents.without_credentials(data)
    if stored != data:
        services.current().conversations.withheld.keep(session.document, item.id, data)
    return stored


def _text(data: str | dict[str, Any]) -> str:
    return data if isinstance(data, str) else orjson.dumps(data).decode()
