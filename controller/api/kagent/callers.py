"""Who calls: an agent's process on behalf of a user, somebody with a link, or the operator.

Agents prove themselves by the token of their service account; who a user is, is the agent's word,
as in kagent: it had it from the gateway. Nobody signs in yet, so whoever is no agent is the
operator of this machine.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import flask

from controller.api import services
from controller.api.agentsonly import SCOPE
from controller.api.problems import ProblemError, not_found
from controller.state.sessions import ANONYMOUS, Session, Share, Wanted

DEFAULT_USER = "admin@kagent.dev"
"""kagent's user for callers who name none."""

_SEPARATOR = "__NS__"
_AGENT = re.compile(r"[a-z0-9_]{1,253}__NS__[a-z0-9_]{1,253}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who calls, and for whom."""

    agent: str
    """In kagent's form; empty for a person."""
    user: str
    """Empty where none was named."""
    share: Share | None = None

    def wanted(self, key: str) -> Wanted:
        """Name a session as this caller may see it."""
        if self.share is not None:
            owner = self.share.session
            return Wanted(id=key, user=owner.user, agent=owner.agent)
        return Wanted(id=key, user=self.user, agent=self.agent)

    def session(self, key: str) -> Session:
        """Give a session of the caller's.

        Raises:
            ProblemError: 404, where it does not exist and where it is somebody else's.
        """
        is_shared = self.share is None or self.share.session.id == key
        found = services.current().conversations.sessions.get(self.wanted(key))
        if found is None or not is_shared:
            raise not_found("session")
        return found

    def own(self, agent: str) -> str:
        """Give the agent that is meant, which for an agent is only itself.

        Raises:
            ProblemError: 404, for another one.
        """
        meant = reference(agent)
        if self.agent and meant not in {"", self.agent}:
            raise not_found("agent")
        return meant or self.agent


def current() -> Caller:
    """Find out who calls.

    Raises:
        ProblemError: 401 for an agent that does not prove who it is, 403 for a link that leads
            nowhere or does not allow what was asked for.
    """
    return Caller(agent=_agent(), user=_user(), share=_share())


def anonymous(session_id: str) -> str:
    """Give the user of a session that began without one, as kagent's runtime names him."""
    return f"{ANONYMOUS}{session_id}"


def reference(agent: str) -> str:
    """Give an agent in kagent's form, from `namespace/name` or that form.

    Raises:
        ProblemError: 400, where it is neither.
    """
    found = agent.replace("/", _SEPARATOR).replace("-", "_")
    if found and not _AGENT.fullmatch(found):
        raise ProblemError(
            400,
            "BadRequest",
            "That is not the name of an agent.",
            remedy="Name it as namespace/name or namespace__NS__name.",
        )
    return found


def place_of(agent: str) -> tuple[str, str]:
    """Give namespace and name of an agent in kagent's form; Kubernetes' names have no `_`."""
    namespace, _, name = agent.partition(_SEPARATOR)
    return namespace.replace("_", "-"), name.replace("_", "-")


def _agent() -> str:
    """Give the agent that calls, once it has proved who it is; empty for a person."""
    agent = reference(flask.request.headers.get("X-Agent-Name", ""))
    verify = services.current().verify_agent
    if not agent and not _is_for_agents_only():
        return ""
    kind, _, token = flask.request.headers.get("Authorization", "").partition(" ")
    if verify is not None:
        is_proven = bool(agent) and kind.lower() == "bearer" and verify(token.strip(), agent)
    else:
        is_proven = not _is_for_agents_only()
    if not is_proven:
        raise ProblemError(
            401,
            "Unauthorized",
            "An agent has to send its name, and the token of its service account with the"
            " audience kagent.",
            remedy="Mount it as Roster does; `requireAgentTokens: false` turns this off.",
        )
    return agent


def _is_for_agents_only() -> bool:
    scope: Mapping[str, Any] = flask.request.environ.get("asgi.scope") or {}
    return bool(scope.get(SCOPE))


def _user() -> str:
    """Give the user: the query's, else the header's.

    kagent-adk puts the query's into some addresses as it is, where a plus sign would be read as a
    space: the header says which it was.
    """
    header = flask.request.headers.get("X-User-Id", "")
    query = flask.request.args.get("user_id", "")
    if query.replace(" ", "+") == header.replace(" ", "+"):
        return header
    return query or header


def _share() -> Share | None:
    token = flask.request.headers.get("X-Share-Token")
    if token is None:
        return None
    found = services.current().conversations.sessions.shared(token)
    if found is None:
        raise ProblemError(403, "Forbidden", "This link leads nowhere.", remedy="Ask for another.")
    if found.is_read_only and flask.request.method not in {"GET", "HEAD"}:
        raise ProblemError(
            403, "Forbidden", "This link is for reading only.", remedy="Ask the owner for another."
        )
    return found
