"""Who wants to be told of which task: addresses, with the secrets that prove the sender to them.

They stand beside the session, not in it, so that nothing that shows or exports sessions has them.
A wish may come before its task: an agent hears of both in one message.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from controller.state.documents import Documents, name_of, timestamp

_KIND = "pushes"
_TABLE = "pushes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """That somebody is to be told of a task."""

    id: str
    user: str
    """Who wishes it."""
    config: Mapping[str, Any]
    """A `TaskPushNotificationConfig` of A2A, as the agent sent it."""


class Pushes:
    """Wishes by agent and task. Safe for threads."""

    def __init__(self, documents: Documents, now: Callable[[], datetime]) -> None:
        self._documents = documents
        self._now = now

    def put(self, agent: str, task: str, wish: Wish) -> None:
        """Keep a wish, durably, in place of the user's with the same id."""
        row = {"id": wish.id, "user": wish.user, "config": dict(wish.config)}
        with self._documents.edit(_name(agent, task)) as document:
            document.put(_TABLE, _key(wish.user, wish.id), row)
            time = timestamp(self._now())
            document.head = {"agent": agent, "task": task, "updated_at": time}

    def of(self, agent: str, task: str) -> tuple[Wish, ...]:
        """Give the wishes about a task, oldest first."""
        rows = self._documents.tables(_name(agent, task)).get(_TABLE, {})
        return tuple(Wish(**row) for row in rows.values())

    def remove(self, agent: str, task: str, *, user: str, wish_id: str) -> None:
        """Drop a user's wish, if there is one."""
        with self._documents.edit(_name(agent, task)) as document:
            if document.head is not None:
                document.remove(_TABLE, _key(user, wish_id))

    def prune(self, *, before: str, has_task: Callable[[str, str], bool]) -> int:
        """Forget the wishes about tasks that are no more, and give how many tasks those were.

        Args:
            before: time in ISO 8601; wishes of later may be about a task that is still to come.
            has_task: whether there is a task, by agent and id.
        """
        gone = [
            name
            for name, head in self._documents.heads(_KIND).items()
            if head["updated_at"] < before and not has_task(head["agent"], head["task"])
        ]
        for name in gone:
            with self._documents.edit(name) as document:
                document.head = None
        return len(gone)


def forget(documents: Documents, agent: str, task: str) -> None:
    """Forget the wishes about a task that is deleted."""
    name = _name(agent, task)
    if documents.head(name) is not None:
        with documents.edit(name) as document:
            document.head = None


def exist(documents: Documents, agent: str, task: str) -> bool:
    """Whether somebody ever wanted to be told of a task."""
    return documents.head(_name(agent, task)) is not None


def _name(agent: str, task: str) -> str:
    return name_of(_KIND, agent, task)


def _key(user: str, wish_id: str) -> str:
    return f"{user}\n{wish_id}"
