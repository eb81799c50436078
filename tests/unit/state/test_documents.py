import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from controller.errors import PermanentError, TransientError
from controller.state import journal
from controller.state.documents import Documents, name_of
from controller.state.lock import StoreLockedError


@pytest.fixture
def documents(tmp_path: Path) -> Iterator[Documents]:
    with Documents(tmp_path / "d") as documents:
        yield documents


def put(documents: Documents, name: str, key: str, row: dict[str, Any], **how: bool) -> None:
    with documents.edit(name, **how) as document:
        document.put("rows", key, row)
        document.head = {"rows": len(document.table("rows")) + 1}


def copy_of(folder: Path, to: Path) -> Path:
    """What a kill would leave: the files as they are, without the lock."""
    to.mkdir()
    for path in folder.rglob("*"):
        if path.is_file() and path.name != "lock":
            target = to / path.relative_to(folder)
            target.parent.mkdir(exist_ok=True)
            target.write_bytes(path.read_bytes())
    return to


def test_rows_come_back_in_the_order_in_which_they_were_put(documents: Documents) -> None:
    for key in ("z", "a", "m"):
        put(documents, "k/a", key, {"is": key})

    assert list(documents.tables("k/a")["rows"]) == ["z", "a", "m"]


def test_rows_come_back_after_a_restart(tmp_path: Path) -> None:
    with Documents(tmp_path / "d") as documents:
        put(documents, "k/a", "z", {"is": 1})
        put(documents, "k/a", "b", {"is": 2})
    with Documents(tmp_path / "d") as documents:
        assert documents.tables("k/a") == {"rows": {"z": {"is": 1}, "b": {"is": 2}}}
        assert documents.heads("k") == {"k/a": {"rows": 2}}
        assert list(documents.tables("k/a")["rows"]) == ["z", "b"]


def test_a_change_is_in_the_journal_before_any_document_is_written(
    documents: Documents, tmp_path: Path
) -> None:
    put(documents, "k/a", "x", {"is": 1}, is_flushed=False)
    with Documents(copy_of(tmp_path / "d", tmp_path / "copy")) as copy:
        assert documents.writes == 0
        assert copy.tables("k/a") == {"rows": {"x": {"is": 1}}}


def test_a_fold_writes_a_document_once_however_often_it_changed(documents: Documents) -> None:
    for number in range(400):
        put(documents, "k/a", "task", {"is": number}, is_flushed=False)
    documents.fold()

    assert documents.writes == 2  # the document and the index
    assert documents.tables("k/a")["rows"]["task"] == {"is": 399}


def test_a_full_journal_is_folded_by_itself(tmp_path: Path) -> None:
    with Documents(tmp_path / "d", fold_bytes=2000) as documents:
        for number in range(200):
            put(documents, f"k/{number % 3}", str(number), {"is": "x" * 100})
    with Documents(tmp_path / "d") as documents:
        assert sum(len(documents.tables(f"k/{n}")["rows"]) for n in range(3)) == 200
    assert sum(path.stat().st_size for path in journal.segments(tmp_path / "d")) == 0


def test_rows_and_documents_can_be_deleted(documents: Documents) -> None:
    put(documents, "k/a", "x", {})
    put(documents, "k/b", "x", {})
    with documents.edit("k/a") as document:
        document.remove("rows", "x")
    with documents.edit("k/b") as document:
        document.head = None
    documents.fold()

    assert documents.tables("k/a") == {"rows": {}}
    assert documents.tables("k/b") == {}
    assert list(documents.heads("k")) == ["k/a"]


def test_a_document_made_again_has_nothing_of_the_old_one(tmp_path: Path) -> None:
    with Documents(tmp_path / "d") as documents:
        put(documents, "k/a", "old", {})
        documents.fold()
        with documents.edit("k/a") as document:
            document.head = None
        put(documents, "k/a", "new", {})
        with Documents(copy_of(tmp_path / "d", tmp_path / "copy")) as copy:
            assert copy.tables("k/a") == {"rows": {"new": {}}}


