"""The dashboard's pages about sessions: a list, and one session as a conversation."""

import urllib.parse
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import flask
import orjson

from controller.api import pages, services
from controller.api.answers import tagged
from controller.api.kagent import callers, conversation
from controller.api.kagent.conversation import Step
from controller.api.kagent.sessions import MAX_LIMIT, ListQuery, page_of
from controller.state.sessions import Session, Wanted

blueprint = flask.Blueprint("session_pages", __name__, url_prefix="/sessions")

PAGE = 50
_SHOWN_BYTES = 20_000
"""Of one argument or result: the export has the rest."""


@blueprint.get("")
def sessions() -> flask.Response:
    """Show sessions, those written to last first, by agent, user, state and words."""
    asked = flask.request.args
    names = ("agent", "user", "state", "q")
    chosen = {name: asked.get(name, "").strip() for name in names}
    given = {name: value for name, value in chosen.items() if value}
    wanted = Wanted(
        agent=callers.reference(chosen["agent"]),
        user=chosen["user"],
        state=chosen["state"],
        text=chosen["q"],
    )
    query = ListQuery.model_validate({"limit": PAGE, "continue": asked.get("continue", "")})
    everything = services.current().conversations.sessions.list(Wanted())
    found = [session for session in everything if wanted.takes(session)]
    shown, after = page_of(found, query)
    return _page(
        "sessions.html",
        sessions=shown,
        total=len(everything),
        found=len(found),
        chosen=chosen,
        is_filtered=bool(given),
        newest=_address(given) if query.continue_ else "",
        older=_address({**given, "continue": after}) if after else "",
        agents=sorted({_agent(session) for session in everything}),
        users=sorted({session.user for session in everything})[:MAX_LIMIT],
        states=pages.counted(session.state for session in everything if session.state),
    )


@blueprint.get("/<path:key>")
def session(key: str) -> flask.Response:
    """Show a session as a conversation."""
    found = callers.current().session(key)
    events = services.current().conversations.sessions.events(found)
    return _page(
        "session.html",
        session=found,
        turns=conversation.turns(events, user=found.user),
        application=_application(found),
    )


def _address(query: Mapping[str, str]) -> str:
    """Give the address of the list, narrowed."""
    return f"{flask.url_for('.sessions')}?{urllib.parse.urlencode(query)}"


def _application(session: Session) -> str:
    """Give the application that the session's agent belongs to; empty where there is none now."""
    place = callers.place_of(session.agent)
    for record in services.current().store.applications():
        for component in record.status.components:
            if component.kind == "Agent" and (component.namespace, component.name) == place:
                return record.spec.name
    return ""


def _agent(session: Session) -> str:
    return "/".join(callers.place_of(session.agent))


def _shown(value: Any) -> str:
    """Give arguments or a result as text."""
    text = orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()
    return text if len(text) <= _SHOWN_BYTES else f"{text[:_SHOWN_BYTES]}\n…"


def _brief(step: Step) -> str:
    """Give a call's arguments in one line."""
    return ", ".join(
        f"{name}: {value if isinstance(value, str) else orjson.dumps(value).decode()}"
        for name, value in step.arguments.items()
    )


def helpers() -> dict[str, Any]:
    """Give templates what they show conversations with."""
    return {
        "agent_of": _agent,
        "brief": _brief,
        "shown": _shown,
        "time_of": conversation.spoken_time,
        "now": datetime.now(UTC),
    }


def _page(template: str, **values: Any) -> flask.Response:
    return tagged(flask.make_response(flask.render_template(template, **helpers(), **values)))
