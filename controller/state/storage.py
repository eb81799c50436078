"""One file, replaced atomically: TinyDB's storage.

TinyDB's own storage writes in place, and 3 of 40 kills tore its file. Here a file is complete or
absent at every moment: the new content goes to a temporary file, is flushed to the disk, and takes
the old one's name; the old one stays as `.bak`.

The first line says what follows (schema version, SHA-256 and size of the rest); the rest is
TinyDB's JSON.
"""

import contextlib
import hashlib
import os
import shutil
from pathlib import Path
from typing import Any

import orjson
import structlog
import tinydb

from controller.errors import PermanentError, TransientError

log = structlog.get_logger(__name__)

SCHEMA = 1
"""Version of the stored shapes; a change that older records cannot be read with increases it."""

Tables = dict[str, dict[str, Any]]


class CorruptStateError(PermanentError):
    """A file of the database and its previous generation are both unreadable."""


class _DamagedError(Exception):
    """One file is not what was written; the previous generation may be."""


class AtomicStorage(tinydb.Storage):
    """Keeps the tables in memory and every change on the disk before it returns.

    Not thread-safe, as TinyDB is not: callers hold one lock around each call.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._body = b""
        self._tables: Tables | None = None
        self._load()

    @property
    def is_empty(self) -> bool:
        """Whether nothing has been written yet."""
        return self._tables is None

    @property
    def size_bytes(self) -> int:
        """Size of what is stored."""
        return len(self._body)

    def read(self) -> Tables | None:
        """Give the tables; TinyDB changes them in place and hands them back to `write`."""
        return self._tables

    def write(self, data: Tables) -> None:
        """Make the tables durable; nothing is written where they equal what is stored.

        Raises:
            TransientError: the disk is full or failing; the database stays as it was.
        """
        body = orjson.dumps(data)
        if body == self._body:
            self._tables = data
            return
        try:
            _replace(self._path, _encode(body))
        except OSError as error:
            # TinyDB has changed the tables in place already: what the disk has counts.
            self._tables = orjson.loads(self._body) if self._body else None
            raise TransientError(
                f"{self._path} cannot be written: {error.strerror}.",
                remedy="Make room or check the disk; nothing stored before is lost.",
            ) from error
        self._tables, self._body = data, body

    def _load(self) -> None:
        try:
            body = _decode(self._path)
            if body is None and backup_of(self._path).exists():
                raise _DamagedError("it is missing")  # noqa: TRY301 - one way into the recovery
        except _DamagedError as damage:
            body = self._recover(damage)
        if body is not None:
            self._body, self._tables = body, orjson.loads(body)

    def _recover(self, damage: _DamagedError) -> bytes:
        """Take the previous generation, and keep the damaged file for whoever wants to look."""
        try:
            body = _decode(backup_of(self._path))
        except _DamagedError:
            body = None
        if body is None:
            raise CorruptStateError(
                f"{self._path} is damaged ({damage}), and there is no good previous generation.",
                remedy="Move the file away to start anew: status comes back from git and the "
                "cluster, history and inventory do not.",
            ) from damage
        damaged = self._path.with_name(f"{self._path.name}.damaged")
        with contextlib.suppress(FileNotFoundError):
            self._path.replace(damaged)
        _replace(self._path, _encode(body))
        log.warning("state_recovered", file=str(self._path), problem=str(damage), kept=str(damaged))
        return body


def backup_of(path: Path) -> Path:
    """Give the name of a file's previous generation."""
    return path.with_name(f"{path.name}.bak")


def remove(path: Path) -> None:
    """Delete a file and its previous generation, which must not come back as a recovery."""
    backup_of(path).unlink(missing_ok=True)
    path.unlink(missing_ok=True)
    flush_folder(path.parent)


def _encode(body: bytes) -> bytes:
    header = {"schema": SCHEMA, "sha256": hashlib.sha256(body).hexdigest(), "size": len(body)}
    return orjson.dumps(header) + b"\n" + body


def _decode(path: Path) -> bytes | None:
    """Read and verify a file; None where there is none."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise PermanentError(
            f"{path} cannot be read: {error.strerror}.", remedy="Check its owner and permissions."
        ) from error
    head, _, body = content.partition(b"\n")
    header = _header(head)
    if (schema := header.get("schema")) != SCHEMA:
        raise PermanentError(
            f"{path} has schema version {schema}; this Roster knows {SCHEMA}.",
            remedy="Use the version of Roster that wrote it, or a newer one.",
        )
    if header.get("size") != len(body):
        raise _DamagedError(f"{len(body)} bytes where {header.get('size')} were written")
    if header.get("sha256") != hashlib.sha256(body).hexdigest():
        raise _DamagedError("its checksum does not match")
    return body


def _header(line: bytes) -> dict[str, Any]:
    try:
        header = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise _DamagedError("it does not begin with a header") from error
    if not isinstance(header, dict) or not isinstance(header.get("schema"), int):
        raise _DamagedError("its header names no schema version")
    return header


def _replace(path: Path, content: bytes) -> None:
    new = path.with_name(f"{path.name}.tmp")
    try:
        _write_new(new, content)
        _keep_previous(path)
        new.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            new.unlink(missing_ok=True)
        raise
    flush_folder(path.parent)


def _write_new(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)


def _keep_previous(path: Path) -> None:
    """Give the current file a second name, so that there is no moment without it."""
    if not path.exists():
        return
    previous = path.with_name(f"{path.name}.bak.tmp")
    previous.unlink(missing_ok=True)
    try:
        previous.hardlink_to(path)
    except OSError:
        # Some file systems have no hard links.
        shutil.copy2(path, previous)
    previous.replace(backup_of(path))


def make_folder(folder: Path) -> None:
    """Make a folder for files of the database, which are their owner's only.

    Raises:
        PermanentError: it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise PermanentError(
            f"{folder} cannot be made: {error.strerror}.",
            remedy="Choose another folder with --state-dir.",
        ) from error


def flush_folder(folder: Path) -> None:
    """Make names that came or went in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
