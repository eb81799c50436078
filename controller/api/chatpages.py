"""Pages on which one talks to an agent, through the same gateway as everybody else."""

import flask

from controller.api import services
from controller.api.dashboard import argument, page
from controller.api.kagent import callers, conversation
from controller.api.problems import not_found
from controller.api.sessions import helpers
from controller.state.records import ComponentStatus
from controller.state.sessions import Session

blueprint = flask.Blueprint("chat_pages", __name__, url_prefix="/chat")


@blueprint.get("")
def agents() -> flask.Response:
    """Show the agents that one can talk to."""
    return page("agents.html", agents=_agents())


@blueprint.get("/<namespace>/<name>")
def chat(namespace: str, name: str) -> flask.Response:
    """Show a conversation with an agent, from its beginning or from where it was left."""
    found = [item for item in _agents() if (item[1].namespace, item[1].name) == (namespace, name)]
    if not found:
        raise not_found("agent")
    application, agent = found[0]
    session = _session(agent) if argument("session") else None
    events = services.current().conversations.sessions.events(session) if session else ()
    return page(
        "chat.html",
        **helpers(),
        application=application,
        agent=agent,
        session=session,
        turns=conversation.turns(events, user=session.user) if session else (),
    )


def _session(agent: ComponentStatus) -> Session:
    """Give the conversation that the address names, which is to be one with this agent."""
    session = callers.current().session(argument("session"))
    if callers.place_of(session.agent) != (agent.namespace, agent.name):
        raise not_found("session")
    return session


def _agents() -> list[tuple[str, ComponentStatus]]:
    """Give every agent with its application, by name."""
    found = [
        (record.spec.name, item)
        for record in services.current().store.applications()
        for item in record.status.components
        if item.kind == "Agent"
    ]
    return sorted(found, key=lambda pair: (pair[1].name, pair[1].namespace))
