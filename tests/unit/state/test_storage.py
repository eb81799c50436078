import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from controller.errors import PermanentError, TransientError
from controller.state import storage
from controller.state.storage import AtomicStorage, CorruptStateError

FIRST = {"application": {"1": {"n": 1}}}
SECOND = {"application": {"1": {"n": 2}}}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.json"


def test_nothing_is_read_where_nothing_was_written(path: Path) -> None:
    assert AtomicStorage(path).read() is None
    assert not path.exists()


def test_what_was_written_is_read_back(path: Path) -> None:
    AtomicStorage(path).write(FIRST)

    assert AtomicStorage(path).read() == FIRST


def test_the_previous_generation_is_kept(path: Path) -> None:
    stored = AtomicStorage(path)
    stored.write(FIRST)
    stored.write(SECOND)

    assert AtomicStorage(storage.backup_of(path)).read() == FIRST
    assert not list(path.parent.glob("*.tmp"))


@pytest.mark.parametrize(
    "damage",
    [
        lambda _content: b"",
        lambda content: content[:-1],
        lambda content: content[: len(content) // 2],
        lambda content: content.replace(b'"n":2', b'"n":3'),
        lambda content: content + b"x",
        lambda content: b"\0" * len(content),
        lambda content: b"[]\n" + content,
        lambda content: b'{"schema":"1"}\n' + content,
        lambda _content: None,
    ],
    ids=["empty", "short", "half", "changed", "long", "zeros", "list", "no-schema", "missing"],
)
def test_a_damaged_file_is_replaced_by_the_previous_generation(
    path: Path, damage: Callable[[bytes], bytes | None]
) -> None:
    stored = AtomicStorage(path)
    stored.write(FIRST)
    stored.write(SECOND)
    damaged = damage(path.read_bytes())
    if damaged is None:
        path.unlink()
    else:
        path.write_bytes(damaged)

    assert AtomicStorage(path).read() == FIRST
    assert AtomicStorage(path).read() == FIRST
    kept = path.with_name("a.json.damaged")
    assert (kept.read_bytes() if kept.exists() else None) == damaged


def test_two_damaged_generations_are_an_error_with_a_remedy(path: Path) -> None:
    stored = AtomicStorage(path)
    stored.write(FIRST)
    stored.write(SECOND)
    for file in (path, storage.backup_of(path)):
        file.write_bytes(file.read_bytes()[:-3])

    with pytest.raises(CorruptStateError, match=r"a\.json is damaged .*Move the file away"):
        AtomicStorage(path)

    assert path.exists()


def test_a_newer_schema_is_not_taken_for_damage(path: Path) -> None:
    stored = AtomicStorage(path)
    stored.write(FIRST)
    stored.write(SECOND)
    newer = path.read_bytes().replace(b'"schema":1', b'"schema":2')
    path.write_bytes(newer)

    with pytest.raises(PermanentError, match="schema version 2; this Roster knows 1"):
        AtomicStorage(path)

    assert path.read_bytes() == newer


def test_equal_content_is_not_written_again(path: Path) -> None:
    stored = AtomicStorage(path)
    stored.write(FIRST)
    before = path.stat().st_ino

    stored.write({"application": {"1": {"n": 1}}})

    assert path.stat().st_ino == before
    assert not storage.backup_of(path).exists()


def test_a_full_disk_changes_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stored = AtomicStorage(path)
    stored.write({"application": {"1": {"n": 1}}})

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    tables = stored.read()
    assert tables is not None
    tables["application"]["1"]["n"] = 2
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(TransientError, match=r"No space left.*nothing stored before is lost"):
            stored.write(tables)

    assert stored.read() == FIRST
    assert AtomicStorage(path).read() == FIRST
    assert [file.name for file in path.parent.iterdir()] == ["a.json"]
    stored.write(SECOND)
    assert AtomicStorage(path).read() == SECOND


def test_file_systems_without_hard_links_get_a_copy(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    stored = AtomicStorage(path)
    stored.write(FIRST)
    stored.write(SECOND)

    assert AtomicStorage(storage.backup_of(path)).read() == FIRST


def test_leftovers_of_a_killed_write_do_no_harm(path: Path) -> None:
    stored = AtomicStorage(path)
    stored.write(FIRST)
    path.with_name("a.json.tmp").write_bytes(b"half")
    path.with_name("a.json.bak.tmp").write_bytes(b"half")

    again = AtomicStorage(path)
    again.write(SECOND)

    assert AtomicStorage(path).read() == SECOND
    assert {file.name for file in path.parent.iterdir()} == {"a.json", "a.json.bak"}
