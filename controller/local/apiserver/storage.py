"""Objects on disk and in memory, and the order in which they changed.

All objects are held in memory; SQLite (WAL) is the copy that survives. Everything happens in one
thread, the event loop's, so that a read never sees half a write and no lock is needed. A write is
in the log file of SQLite before it is acknowledged: killing the process loses nothing. (With
`synchronous=NORMAL` a power cut may lose the last moments, never the file's consistency.)
"""

import fcntl
import os
import sqlite3
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, NamedTuple, TypeAlias

import orjson

from controller.errors import PermanentError

Object: TypeAlias = dict[str, Any]

# A real control plane has made about so many writes when it is ready; clients that ask to watch
# from version 1 must learn that this is too long ago.
_FIRST_VERSION = 9402
# Changes of one resource that a watcher can catch up on; an object is held by reference, so this
# costs memory only where objects change a lot.
_REMEMBERED = 2000
# Whoever looks whether somebody holds the lock takes it for a moment; that is no other owner.
_LOCK_S = 0.3

_TABLES = """
CREATE TABLE IF NOT EXISTS objects (
    resource TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL,
    version INTEGER NOT NULL, body BLOB NOT NULL,
    PRIMARY KEY (resource, namespace, name)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
"""


class FolderInUseError(PermanentError):
    """Another process keeps its objects in this folder."""


class Key(NamedTuple):
    """Where an object is: resource, namespace (empty for cluster scope), name."""

    resource: str
    namespace: str
    name: str


@dataclass(frozen=True, slots=True)
class Change:
    """One write: `ADDED`, `MODIFIED` or `DELETED`, with the object after it and before it."""

    version: int
    type: str
    key: Key
    value: Object
    before: Object | None


@dataclass(slots=True)
class _Table:
    """The objects of one resource, and its latest changes."""

    objects: dict[tuple[str, str], Object]
    order: list[tuple[str, str]] | None
    changes: deque[Change]
    forgotten: int


class TooOldError(Exception):
    """Changes since the version asked for are no longer remembered; carries the oldest known."""

    def __init__(self, oldest: int) -> None:
        super().__init__(oldest)
        self.oldest = oldest


