"""Documents of tables, each a TinyDB file, behind one journal.

A change goes into the journal and into memory; a fold writes what changed into the documents' own
files and starts the journal anew. So a change costs one append, whatever the size of its document,
and a document is rewritten once per fold instead of once per change.

Not every document is in memory: of those that rest, only the *head* is, a small record for lists,
and the *keys* by which others find the document. Both are in an index file of their own, which
spares reading every document at the start, and which the documents can rebuild.
"""

import contextlib
import hashlib
import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import structlog

from controller.errors import PermanentError, RosterError, TransientError
from controller.state import files, journal, storage
from controller.state.entries import Edit, Entry, Row, Tables
from controller.state.journal import Journal
from controller.state.lock import WriterLock
from controller.state.storage import CorruptStateError

__all__ = ["Documents", "Edit", "Row", "Tables", "name_of", "timestamp"]

log = structlog.get_logger(__name__)

FOLD_BYTES = 16 * 1024 * 1024
"""Size of the journal at which it is folded: reading that much at a start takes a tenth of a
second."""
CACHE_BYTES = 64 * 1024 * 1024
"""Size of the documents that stay in memory although nobody writes to them."""
CACHE_LENGTH = 2000
"""Number of those: small ones cost more than their size."""

RETRY_S = 5.0
"""Between two tries to fold on a disk that refuses."""

_INDEX = "index.json"


