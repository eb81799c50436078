"""What agents remember of users: texts with their embeddings, found by likeness."""

import base64
import math
import operator
import uuid
from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from controller.state.documents import Documents, Row, name_of, timestamp

MAX_PER_OWNER = 2000
"""Memories kept of one user by one agent; the oldest go. A search through them takes 60 ms."""
POPULAR = 10
EXTENSION_DAYS = 15
"""kagent keeps an expired memory that was found ten times for another 15 days."""

_KIND = "memories"
_TABLE = "memories"


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Something to remember."""

    content: str
    vector: Sequence[float]
    metadata: Mapping[str, Any] = field(default_factory=dict)
    ttl_days: int = 0
    """Days until it is forgotten; 0 for never."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredMemory:
    """Something remembered."""

    id: str
    content: str
    metadata: Mapping[str, Any]
    created_at: str
    expires_at: str
    """Empty for never."""
    access_count: int
    score: float = 0.0
    """Cosine of the angle to what was searched for."""


class Memories:
    """Memories by agent and user. Safe for threads."""

    def __init__(self, documents: Documents, now: Callable[[], datetime]) -> None:
        self._documents = documents
        self._now = now

    def add(self, agent: str, user: str, memories: Iterable[Memory]) -> tuple[str, ...]:
        """Store memories, durably, and give their ids."""
        now = self._now()
        made = {str(uuid.uuid4()): _row(memory, now) for memory in memories}
        with self._documents.edit(_name(agent, user)) as document:
            known = list(document.table(_TABLE))
            for key in known[: max(0, len(known) + len(made) - MAX_PER_OWNER)]:
                document.remove(_TABLE, key)
            for key, row in made.items():
                document.put(_TABLE, key, row)
            document.head = {"agent": agent, "user": user}
        return tuple(made)

    def search(
        self, agent: str, user: str, vector: Sequence[float], *, limit: int, min_score: float
    ) -> tuple[StoredMemory, ...]:
        """Give the memories most like a vector, the likest first."""
        wanted, now = _unit(vector), timestamp(self._now())
        rows = self._rows(agent, user)
        scored = [
            (_likeness(wanted, row), key)
            for key, row in rows.items()
            if not row["expires_at"] or row["expires_at"] > now
        ]
        found = sorted((item for item in scored if item[0] >= min_score), reverse=True)[:limit]
        self._count(agent, user, [key for _, key in found])
        return tuple(_stored(key, rows[key], score=score) for score, key in found)

    def list(self, agent: str, user: str) -> tuple[StoredMemory, ...]:
        """Give every memory, those found most often first."""
        rows = self._rows(agent, user)
        found = sorted(rows.items(), key=lambda item: item[1]["access_count"], reverse=True)
        return tuple(_stored(key, row) for key, row in found)

    def clear(self, agent: str, user: str) -> None:
        """Forget everything that an agent knows of a user."""
        with self._documents.edit(_name(agent, user)) as document:
            document.head = None

    def prune(self) -> int:
        """Forget what has expired and is hardly asked for; give how many."""
        count = 0
        for head in self._documents.heads(_KIND).values():
            count += self._prune(_name(head["agent"], head["user"]))
        return count

    def _prune(self, name: str) -> int:
        now, count = self._now(), 0
        with self._documents.edit(name) as document:
            for key, row in document.table(_TABLE).items():
                if not row["expires_at"] or row["expires_at"] > timestamp(now):
                    continue
                if row["access_count"] >= POPULAR:
                    longer = timestamp(now + timedelta(days=EXTENSION_DAYS))
                    document.put(_TABLE, key, {**row, "expires_at": longer, "access_count": 0})
                else:
                    document.remove(_TABLE, key)
                    count += 1
        return count

    def _rows(self, agent: str, user: str) -> Mapping[str, Row]:
        return self._documents.tables(_name(agent, user)).get(_TABLE, {})

    def _count(self, agent: str, user: str, keys: Sequence[str]) -> None:
        """Note that memories were found; losing this with the machine would be no loss."""
        if not keys:
            return
        with self._documents.edit(_name(agent, user), is_flushed=False) as document:
            for key in keys:
                row = document.table(_TABLE).get(key)
                if row is not None:
                    document.put(_TABLE, key, {**row, "access_count": row["access_count"] + 1})


def _row(memory: Memory, now: datetime) -> Row:
    expires = timestamp(now + timedelta(days=memory.ttl_days)) if memory.ttl_days else ""
    return {
        "content": memory.content,
        "vector": base64.b64encode(_unit(memory.vector).tobytes()).decode(),
        "metadata": dict(memory.metadata),
        "created_at": timestamp(now),
        "expires_at": expires,
        "access_count": 0,
    }


def _stored(key: str, row: Row, *, score: float = 0.0) -> StoredMemory:
    shown = {name: value for name, value in row.items() if name != "vector"}
    return StoredMemory(id=key, score=score, **shown)


def _unit(vector: Sequence[float]) -> "array[float]":
    """Give a vector of length 1 in the same direction, so that a likeness is one product."""
    length = math.sqrt(sum(value * value for value in vector)) or 1.0
    return array("f", (value / length for value in vector))


def _likeness(wanted: "array[float]", row: Row) -> float:
    held = array("f", base64.b64decode(row["vector"]))
    if len(held) != len(wanted):  # made by another embedding model
        return -1.0
    return float(sum(map(operator.mul, wanted, held)))


def _name(agent: str, user: str) -> str:
    return name_of(_KIND, agent, user)
