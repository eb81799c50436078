"""Tasks of a user across his sessions, a page at a time: those that changed last come first.

A session's head knows when the session was written to last, so a page reads the few sessions that
can have its tasks, and not all that there are.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from controller.state.tasks import Task, Tasks

Place: TypeAlias = tuple[str, str]
"""Where a task stands in lists: when it was stored last, and its id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedTasks:
    """Which tasks are asked for; what is empty does not narrow."""

    agent: str = ""
    user: str = ""
    context: str = ""
    state: str = ""
    since: datetime | None = None
    """Only those whose status is not older."""

    @property
    def looks_inside(self) -> bool:
        """Whether a task has to be read to know whether it is one of them."""
        return bool(self.state or self.since)

    def takes(self, task: Mapping[str, Any]) -> bool:
        """Tell whether a task of the session in question is one of them."""
        status = task.get("status") or {}
        is_new = self.since is None or _is_since(status.get("timestamp"), self.since)
        return self.state in {"", status.get("state")} and is_new


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskPage:
    """A part of a list."""

    tasks: tuple[Task, ...]
    total: int
    """How many there are on all pages."""
    after: Place | None
    """What the next page begins after; None where this is the last."""


def page(tasks: Tasks, wanted: WantedTasks, *, limit: int, after: Place | None) -> TaskPage:
    """Give the tasks that are asked for, from a place on."""
    having = tasks.sessions(agent=wanted.agent, user=wanted.user, key=wanted.context)
    total = 0 if wanted.looks_inside else sum(session.tasks for session in having)
    found: list[Task] = []
    for session in having:
        is_full = len(found) > limit and place(found[limit]) > (session.updated_at, "")
        if is_full and not wanted.looks_inside:
            break
        fitting = [task for task in tasks.of(session) if wanted.takes(task.body)]
        total += len(fitting) if wanted.looks_inside else 0
        found += [task for task in fitting if after is None or place(task) < after]
        found = sorted(found, key=place, reverse=True)[: limit + 1]
    shown = tuple(found[:limit])
    return TaskPage(
        tasks=shown, total=total, after=place(shown[-1]) if len(found) > limit else None
    )


def place(task: Task) -> Place:
    """Give where a task stands in lists."""
    return task.updated_at, task.id


def _is_since(timestamp: Any, since: datetime) -> bool:
    try:
        told = datetime.fromisoformat(str(timestamp))
    except ValueError:
        return False
    return told.tzinfo is not None and told >= since