class Documents:
    """Documents by name (`kind/name`). Safe for threads; one process at a time.

    Raises:
        StoreLockedError: another process has the folder open.
    """

    def __init__(
        self, folder: Path, *, fold_bytes: int = FOLD_BYTES, cache_bytes: int = CACHE_BYTES
    ) -> None:
        self._folder = folder
        self._fold_bytes = fold_bytes
        self._cache_bytes = cache_bytes
        self._lock = threading.RLock()
        self._folding = threading.Lock()
        self._entries: OrderedDict[str, Entry] = OrderedDict()
        self._heads: dict[str, Row] = {}
        self._found: dict[str, set[str]] = {}
        self._keys: dict[str, set[str]] = {}
        self._wanted = threading.Event()
        self._is_closed = False
        self.writes = 0
        """Files written since the start."""
        storage.make_folder(folder)
        self._writer = WriterLock(folder)
        try:
            self._journal = Journal(folder, last=self._load())
        except BaseException:
            self._writer.release()
            raise
        if self._entries:
            self._wanted.set()
        self._folder_thread = threading.Thread(
            target=self._fold_when_wanted, name="fold", daemon=True
        )
        self._folder_thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def journal_bytes(self) -> int:
        """Size of what is not folded yet."""
        return self._journal.size_bytes

    def heads(self, kind: str) -> dict[str, Row]:
        """Give the heads of all documents of a kind, by name."""
        prefix = f"{kind}/"
        with self._lock:
            return {name: head for name, head in self._heads.items() if name.startswith(prefix)}

    def head(self, name: str) -> Row | None:
        """Give a document's head, None where it does not exist; never waits for a disk."""
        return self._heads.get(name)

    def find(self, key: str) -> tuple[str, ...]:
        """Give the names of the documents that have a key."""
        with self._lock:
            return tuple(sorted(self._found.get(key, ())))

    def tables(self, name: str) -> Tables:
        """Give a document's rows by table and id; empty where it does not exist."""
        if name not in self._heads:
            return {}
        with self._entry(name) as entry:
            return {table: dict(rows) for table, rows in (entry.tables or {}).items()}

    @contextmanager
    def edit(
        self, name: str, *, is_flushed: bool = True, must_succeed: bool = False
    ) -> Iterator[Edit]:
        """Change a document, atomically; at the end of the block the change is durable.

        Args:
            name: of the document; it need not exist.
            is_flushed: whether the change is to survive the death of the machine too, not only
                that of the process; costs a flush of the disk.
            must_succeed: whether a change that the disk refuses is kept in memory, for a fold.

        Raises:
            TransientError: the disk is full or failing; nothing was changed.
        """
        with self._entry(name) as entry:
            edit = Edit(entry)
            yield edit
            number = self._written(entry, edit, must_succeed=must_succeed)
        if is_flushed:
            with contextlib.suppress(*((TransientError,) if must_succeed else ())):
                self._journal.commit(number)
        if self._journal.size_bytes > self._fold_bytes or self._journal.is_broken:
            self._wanted.set()

    def fold(self) -> None:
        """Write every changed document into its own file, and start the journal anew.

        Raises:
            TransientError: the disk is full or failing; the journal still has everything.
        """
        with self._folding:
            reached = self._journal.rotate()
            with self._lock:
                changed = [entry for entry in self._entries.values() if entry.is_dirty]
            for entry in changed:
                self._fold(entry)
            self._write_index(reached)
            self._journal.discard(reached)
            self._evict()

    def close(self) -> None:
        """Fold, and let another process have the folder."""
        with self._lock:
            if self._is_closed:
                return
            self._is_closed = True
        self._wanted.set()
        self._folder_thread.join()
        try:
            self.fold()
        except RosterError as error:
            # The journal has it all, and the next start folds it.
            log.warning("fold_failed", problem=str(error))
        finally:
            self._journal.close()
            self._writer.release()

    @contextmanager
    def _entry(self, name: str) -> Iterator[Entry]:
        """Hold a document, loaded."""
        while True:
            entry = self._held(name)
            with entry.lock:
                if entry.is_evicted:
                    continue
                is_new = entry.tables is None
                if is_new:
                    self._fill(entry)
                yield entry
            if is_new:
                self._evict()
            return

    def _held(self, name: str) -> Entry:
        with self._lock:
            entry = self._entries.get(name)
            if entry is None:
                entry = self._entries[name] = Entry(name, head=self._heads.get(name))
            self._entries.move_to_end(name)
            return entry

    def _fill(self, entry: Entry) -> None:
        """Read a document's file, and apply what the journal had for it."""
        stored, entry.size_bytes = self._stored(entry.name)
        entry.folded = stored["folded"]
        entry.tables = stored["tables"]
        entry.keys = set(stored["keys"])
        entry.number = max(entry.number, entry.folded)
        for change in entry.pending:
            if change["n"] > entry.folded:
                entry.apply(change)
        entry.pending.clear()

    def _stored(self, name: str) -> tuple[Row, int]:
        """Give what is in a document's file; a damaged one is as good as none."""
        try:
            stored, size_bytes = files.read(self._path(name))
        except CorruptStateError as error:
            log.exception("document_lost", document=name, problem=str(error))
            stored, size_bytes = None, 0
        return stored or {"folded": 0, "tables": {}, "keys": ()}, size_bytes

    def _written(self, entry: Entry, edit: Edit, *, must_succeed: bool) -> int:
        change = edit.change
        if change is None:
            return entry.number
        if self._is_closed:
            raise PermanentError("The database is closed.", remedy="Roster is stopping.")
        try:
            size = self._journal.size_bytes
            number = self._journal.write(change)
            entry.size_bytes += max(0, self._journal.size_bytes - size)
        except TransientError as error:
            if not must_succeed:
                raise
            number = self._journal.skip()
            log.warning("change_kept_in_memory", document=entry.name, problem=str(error))
            self._wanted.set()
        entry.apply({"n": number, **change})
        self._publish(entry.name, entry.head, change.get("k", ()))
        return number

    def _publish(self, name: str, head: Row | None, keys: Iterable[str]) -> None:
        """Let lists and look-ups see a document as it is now."""
        with self._lock:
            if head is None:
                self._heads.pop(name, None)
                for key in self._keys.pop(name, set()):
                    self._found.get(key, set()).discard(name)
                return
            self._heads[name] = head
            for key in keys:
                self._found.setdefault(key, set()).add(name)
                self._keys.setdefault(name, set()).add(key)

    def _fold(self, entry: Entry) -> None:
        with entry.lock:
            if entry.tables is None:
                self._fill(entry)
            number = entry.number
            head = entry.head
            body = {
                "folded": number,
                "head": head,
                "keys": sorted(entry.keys),
                "tables": {table: dict(rows) for table, rows in (entry.tables or {}).items()},
            }
        path = self._path(entry.name)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        if head is None:
            storage.remove(path)
        else:
            files.write(path, body)
        self.writes += 1
        entry.folded = number

    def _write_index(self, reached: int) -> None:
        with self._lock:
            heads = {
                name: {"head": head, "keys": sorted(self._keys.get(name, ()))}
                for name, head in self._heads.items()
            }
        files.write(self._folder / _INDEX, {"folded": reached, "heads": heads})
        self.writes += 1

    def _evict(self) -> None:
        """Forget the documents that were not used for longest, down to the size of the cache."""
        with self._lock:
            size = sum(entry.size_bytes for entry in self._entries.values())
            for name, entry in list(self._entries.items()):
                if size <= self._cache_bytes and len(self._entries) <= CACHE_LENGTH:
                    return
                if not entry.lock.acquire(blocking=False):
                    continue
                try:
                    if not entry.is_dirty:
                        entry.is_evicted = True
                        del self._entries[name]
                        size -= entry.size_bytes
                finally:
                    entry.lock.release()

    def _fold_when_wanted(self) -> None:
        wait_s = None
        while True:
            self._wanted.wait(wait_s)
            if self._is_closed:
                return
            self._wanted.clear()
            wait_s = None
            try:
                self.fold()
            except RosterError as error:
                log.warning("fold_failed", problem=str(error))
                wait_s = RETRY_S

    def _load(self) -> int:
        """Read the index and the journal, and give the highest number in them."""
        last = self._read_index()
        for change in journal.replay(self._folder):
            last = max(last, change["n"])
            name = change["d"]
            entry = self._entries.setdefault(name, Entry(name))
            entry.pending.append(change)
            entry.number, entry.head = change["n"], change["h"]
            entry.keys = entry.keys | set(change.get("k", ())) if change["h"] else set()
            self._publish(name, change["h"], change.get("k", ()))
        return last

    def _read_index(self) -> int:
        index = self._index()
        known, last = index["heads"], index["folded"]
        for name in self._files():
            row = known.get(name)
            if row is None:
                row, _ = self._stored(name)
                last = max(last, row["folded"])
            self._publish(name, row.get("head"), row["keys"])
        return int(last)

    def _index(self) -> Row:
        try:
            index, _ = files.read(self._folder / _INDEX)
        except CorruptStateError as error:
            log.warning("index_rebuilt", problem=str(error))
            index = None
        return index or {"folded": 0, "heads": {}}

    def _files(self) -> Iterator[str]:
        for path in self._folder.glob("*/*.json"):
            yield f"{path.parent.name}/{path.stem}"

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.json"


def name_of(kind: str, *identity: str) -> str:
    """Give the name of the document of a kind that belongs to somebody: no text of theirs in it."""
    return f"{kind}/{hashlib.sha256(chr(0).join(identity).encode()).hexdigest()[:40]}"


def timestamp(moment: datetime) -> str:
    """Give a time in UTC as documents have it: ISO 8601 with microseconds, which sorts as text."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
