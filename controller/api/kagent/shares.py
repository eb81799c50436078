"""`/api/sessions/{id}/shares`: links by which an owner lets others see a session.

What a link lets others do is `callers.py`'s business, and at the A2A gateway `shared.py`'s.
"""

from typing import Any

import flask
import pydantic

from controller.api import services
from controller.api.kagent import callers
from controller.api.kagent.envelope import PROBLEMS, Body, Envelope, Nothing, answer
from controller.api.kagent.sessions import SessionPath, blueprint
from controller.api.problems import not_found
from controller.state.sessions import Session, Share

__all__ = ["blueprint"]


class SharePath(SessionPath):
    """Names a link to a session."""

    token: str


class ShareBody(Body):
    """What a link allows."""

    read_only: bool = True


class ShareShape(pydantic.BaseModel):
    """A link to a session."""

    token: str
    session_id: str
    user_id: str
    read_only: bool
    created_at: str


@blueprint.post("/<session_id>/shares", responses={201: Envelope[ShareShape], **PROBLEMS})
def share_session(path: SessionPath, body: ShareBody) -> flask.Response:
    """Make a link to a session, which others show as `X-Share-Token`."""
    session = _owned(path)
    share = services.current().conversations.sessions.share(session, is_read_only=body.read_only)
    return answer(_share(share), "share created", status=201)


@blueprint.get("/<session_id>/shares", responses={200: Envelope[list[ShareShape]], **PROBLEMS})
def list_shares(path: SessionPath) -> flask.Response:
    """List the links to a session."""
    shares = services.current().conversations.sessions.shares(_owned(path))
    return answer([_share(share) for share in shares], "shares listed")


@blueprint.delete("/<session_id>/shares/<token>", responses={200: Envelope[Nothing], **PROBLEMS})
def delete_share(path: SharePath) -> flask.Response:
    """Make a link lead nowhere."""
    sessions = services.current().conversations.sessions
    for share in sessions.shares(_owned(path)):
        if share.token == path.token:
            sessions.unshare(share)
    return answer({}, "share deleted")


def _owned(path: SessionPath) -> Session:
    """Give a session of the caller's own: a link does not make others share it on."""
    caller = callers.current()
    if caller.share is not None:
        raise not_found("session")
    return caller.session(path.session_id)


def _share(share: Share) -> dict[str, Any]:
    return {
        "token": share.token,
        "session_id": share.session.id,
        "user_id": share.session.user,
        "read_only": share.is_read_only,
        "created_at": share.created_at,
    }
