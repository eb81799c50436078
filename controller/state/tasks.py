"""Tasks of sessions: what agents have under way, and which of their processes works on it.

They are kept in the documents of their sessions, so that one change writes a task and what lists
show of its session. A task may come before its session: then its document is there, but hidden.
"""

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from controller.state import interrupted, pushes, sessions
from controller.state.documents import Documents, Edit, Row, timestamp
from controller.state.interrupted import Process
from controller.state.sessions import TASKS, Session, Sessions

_WORKING = "working"
"""Key of a session's head: the tasks that are worked on, each with its process."""
_UNTOLD = "untold"
"""Key of a session's head: tasks that were ended, of which those who wish it are to be told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A stored A2A task, with whose it is."""

    session: Session
    body: Mapping[str, Any]
    updated_at: str

    @property
    def id(self) -> str:
        """Id that A2A gives it."""
        return str(self.body["id"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfinished:
    """A task that a process works on, as far as it said."""

    session: Session
    task: str
    """Its id."""
    process: Process


class Tasks:
    """Tasks by their sessions. Safe for threads."""

    def __init__(
        self, documents: Documents, sessions: Sessions, now: Callable[[], datetime]
    ) -> None:
        self._documents = documents
        self._sessions = sessions
        self._now = now

    def put(
        self,
        task: Mapping[str, Any],
        *,
        owner: Session,
        is_partial: bool,
        process: Process | None = None,
    ) -> None:
        """Store a task, in place of an older state of it; never fails, whatever the disk does.

        Args:
            task: as A2A has it.
            owner: whose it is; the session need not exist.
            is_partial: whether another state follows at once: then only the death of the whole
                machine may lose this one.
            process: that works on it, where it says so.
        """
        time, key = timestamp(self._now()), str(task["id"])
        with self._documents.edit(
            owner.document, is_flushed=not is_partial, must_succeed=True
        ) as document:
            head = document.head or {
                **sessions.row_of(owner),
                "created_at": time,
                "is_hidden": True,
            }
            is_new = key not in document.table(TASKS)
            document.add_key(_key_of(key))
            document.add_key(sessions.key_of(owner.id))
            working = process if interrupted.is_working(task) else None
            head = _with_worker({**head, "tasks": head["tasks"] + is_new}, key, working)
            _put(document, head, task, time)

    def of(self, session: Session) -> tuple[Task, ...]:
        """Give the tasks of a session, in the order in which they began."""
        rows = self._documents.tables(session.document).get(TASKS, {})
        return tuple(Task(session=session, **row) for row in rows.values())

    def find(self, key: str) -> tuple[Task, ...]:
        """Give the tasks with an id: one for each user who has one."""
        found = []
        for name in self._documents.find(_key_of(key)):
            session = self._sessions.at(name)
            row = self._documents.tables(name).get(TASKS, {}).get(key)
            if session is not None and row is not None:
                found.append(Task(session=session, **row))
        return tuple(found)

    def exist(self, agent: str, key: str) -> bool:
        """Whether an agent has a task with an id."""
        return any(task.session.agent == agent for task in self.find(key))

    def sessions(self, *, agent: str, user: str, key: str) -> tuple[Session, ...]:
        """Give the sessions that have tasks, those written to last first; empty narrows nothing."""
        wanted = {"agent": agent, "user": user, "id": key}
        found = [
            session
            for _, _, session in self._sessions.heads()
            if session.tasks
            and all(value in {"", getattr(session, name)} for name, value in wanted.items())
        ]
        return tuple(sorted(found, key=operator.attrgetter("updated_at"), reverse=True))

    def delete(self, task: Task) -> None:
        """Forget a task."""
        pushes.forget(self._documents, task.session.agent, task.id)
        with self._documents.edit(task.session.document) as document:
            if document.head is None or task.id not in document.table(TASKS):
                return
            document.remove(TASKS, task.id)
            head = _with_worker(document.head, task.id, None)
            document.head = {**head, "tasks": head["tasks"] - 1}

    def unfinished(self) -> tuple[Unfinished, ...]:
        """Give the tasks of all sessions that are worked on."""
        return tuple(
            Unfinished(session=session, task=task, process=process)
            for _, head, session in self._sessions.heads()
            for task, text in (head.get(_WORKING) or {}).items()
            if (process := Process.parse(text))
        )

    def interrupt(self, unfinished: Unfinished, reason: str) -> bool:
        """End a task whose process is gone; False where somebody else works on it by now.

        Args:
            unfinished: the task, with the process that is gone.
            reason: what happened to it, as a sentence.
        """
        time, key = timestamp(self._now()), unfinished.task
        with self._documents.edit(unfinished.session.document, must_succeed=True) as document:
            head, row = document.head, document.table(TASKS).get(key)
            if head is None or row is None:
                return False
            if (head.get(_WORKING) or {}).get(key) != str(unfinished.process):
                return False
            head = _with_worker(head, key, None)
            if pushes.exist(self._documents, unfinished.session.agent, key):
                head = {**head, _UNTOLD: [*head.get(_UNTOLD, ()), key]}
            ended = interrupted.ended(row["body"], reason=reason, at=time)
            _put(document, head, ended, time)
        return True

    def take_untold(self, agent: str) -> tuple[str, ...]:
        """Give the tasks of an agent whose ending somebody wants to be told of, once."""
        taken: list[str] = []
        for name, head, session in self._sessions.heads():
            if session.agent != agent or not head.get(_UNTOLD):
                continue
            with self._documents.edit(name) as document:
                if document.head is not None:
                    taken += document.head.get(_UNTOLD, ())
                    document.head = {
                        key: value for key, value in document.head.items() if key != _UNTOLD
                    }
        return tuple(taken)


def _put(document: Edit, head: Row, task: Mapping[str, Any], time: str) -> None:
    document.put(TASKS, str(task["id"]), {"body": task, "updated_at": time})
    document.head = {**head, "state": _state(task), "updated_at": time}


def _with_worker(head: Row, task: str, process: Process | None) -> Row:
    """Note who works on a task; None for nobody."""
    working = {key: text for key, text in (head.get(_WORKING) or {}).items() if key != task}
    if process is not None:
        working[task] = str(process)
    if working:
        return {**head, _WORKING: working}
    return {key: value for key, value in head.items() if key != _WORKING}


def _state(task: Mapping[str, Any]) -> str:
    status = task.get("status")
    return str(status.get("state") or "") if isinstance(status, Mapping) else ""


def _key_of(key: str) -> str:
    return f"task:{key}"
