"""Checkpoints of LangGraph's graphs, as kagent's checkpointer for it stores them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from controller.state.documents import Documents, Row, name_of

_KIND = "checkpoints"
_CHECKPOINTS = "checkpoints"
_WRITES = "writes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Thread:
    """A run of a graph, and whose it is."""

    agent: str
    user: str
    id: str

    @property
    def document(self) -> str:
        """Name of its document."""
        return name_of(_KIND, self.agent, self.user, self.id)


class Checkpoints:
    """Checkpoints by thread. Safe for threads."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    def put(self, thread: Thread, namespace: str, key: str, checkpoint: Mapping[str, Any]) -> None:
        """Store a checkpoint, durably, in place of one of that id."""
        row = {"checkpoint_ns": namespace, "checkpoint_id": key, **checkpoint}
        with self._documents.edit(thread.document) as document:
            document.put(_CHECKPOINTS, f"{namespace}\0{key}", row)
            document.head = _head(thread)

    def put_writes(
        self,
        thread: Thread,
        namespace: str,
        key: str,
        task: str,
        writes: Iterable[Mapping[str, Any]],
    ) -> None:
        """Store what a task of a checkpoint wrote, durably; by index, so twice is once."""
        with self._documents.edit(thread.document) as document:
            for write in writes:
                row = {"checkpoint_ns": namespace, "checkpoint_id": key, "task_id": task, **write}
                document.put(_WRITES, f"{namespace}\0{key}\0{task}\0{write['idx']}", row)
            document.head = _head(thread)

    def list(
        self, thread: Thread, *, namespace: str, key: str = "", limit: int = 0
    ) -> tuple[tuple[Row, tuple[Row, ...]], ...]:
        """Give checkpoints with their writes, the newest first.

        Args:
            thread: whose.
            namespace: of the graph or subgraph.
            key: only this one; empty for all.
            limit: how many at most; 0 for all.
        """
        tables = self._documents.tables(thread.document)
        found = [
            row
            for row in tables.get(_CHECKPOINTS, {}).values()
            if row["checkpoint_ns"] == namespace and key in {"", row["checkpoint_id"]}
        ]
        # LangGraph's ids are time-ordered UUIDs.
        found.sort(key=lambda row: str(row["checkpoint_id"]), reverse=True)
        writes = tables.get(_WRITES, {}).values()
        return tuple((row, _of(row, writes)) for row in found[: limit or None])

    def delete(self, thread: Thread) -> None:
        """Forget a thread."""
        with self._documents.edit(thread.document) as document:
            document.head = None


def _of(checkpoint: Row, writes: Iterable[Row]) -> tuple[Row, ...]:
    same = ("checkpoint_ns", "checkpoint_id")
    found = [row for row in writes if all(row[name] == checkpoint[name] for name in same)]
    return tuple(sorted(found, key=lambda row: (row["task_id"], row["idx"])))


def _head(thread: Thread) -> Row:
    return {"agent": thread.agent, "user": thread.user, "id": thread.id}
