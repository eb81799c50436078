"""What memory holds of a document, and a change of it in the making."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from controller.state.journal import Change

Row = dict[str, Any]
Tables = dict[str, dict[str, Row]]


@dataclass(slots=True)
class Entry:
    """What memory holds of a document. Its lock is held around every use."""

    name: str
    lock: threading.RLock = field(default_factory=threading.RLock)
    tables: Tables | None = None
    """None until somebody needs more than the head."""
    pending: list[Change] = field(default_factory=list)
    """Changes that a document which is not loaded has yet to get."""
    head: Row | None = None
    """None where the document does not exist (any more)."""
    keys: set[str] = field(default_factory=set)
    number: int = 0
    """Of the last change."""
    folded: int = 0
    """Of the last change that is in the file."""
    size_bytes: int = 0
    is_evicted: bool = False

    @property
    def is_dirty(self) -> bool:
        """Whether the file lacks something."""
        return self.number > self.folded

    def apply(self, change: Change) -> None:
        """Carry out a change in memory."""
        self.number, self.head = change["n"], change["h"]
        if self.head is None:
            self.tables, self.keys, self.size_bytes = {}, set(), 0
            return
        tables = self.tables if self.tables is not None else {}
        for table, key, row in change.get("c", ()):
            rows = tables.setdefault(table, {})
            if row is None:
                rows.pop(key, None)
            else:
                rows[key] = row
        self.tables = tables
        self.keys |= set(change.get("k", ()))


class Edit:
    """A document while one thread has it: what is read is of before, what is put comes at the end.

    Rows are never changed in place: who reads them holds no lock.
    """

    def __init__(self, entry: Entry) -> None:
        self._entry = entry
        self._rows: list[tuple[str, str, Row | None]] = []
        self._keys: list[str] = []
        self.head = entry.head
        """Replace it to change it; None deletes the document."""

    @property
    def exists(self) -> bool:
        """Whether the document was there before."""
        return self._entry.head is not None

    def table(self, name: str) -> Mapping[str, Row]:
        """Give the rows of a table by id, in the order in which they came."""
        return (self._entry.tables or {}).get(name, {})

    def put(self, table: str, key: str, row: Row) -> None:
        """Add or replace a row."""
        self._rows.append((table, key, row))

    def remove(self, table: str, key: str) -> None:
        """Delete a row, if it is there."""
        self._rows.append((table, key, None))

    def add_key(self, key: str) -> None:
        """Have `Documents.find` find the document by a key."""
        if key not in self._entry.keys:
            self._keys.append(key)

    @property
    def change(self) -> Change | None:
        """What is to be written; None where everything stays as it was."""
        if not self._rows and not self._keys and self.head == self._entry.head:
            return None
        made: Change = {"d": self._entry.name, "h": self.head}
        if self._rows:
            made["c"] = self._rows
        if self._keys:
            made["k"] = self._keys
        return made
