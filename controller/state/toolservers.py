"""What is known of MCP servers and their tools, kept over restarts in one file.

A server that does not answer keeps the tools that it had, with their age; a tool that is gone is
remembered for a while, so that whoever is missing it can be told when it went.
"""

import threading
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pydantic
import structlog

from controller.errors import RosterError
from controller.state import files
from controller.state.records import Record

log = structlog.get_logger(__name__)


class ToolRecord(Record):
    """A tool as its server described it last."""

    name: str
    description: str = ""
    input_schema: dict[str, Any]
    output_schema: dict[str, Any] | None = None
    annotations: dict[str, Any] | None = None
    hash: str
    """Of everything above: what an agent's model is told of the tool."""
    seen_at: datetime
    """When it was listed for the first time."""
    changed_at: datetime | None = None
    """When it was first listed in this form, where it had another before."""
    withdrawn_at: datetime | None = None
    """When it was first missing; None while it is there."""


class ToolServerRecord(Record):
    """An MCP server."""

    id: str
    """`str(DefinitionId)`."""
    status: str = "Pending"
    """`Ready`, `Unreachable`, or `Pending` before the first answer."""
    message: str = ""
    """Why it is not ready."""
    server_name: str = ""
    """As the server calls itself."""
    server_version: str = ""
    protocol_version: str = ""
    latency_ms: float = 0.0
    """Of the last listing."""
    asked_at: datetime | None = None
    connected_at: datetime | None = None
    """When it answered last."""
    tools: tuple[ToolRecord, ...] = ()
    """By name; also those that were withdrawn lately."""

    @property
    def offered(self) -> tuple[ToolRecord, ...]:
        """The tools that the server has, as far as is known."""
        return tuple(tool for tool in self.tools if tool.withdrawn_at is None)


class _File(pydantic.BaseModel):
    servers: dict[str, ToolServerRecord] = pydantic.Field(default_factory=dict)


class ToolServers:
    """Records by id, in memory and in a file. Safe for threads.

    The folder is a store's, whose lock keeps other processes away. A file that cannot be read is
    begun anew: servers will tell their tools again.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "toolservers.json"
        self._lock = threading.Lock()
        self._records = _read(self._path)

    def all(self) -> Mapping[str, ToolServerRecord]:
        """Give every record, by id."""
        return dict(self._records)

    def get(self, id_: str) -> ToolServerRecord | None:
        """Give one record; never waits for a disk."""
        return self._records.get(id_)

    def put(self, record: ToolServerRecord, *, durably: bool) -> None:
        """Replace a record.

        Args:
            record: the new one.
            durably: whether it is worth a write; times alone are not.

        Raises:
            TransientError: the disk refuses; readers see the new record all the same.
        """
        with self._lock:
            self._records = {**self._records, record.id: record}
            if durably:
                self._write()

    def keep_only(self, ids: frozenset[str]) -> None:
        """Forget servers that nobody defines any more.

        Raises:
            TransientError: the disk refuses.
        """
        with self._lock:
            if set(self._records) <= ids:
                return
            self._records = {id_: self._records[id_] for id_ in self._records if id_ in ids}
            self._write()

    def save(self) -> None:
        """Write what is in memory.

        Raises:
            TransientError: the disk refuses.
        """
        with self._lock:
            self._write()

    def _write(self) -> None:
        files.write(self._path, _File(servers=self._records).model_dump(mode="json"))


def _read(path: Path) -> dict[str, ToolServerRecord]:
    try:
        found, _ = files.read(path)
        return _File.model_validate(found or {}).servers
    except (RosterError, pydantic.ValidationError) as error:
        log.warning("toolservers_unreadable", path=str(path), error=type(error).__name__)
        return {}
