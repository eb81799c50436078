"""What users thought of answers."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from controller.state.documents import Documents, Row, name_of, timestamp

_KIND = "feedback"
_TABLE = "feedback"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """A thumb up or down, with words."""

    user: str
    is_positive: bool
    text: str
    issue: str = ""
    """`instructions`, `factual`, `incomplete`, `tool`, or empty."""
    message: str = ""
    """Id of the message it is about, empty where unknown."""
    id: int = 0
    created_at: str = ""


class Feedback:
    """Opinions by user. Safe for threads."""

    def __init__(self, documents: Documents, now: Callable[[], datetime]) -> None:
        self._documents = documents
        self._now = now

    def add(self, opinion: Opinion) -> Opinion:
        """Store an opinion, durably; they are numbered per user."""
        row: Row = {
            "is_positive": opinion.is_positive,
            "text": opinion.text,
            "issue": opinion.issue,
            "message": opinion.message,
            "created_at": timestamp(self._now()),
        }
        with self._documents.edit(_name(opinion.user)) as document:
            number = (document.head or {"last": 0})["last"] + 1
            document.put(_TABLE, str(number), row)
            document.head = {"user": opinion.user, "last": number}
        return Opinion(user=opinion.user, id=number, **row)

    def list(self, user: str) -> tuple[Opinion, ...]:
        """Give a user's opinions, oldest first."""
        rows = self._documents.tables(_name(user)).get(_TABLE, {})
        return tuple(Opinion(user=user, id=int(key), **row) for key, row in rows.items())

    def everybodys(self) -> tuple[Opinion, ...]:
        """Give the opinions of all users, by user."""
        users = sorted(head["user"] for head in self._documents.heads(_KIND).values())
        return tuple(opinion for user in users for opinion in self.list(user))


def _name(user: str) -> str:
    return name_of(_KIND, user)
