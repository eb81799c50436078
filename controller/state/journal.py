"""A journal: changes appended to a file, durable before they are acknowledged.

A session is written to many times a second while its agent speaks, and TinyDB writes a whole file
for every change. So changes go to the end of one journal first, which costs the same however long
a session is, and `documents` folds them into TinyDB's files now and then. The journal is one for
all sessions: writers that wait at the same time share one flush of the disk.

Each line is a CRC-32 of the rest, a space, and a JSON object with its number `n`.
"""

import itertools
import os
import threading
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import structlog

from controller.errors import TransientError
from controller.state import storage

log = structlog.get_logger(__name__)

Change = dict[str, Any]


class Journal:
    """Appends numbered changes to segments, the newest of which is open. Safe for threads.

    A change that is written survives the death of the process; one that is committed survives the
    death of the machine.
    """

    def __init__(self, folder: Path, *, last: int) -> None:
        """Open a new segment.

        Args:
            folder: where the segments are.
            last: the highest number given so far.

        Raises:
            TransientError: the disk is full or failing.
        """
        self._folder = folder
        self._lock = threading.Lock()
        self._flushing = threading.Lock()
        self._written = self._committed = last
        self._is_broken = False
        self._size = 0
        self._path, self._file = self._opened()

    @property
    def size_bytes(self) -> int:
        """Size of the open segment."""
        return self._size

    @property
    def last(self) -> int:
        """The highest number given so far."""
        return self._written

    @property
    def is_broken(self) -> bool:
        """Whether the disk refused to flush: nothing is taken before the next `rotate`."""
        return self._is_broken

    def write(self, change: Change) -> int:
        """Append a change, and give its number; `commit` makes it durable.

        Raises:
            TransientError: the disk is full or failing; nothing was appended.
        """
        with self._lock:
            if self._is_broken:
                raise _refused(self._path, "the disk failed")
            number = self._written + 1
            line = _encode({"n": number, **change})
            try:
                _append(self._file, line)
            except OSError as error:
                # What may be there in part must not stand before the next change.
                os.ftruncate(self._file, self._size)
                raise _refused(self._path, error.strerror or str(error)) from error
            self._written = number
            self._size += len(line)
            return number

    def skip(self) -> int:
        """Give a number to a change that is not written here."""
        with self._lock:
            self._written += 1
            return self._written

    def commit(self, number: int) -> None:
        """Return when the change with this number is on the disk, with all before it.

        Raises:
            TransientError: the disk failed; the change may be lost with the machine.
        """
        if number <= self._committed:
            return
        with self._flushing:
            if number > self._committed:
                self._flush()

    def rotate(self) -> int:
        """Start a new segment, and give the last number of those before it.

        Raises:
            TransientError: the disk is full or failing; the old segment stays open.
        """
        with self._flushing, self._lock:
            if not self._is_broken:
                self._flush()
            path, file = self._opened()
            os.close(self._file)
            self._path, self._file = path, file
            self._is_broken = False
            return self._written

    def discard(self, upto: int) -> None:
        """Delete the segments whose changes all have numbers up to this one."""
        for path, following in itertools.pairwise(segments(self._folder)):
            if _start(following) <= upto + 1 and path != self._path:
                path.unlink(missing_ok=True)
        storage.flush_folder(self._folder)

    def close(self) -> None:
        """Flush, and take no more."""
        with self._flushing, self._lock:
            if not self._is_broken:
                os.fsync(self._file)
            os.close(self._file)
            self._is_broken = True

    def _flush(self) -> None:
        reached = self._written
        try:
            os.fsync(self._file)
        except OSError as error:
            # The kernel forgets what it could not write: only another file can be trusted.
            self._is_broken = True
            raise _refused(self._path, error.strerror or str(error)) from error
        self._committed = reached

    def _opened(self) -> tuple[Path, int]:
        path = self._folder / f"journal-{self._written + 1:016d}.log"
        try:
            # One of that name holds no whole change, else the number were given already.
            file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
            self._size = 0
            storage.flush_folder(self._folder)
        except OSError as error:
            raise _refused(path, error.strerror or str(error)) from error
        return path, file


def segments(folder: Path) -> list[Path]:
    """Give the journal's files, oldest first."""
    return sorted(folder.glob("journal-*.log"))


def replay(folder: Path) -> Iterator[Change]:
    """Give every whole change in order; what a killed writer left half-written is passed over."""
    for path in segments(folder):
        for number, line in enumerate(path.read_bytes().splitlines(keepends=True), start=1):
            change = _decode(line)
            if change is None:
                log.warning("journal_line_damaged", file=str(path), line=number)
                continue
            yield change


def _append(file: int, line: bytes) -> None:
    left = memoryview(line)
    while left:
        left = left[os.write(file, left) :]


def _encode(change: Change) -> bytes:
    body = orjson.dumps(change)
    return b"%08x %s\n" % (zlib.crc32(body), body)


def _decode(line: bytes) -> Change | None:
    checksum, _, rest = line.partition(b" ")
    body = rest.removesuffix(b"\n")
    if not line.endswith(b"\n") or checksum != b"%08x" % zlib.crc32(body):
        return None
    change: Change = orjson.loads(body)
    return change


def _start(path: Path) -> int:
    return int(path.stem.removeprefix("journal-"))


def _refused(path: Path, reason: str) -> TransientError:
    return TransientError(
        f"{path} cannot be written: {reason}.",
        remedy="Make room or check the disk; nothing stored before is lost.",
    )
