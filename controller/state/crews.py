"""What CrewAI's crews and flows keep, as kagent's integration of it stores that."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from controller.state.documents import Documents, Row, name_of

_KIND = "crews"
_MEMORIES = "memories"
_STATES = "states"
_LAST = "last"


@dataclass(frozen=True, slots=True, kw_only=True)
class Crew:
    """A run of a crew or flow, and whose it is."""

    agent: str
    user: str
    thread: str

    @property
    def document(self) -> str:
        """Name of its document."""
        return name_of(_KIND, self.agent, self.user, self.thread)


class Crews:
    """Memories and states by crew. Safe for threads."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    def remember(self, crew: Crew, memory: Mapping[str, Any]) -> None:
        """Store a memory, durably."""
        with self._documents.edit(crew.document) as document:
            number = (document.head or {"memories": 0})["memories"] + 1
            document.put(_MEMORIES, str(number), dict(memory))
            document.head = {"agent": crew.agent, "user": crew.user, "memories": number}

    def recall(self, crew: Crew, text: str, *, limit: int = 0) -> tuple[Row, ...]:
        """Give the memories that contain a text, the newest first; a limit of 0 gives all."""
        rows = self._documents.tables(crew.document).get(_MEMORIES, {}).values()
        found = [row for row in rows if text.lower() in orjson.dumps(row).decode().lower()]
        return tuple(found[::-1][: limit or None])

    def forget(self, crew: Crew) -> None:
        """Forget all memories; a flow's state stays."""
        with self._documents.edit(crew.document) as document:
            for key in document.table(_MEMORIES):
                document.remove(_MEMORIES, key)

    def put_state(self, crew: Crew, state: Mapping[str, Any]) -> None:
        """Store a flow's state, durably, in place of the one before."""
        with self._documents.edit(crew.document) as document:
            document.put(_STATES, _LAST, dict(state))
            document.head = document.head or {
                "agent": crew.agent,
                "user": crew.user,
                "memories": 0,
            }

    def state(self, crew: Crew) -> Row | None:
        """Give a flow's state, None where it has none."""
        return self._documents.tables(crew.document).get(_STATES, {}).get(_LAST)
