"""One record, one TinyDB file."""

from pathlib import Path
from typing import Any

import tinydb
from tinydb.table import Document

from controller.state.storage import AtomicStorage

_TABLE = "document"
_DOCUMENT = 1


def read(path: Path) -> tuple[dict[str, Any] | None, int]:
    """Read a file, and give its record and its size in bytes; None and 0 where there is none.

    Raises:
        CorruptStateError: the file and its previous generation are unreadable.
    """
    opened = AtomicStorage(path)
    with tinydb.TinyDB(storage=lambda: opened) as database:
        found = database.table(_TABLE).get(doc_id=_DOCUMENT)
    return (dict(found), opened.size_bytes) if isinstance(found, Document) else (None, 0)


def write(path: Path, record: dict[str, Any]) -> None:
    """Write a file, atomically; nobody else may use it meanwhile.

    Raises:
        TransientError: the disk is full or failing; the file stays as it was.
    """
    opened = AtomicStorage(path)
    with tinydb.TinyDB(storage=lambda: opened) as database:
        table = database.table(_TABLE)
        # Not `upsert`: for a new document it writes twice, an empty table first.
        if opened.is_empty:
            table.insert(Document(record, doc_id=_DOCUMENT))
        else:
            table.update(record, doc_ids=[_DOCUMENT])
