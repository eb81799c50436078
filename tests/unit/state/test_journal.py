import os
import threading
from pathlib import Path
from typing import Any

import pytest

from controller.errors import TransientError
from controller.state import journal
from controller.state.journal import Journal


def numbers(folder: Path) -> list[int]:
    return [change["n"] for change in journal.replay(folder)]


def test_changes_come_back_in_order_with_their_numbers(tmp_path: Path) -> None:
    opened = Journal(tmp_path, last=6)
    opened.commit(opened.write({"d": "a"}))
    opened.write({"d": "b"})
    opened.close()

    assert list(journal.replay(tmp_path)) == [{"n": 7, "d": "a"}, {"n": 8, "d": "b"}]


def test_a_half_written_line_is_passed_over(tmp_path: Path) -> None:
    opened = Journal(tmp_path, last=0)
    opened.write({"d": "a"})
    opened.close()
    (path,) = journal.segments(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole + whole[: len(whole) // 2])

    assert numbers(tmp_path) == [1]


def test_a_segment_with_nothing_but_a_half_line_does_not_spoil_what_follows(tmp_path: Path) -> None:
    (tmp_path / "journal-0000000000000001.log").write_bytes(b'12345678 {"n":1,"d')
    opened = Journal(tmp_path, last=0)
    opened.write({"d": "a"})
    opened.close()

    assert numbers(tmp_path) == [1]


def test_damage_in_the_middle_costs_only_its_line(tmp_path: Path) -> None:
    opened = Journal(tmp_path, last=0)
    for name in "abc":
        opened.write({"d": name})
    opened.close()
    (path,) = journal.segments(tmp_path)
    path.write_bytes(path.read_bytes().replace(b'"b"', b'"x"'))

    assert numbers(tmp_path) == [1, 3]


def test_old_segments_go_when_they_are_not_needed(tmp_path: Path) -> None:
    opened = Journal(tmp_path, last=0)
    opened.write({"d": "a"})
    reached = opened.rotate()
    opened.write({"d": "b"})
    opened.discard(reached)
    opened.close()

    assert numbers(tmp_path) == [2]


def test_rotating_twice_without_a_change_loses_nothing(tmp_path: Path) -> None:
    opened = Journal(tmp_path, last=0)
    opened.rotate()
    opened.discard(opened.rotate())
    opened.write({"d": "a"})
    opened.close()

    assert numbers(tmp_path) == [1]


def test_a_full_disk_leaves_the_journal_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = Journal(tmp_path, last=0)
    opened.write({"d": "a"})
    write = os.write

    def full(file: int, data: Any) -> int:
        write(file, bytes(data)[:5])
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        with pytest.raises(TransientError, match="No space left"):
            opened.write({"d": "lost"})
    opened.write({"d": "b"})
    opened.close()

    assert [change["d"] for change in journal.replay(tmp_path)] == ["a", "b"]


def test_after_a_failed_flush_nothing_is_taken_until_the_next_segment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = Journal(tmp_path, last=0)
    number = opened.write({"d": "a"})

    def fails(_file: int) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fails)
        with pytest.raises(TransientError, match="Input/output"):
            opened.commit(number)
    with pytest.raises(TransientError, match="the disk failed"):
        opened.write({"d": "b"})
    opened.rotate()

    assert opened.write({"d": "b"}) == 2


def test_writers_that_wait_together_share_a_flush(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = Journal(tmp_path, last=0)
    first, others = opened.write({"d": "first"}), [opened.write({"d": "x"}) for _ in range(9)]
    flushes: list[int] = []
    monkeypatch.setattr(os, "fsync", flushes.append)
    threads = [threading.Thread(target=opened.commit, args=(n,)) for n in (*others, first)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(flushes) == 1
