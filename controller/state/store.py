"""The database: one TinyDB file per application, one writer, immutable records out.

One file each keeps what is written at a time small, and a damaged file from concerning a
neighbour. Everything is in memory as well, so that reading neither waits for a disk nor for a
writer.
"""

import re
import threading
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pydantic
import tinydb
from tinydb.table import Document

from controller.errors import PermanentError
from controller.state import storage
from controller.state.lock import StoreLockedError, WriterLock
from controller.state.records import ApplicationRecord, Record
from controller.state.storage import AtomicStorage, CorruptStateError

__all__ = ["CorruptStateError", "Store", "StoreLockedError", "UnknownApplicationError"]

HISTORY_LIMIT = 50
"""Operations kept per application; they are the bulk of a file."""

_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,61}[a-z0-9])?")
"""What Kubernetes takes as a label's value, in lower case: it is one, and a file name too."""

_TABLE = "application"
_DOCUMENT = 1


class UnknownApplicationError(PermanentError):
    """There is no application of that name."""


class _Application:
    """One application's file. Its lock is held around every TinyDB call."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.is_open = True
        self.lock = threading.RLock()
        self._storage = AtomicStorage(path)
        self._database = tinydb.TinyDB(storage=lambda: self._storage)
        self.record = self._read()

    def _read(self) -> ApplicationRecord | None:
        document = self._database.table(_TABLE).get(doc_id=_DOCUMENT)
        if document is None:
            return None
        try:
            return ApplicationRecord.model_validate(document)
        except pydantic.ValidationError as error:
            field = ".".join(str(part) for part in error.errors()[0]["loc"])
            raise CorruptStateError(
                f"{self.path}: {field}: {error.errors()[0]['msg']}.",
                remedy="Use the version of Roster that wrote it, or move the file away.",
            ) from error

    def write(self, record: ApplicationRecord) -> ApplicationRecord:
        """Make a record durable, then visible to readers.

        That an application was looked at, and nothing found to be new, is visible only: a thousand
        agents are megabytes to write, and a restart looks again in any case.
        """
        if not self.is_open:
            raise PermanentError(f"{self.path} is closed.", remedy="Roster is stopping.")
        if record is self.record:
            return record
        if self.record is not None and _is_only_a_look(self.record, record):
            self.record = record
            return record
        kept = _capped(record)
        document: dict[str, Any] = kept.model_dump(mode="json")
        table = self._database.table(_TABLE)
        # Not `upsert`: for a new document it writes twice, an empty table first.
        if self.record is None:
            table.insert(Document(document, doc_id=_DOCUMENT))
        else:
            table.update(document, doc_ids=[_DOCUMENT])
        self.record = kept
        return kept

    def close(self) -> None:
        """Take no more writes: the folder may be another process's from now on."""
        self.is_open = False
        self._database.close()


class Store:
    """Applications by name. Safe for threads; one process at a time.

    Raises:
        StoreLockedError: another process has the folder open; the message names it.
        CorruptStateError: a file and its previous generation are unreadable.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "applications"
        self._lock = threading.RLock()
        self._is_closed = False
        storage.make_folder(self._folder)
        self._writer = WriterLock(folder)
        try:
            self._applications = {
                path.name.removesuffix(".json"): _Application(path)
                for path in sorted(_files(self._folder))
            }
        except BaseException:
            self._writer.release()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def applications(self) -> tuple[ApplicationRecord, ...]:
        """Give every application, by name."""
        held = sorted(self._applications.copy().items())
        return tuple(entry.record for _, entry in held if entry.record is not None)

    def application(self, name: str) -> ApplicationRecord | None:
        """Give one application, or None; never waits for a writer."""
        entry = self._applications.get(name)
        return entry.record if entry else None

    def put(self, record: ApplicationRecord) -> ApplicationRecord:
        """Store a record, durably; nothing is written where it equals the stored one.

        Returns:
            The record as stored: with its history capped.
        """
        with ExitStack() as held:
            with self._lock:
                # Taken before the other is let go, so that no removal comes in between.
                entry = self._entry(record.spec.name)
                held.enter_context(entry.lock)
            return entry.write(record)

    def update(
        self, name: str, fn: Callable[[ApplicationRecord], ApplicationRecord]
    ) -> ApplicationRecord:
        """Replace a record by what the function makes of it, atomically and durably.

        The function runs under the application's lock and must be quick; if it raises, nothing is
        changed.

        Raises:
            UnknownApplicationError: there is no such application (any more).
        """
        entry = self._applications.get(name)
        if entry is not None:
            with entry.lock:
                if entry.record is not None:
                    return entry.write(fn(entry.record))
        raise UnknownApplicationError(
            f"There is no application {name!r}.", remedy="`roster app list` names all of them."
        )

    def remove(self, name: str) -> None:
        """Forget an application and its history; nothing happens where there is none."""
        with self._lock:
            entry = self._applications.pop(name, None)
            if entry is None:
                return
            with entry.lock:
                entry.record = None
                entry.close()
                storage.remove(entry.path)

    def close(self) -> None:
        """Wait for writers, then let another process have the folder."""
        with self._lock:
            if self._is_closed:
                return
            self._is_closed = True
            for entry in self._applications.values():
                with entry.lock:
                    entry.close()
            self._writer.release()

    def _entry(self, name: str) -> _Application:
        entry = self._applications.get(name)
        if entry is None:
            _check(name)
            if self._is_closed:
                raise PermanentError("The database is closed.", remedy="Roster is stopping.")
            entry = self._applications[name] = _Application(self._folder / f"{name}.json")
        return entry


def _is_only_a_look(before: ApplicationRecord, after: ApplicationRecord) -> bool:
    """Tell whether the time of the last look is all that differs; parts are compared as such."""
    return _shares_all(before, after, but="status") and _shares_all(
        before.status, after.status, but="reconciled_at"
    )


def _shares_all(before: Record, after: Record, *, but: str) -> bool:
    return all(
        getattr(before, name) is getattr(after, name)
        for name in type(before).model_fields
        if name != but
    )


def _capped(record: ApplicationRecord) -> ApplicationRecord:
    if len(record.history) <= HISTORY_LIMIT:
        return record
    return record.model_copy(update={"history": record.history[:HISTORY_LIMIT]})


def _check(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise PermanentError(
            f"{name!r} cannot be the name of an application.",
            remedy="Use up to 63 lower-case letters, digits, '-' and '.', "
            "beginning and ending with a letter or digit.",
        )


def _files(folder: Path) -> set[Path]:
    """Give the applications' files, also where only a previous generation is left."""
    present = set(folder.glob("*.json"))
    return present | {path.with_suffix("") for path in folder.glob("*.json.bak")}