def test_keys_find_documents_until_those_are_deleted(tmp_path: Path) -> None:
    with Documents(tmp_path / "d") as documents:
        for name in ("k/a", "k/b"):
            with documents.edit(name) as document:
                document.add_key("task:1")
                document.head = {}
    with Documents(tmp_path / "d") as documents:
        assert documents.find("task:1") == ("k/a", "k/b")
        with documents.edit("k/a") as document:
            document.head = None
        assert documents.find("task:1") == ("k/b",)


def test_an_edit_that_fails_changes_nothing(documents: Documents) -> None:
    put(documents, "k/a", "x", {"is": 1})
    with pytest.raises(ZeroDivisionError), documents.edit("k/a") as document:
        document.put("rows", "x", {"is": 1 / 0})

    assert documents.tables("k/a") == {"rows": {"x": {"is": 1}}}


def test_a_lost_index_is_made_from_the_documents(tmp_path: Path) -> None:
    with Documents(tmp_path / "d") as documents, documents.edit("k/a") as document:
        document.add_key("task:1")
        document.head = {"is": "head"}
    for path in (tmp_path / "d").glob("index.json*"):
        path.unlink()
    with Documents(tmp_path / "d") as documents:
        assert documents.head("k/a") == {"is": "head"}
        assert documents.find("task:1") == ("k/a",)
        put(documents, "k/a", "x", {})
    with Documents(tmp_path / "d") as documents:
        assert documents.tables("k/a") == {"rows": {"x": {}}}


def test_a_damaged_document_does_not_harm_its_neighbours(tmp_path: Path) -> None:
    with Documents(tmp_path / "d") as documents:
        put(documents, "k/a", "x", {})
        put(documents, "k/b", "x", {})
    for path in (tmp_path / "d" / "k").glob("a.json*"):
        path.write_bytes(b"garbage")
    with Documents(tmp_path / "d") as documents:
        assert documents.tables("k/a") == {}
        assert documents.tables("k/b") == {"rows": {"x": {}}}
        put(documents, "k/a", "y", {})
        assert documents.tables("k/a") == {"rows": {"y": {}}}


def test_what_rests_leaves_memory_and_comes_back(tmp_path: Path) -> None:
    with Documents(tmp_path / "d", cache_bytes=3000) as documents:
        for number in range(20):
            put(documents, f"k/{number}", "x", {"is": "x" * 500})
        documents.fold()
        assert len(documents._entries) < 10
        assert all(len(documents.tables(f"k/{n}")["rows"]) == 1 for n in range(20))
        assert len(documents._entries) < 10


def test_threads_lose_nothing_to_each_other(tmp_path: Path) -> None:
    def write(documents: Documents, thread: int) -> None:
        for number in range(60):
            put(documents, f"k/{number % 4}", f"{thread}-{number}", {"is": "x" * 50})

    with Documents(tmp_path / "d", fold_bytes=3000, cache_bytes=500) as documents:
        threads = [threading.Thread(target=write, args=(documents, n)) for n in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    with Documents(tmp_path / "d") as documents:
        assert sum(len(documents.tables(f"k/{n}")["rows"]) for n in range(4)) == 360


def test_a_full_disk_refuses_a_change_and_keeps_one_that_must_succeed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_file: int, _data: Any) -> int:
        raise OSError(28, "No space left on device")

    with Documents(tmp_path / "d") as documents:
        with monkeypatch.context() as patch:
            patch.setattr(os, "write", full)
            with pytest.raises(TransientError):
                put(documents, "k/a", "refused", {})
            put(documents, "k/a", "kept", {}, must_succeed=True)
        put(documents, "k/a", "later", {})
        assert list(documents.tables("k/a")["rows"]) == ["kept", "later"]
    with Documents(tmp_path / "d") as documents:
        assert list(documents.tables("k/a")["rows"]) == ["kept", "later"]