def lock_folder(folder: Path) -> IO[str]:
    """Claim a folder for this process; the claim ends with the process, however that ends.

    Raises:
        FolderInUseError: another process has it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    handle = (folder / "lock").open("a+")
    deadline = time.monotonic() + _LOCK_S
    while not _is_locked(handle):
        if time.monotonic() > deadline:
            handle.seek(0)
            owner = handle.read().strip() or "unknown"
            handle.close()
            raise FolderInUseError(
                f"The local cluster in {folder} is already running (process {owner}).",
                remedy="Use it, or stop it with `roster local down`.",
            )
        time.sleep(_LOCK_S / 10)
    handle.truncate(0)
    handle.write(str(os.getpid()))
    handle.flush()
    return handle


def _is_locked(handle: IO[str]) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


class Storage:
    """The objects of one folder. Not to be used from more than one thread."""

    def __init__(self, folder: Path) -> None:
        """Open the folder's database, which only one process may have open.

        Raises:
            FolderInUseError: another process has it.
        """
        self._lock = lock_folder(folder)
        self._connection = sqlite3.connect(folder / "objects.sqlite", isolation_level=None)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=NORMAL")
        self._connection.executescript(_TABLES)
        self._tables: dict[str, _Table] = {}
        self._listeners: list[Callable[[Change], None]] = []
        row = self._connection.execute("SELECT value FROM counters WHERE name='version'").fetchone()
        self.version: int = row[0] if row else 0
        self._load()
        self._floor = self.version
        """The version at which this process began to remember changes."""

    def _load(self) -> None:
        rows = self._connection.execute(
            "SELECT resource, namespace, name, version, body FROM objects"
        )
        for resource, namespace, name, version, body in rows:
            self.version = max(self.version, version)
            self._table(resource).objects[namespace, name] = orjson.loads(body)

    def close(self) -> None:
        """Close the database and give up the folder."""
        self._connection.close()
        self._lock.close()

    def finish_bootstrap(self) -> None:
        """Declare what was written so far to be the beginning of history."""
        self.version = self._floor = max(self.version, _FIRST_VERSION)
        self._connection.execute(
            "INSERT OR REPLACE INTO counters VALUES ('version', ?)", (self.version,)
        )
        for table in self._tables.values():
            table.changes.clear()

    def _table(self, resource: str) -> _Table:
        table = self._tables.get(resource)
        if table is None:
            table = _Table({}, None, deque(maxlen=_REMEMBERED), 0)
            self._tables[resource] = table
        return table

    def get(self, key: Key) -> Object | None:
        """Give an object; it is shared and must not be changed."""
        table = self._tables.get(key.resource)
        return table.objects.get((key.namespace, key.name)) if table else None

    def scan(
        self, resource: str, namespace: str | None = None, *, after: tuple[str, str] | None = None
    ) -> Iterator[Object]:
        """Give the objects of a resource by namespace and name, beginning after a given one."""
        table = self._tables.get(resource)
        if table is None:
            return
        if table.order is None:
            table.order = sorted(table.objects)
        for place in table.order:
            wanted = namespace is None or place[0] == namespace
            if wanted and (after is None or place > after) and place in table.objects:
                yield table.objects[place]

    def scan_as_of(self, resource: str, version: int, namespace: str | None) -> Iterator[Object]:
        """Give the objects of a resource as they were at a version, by namespace and name.

        The present is walked back through the remembered changes, which cost no copy of the past.

        Raises:
            TooOldError: some of the changes since then are forgotten.
        """
        objects = dict(self._table(resource).objects)
        for change in reversed(self.changes_since(resource, version)):
            place = (change.key.namespace, change.key.name)
            if change.before is None:
                objects.pop(place, None)
            else:
                objects[place] = change.before
        for place in sorted(objects):
            if namespace is None or place[0] == namespace:
                yield objects[place]

    def resources(self) -> Iterable[str]:
        """Give the resources of which there were objects."""
        return tuple(self._tables)

    def put(self, key: Key, value: Object) -> Object:
        """Store an object and give it as stored, with its new resourceVersion."""
        table = self._table(key.resource)
        place = (key.namespace, key.name)
        before = table.objects.get(place)
        version = self.version + 1
        stored = {**value, "metadata": {**value["metadata"], "resourceVersion": str(version)}}
        self._connection.execute(
            "INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?, ?)",
            (*key, version, orjson.dumps(stored)),
        )
        self.version = version
        table.objects[place] = stored
        if before is None:
            table.order = None
        self._tell(Change(version, "MODIFIED" if before else "ADDED", key, stored, before))
        return stored

    def remove(self, key: Key) -> Object:
        """Remove an object and give its last state, with the resourceVersion of the removal."""
        table = self._table(key.resource)
        version = self.version + 1
        with self._connection:
            self._connection.execute("BEGIN")
            self._connection.execute(
                "DELETE FROM objects WHERE resource=? AND namespace=? AND name=?", key
            )
            # The removed row took its version along, and versions must never go back.
            self._connection.execute(
                "INSERT OR REPLACE INTO counters VALUES ('version', ?)", (version,)
            )
        self.version = version
        before = table.objects.pop((key.namespace, key.name))
        table.order = None
        last = {**before, "metadata": {**before["metadata"], "resourceVersion": str(version)}}
        self._tell(Change(version, "DELETED", key, last, before))
        return last

    def _tell(self, change: Change) -> None:
        table = self._table(change.key.resource)
        if len(table.changes) == _REMEMBERED:
            table.forgotten = table.changes[0].version
        table.changes.append(change)
        for listener in tuple(self._listeners):
            listener(change)

    def changes_since(self, resource: str, version: int) -> list[Change]:
        """Give the changes of a resource after a version.

        Raises:
            TooOldError: some of them are forgotten.
        """
        table = self._table(resource)
        oldest = max(self._floor, table.forgotten)
        if version < oldest:
            raise TooOldError(oldest)
        found = []
        for change in reversed(table.changes):
            if change.version <= version:
                break
            found.append(change)
        found.reverse()
        return found

    def listen(self, listener: Callable[[Change], None]) -> Callable[[], None]:
        """Call a function at every change, in the thread of the write; give the way to stop it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)
