"""What the token of a shared session leads to at the A2A gateway."""

from dataclasses import dataclass

from controller.a2a.shares import Link
from controller.api.kagent.callers import place_of
from controller.state.sessions import Session, Sessions
from controller.state.tasks import Tasks


@dataclass(frozen=True, slots=True)
class Shared:
    """The links to sessions; there is no end to them but being withdrawn."""

    sessions: Sessions
    tasks: Tasks

    def find(self, token: str, namespace: str, name: str) -> Link | None:
        """Give the session that a token leads to, if it is one of this agent's."""
        share = self.sessions.shared(token)
        if share is None or place_of(share.session.agent) != (namespace, name):
            return None
        session = share.session
        return Link(
            context=session.id,
            user=session.user,
            is_read_only=share.is_read_only,
            has_task=lambda task: self._holds(session, task),
        )

    def _holds(self, session: Session, task: str) -> bool:
        found = self.tasks.find(task)
        return any(task.session.document == session.document for task in found)