def test_the_folder_is_one_process_s(documents: Documents, tmp_path: Path) -> None:
    with pytest.raises(StoreLockedError):
        Documents(tmp_path / "d")


def test_nothing_is_taken_after_the_end(tmp_path: Path) -> None:
    documents = Documents(tmp_path / "d")
    documents.close()
    with pytest.raises(PermanentError, match="closed"):
        put(documents, "k/a", "x", {})


def test_names_hold_no_text_of_users() -> None:
    assert name_of("k", "../../etc", "a/b").startswith("k/")
    assert name_of("k", "../../etc").count("/") == 1
    assert name_of("k", "a", "bc") != name_of("k", "ab", "c")


WRITE = """
import sys
from pathlib import Path
from controller.state.documents import Documents

documents = Documents(Path(sys.argv[1]), fold_bytes=20_000)
number = len(documents.tables("k/a").get("rows", {}))
while True:
    number += 1
    with documents.edit("k/a", is_flushed=number % 2 == 0) as document:
        document.put("rows", str(number), {"is": "x" * 200})
        document.head = {"last": number}
    with documents.edit(f"k/{number % 7}") as document:
        document.put("rows", str(number), {})
        document.head = {}
    print(number, flush=True)
"""


def test_a_kill_at_any_moment_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    for attempt in range(5):
        with subprocess.Popen(
            [sys.executable, "-c", WRITE, str(tmp_path / "d")], stdout=subprocess.PIPE
        ) as process:
            assert process.stdout is not None
            # Some of them while the journal is being folded, which is every fifty or so.
            reported = [int(process.stdout.readline()) for _ in range(30 + 47 * attempt)]
            process.send_signal(signal.SIGKILL)
            rest = process.stdout.read().split()
        last = int(rest[-1]) if rest else reported[-1]
        with Documents(tmp_path / "d") as documents:
            rows = documents.tables("k/a")["rows"]
            head = documents.head("k/a")
        assert list(rows) == [str(number) for number in range(1, len(rows) + 1)]
        assert len(rows) in {last, last + 1}
        assert head == {"last": len(rows)}


KILLED_AT_EACH_STEP = """
import os, signal, sys
from pathlib import Path
from controller.state.documents import Documents

folder = Path(sys.argv[1])
STEPS = {"open", "os.link", "os.rename", "os.remove", "os.truncate"}

def put(documents, number):
    for name in ("k/a", "k/b"):
        with documents.edit(name) as document:
            document.put("rows", str(number), {})
            document.head = {"last": number}

def fold_and_die(number, fatal):
    documents = Documents(folder)
    documents.fold()
    put(documents, number)
    left = [fatal]
    fsync = os.fsync

    def step(event):
        if event in STEPS:
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(lambda event, _arguments: step(event))
    os.fsync = lambda descriptor: (step("open"), fsync(descriptor))
    documents.fold()
    os._exit(0)

with Documents(folder) as documents:
    put(documents, 1)
number, fatal = 1, 1
while True:
    child = os.fork()
    if child == 0:
        fold_and_die(number + 1, fatal)
    _, status = os.waitpid(child, 0)
    number += 1
    with Documents(folder) as documents:
        for name in ("k/a", "k/b"):
            rows = list(documents.tables(name)["rows"])
            assert rows == [str(n) for n in range(1, number + 1)], (fatal, name, rows)
            assert documents.head(name) == {"last": number}, fatal
    if os.WIFEXITED(status):
        break
    fatal += 1
print(fatal - 1)
"""


def test_a_kill_before_each_step_of_a_fold_loses_nothing(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", KILLED_AT_EACH_STEP, str(tmp_path / "d")],
        capture_output=True,
        check=False,
    )

    assert done.stderr.decode() == ""
    assert int(done.stdout) >= 15
