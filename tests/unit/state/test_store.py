import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pydantic
import pytest

from controller.errors import PermanentError
from controller.state.records import (
    ApplicationRecord,
    ApplicationSpec,
    ApplicationStatus,
    ComponentStatus,
    ObjectStatus,
    Operation,
    SyncStatus,
)
from controller.state.store import (
    CorruptStateError,
    Store,
    StoreLockedError,
    UnknownApplicationError,
)

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def record(name: str = "a", **fields: object) -> ApplicationRecord:
    return ApplicationRecord(spec=ApplicationSpec(name=name, repo_url="/r"), **fields)


def file_of(folder: Path, name: str = "a") -> Path:
    return folder / "applications" / f"{name}.json"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def store(folder: Path) -> Iterator[Store]:
    with Store(folder) as store:
        yield store


def test_a_new_store_is_empty(store: Store) -> None:
    assert store.applications() == ()
    assert store.application("a") is None


def test_records_come_back_after_a_restart(folder: Path) -> None:
    full = record(
        status=ApplicationStatus(
            sync=SyncStatus.SYNCED,
            reconciled_at=NOW,
            objects=(ObjectStatus(key="ConfigMap ns/ä", line=3),),
            components=(ComponentStatus(id="Agent ns/a", kind="Agent", namespace="ns", name="a"),),
        ),
        operation=Operation(id=2, revision="r", started_at=NOW),
        history=(Operation(id=1, revision="q", started_at=NOW, finished_at=NOW),),
        inventory=("ConfigMap ns/a", "Secret ns/b"),
        next_operation_id=3,
    )
    with Store(folder) as store:
        store.put(full)

    with Store(folder) as store:
        assert store.application("a") == full


def test_applications_come_by_name(store: Store) -> None:
    for name in ("b", "a.x", "c-1"):
        store.put(record(name))

    assert [item.spec.name for item in store.applications()] == ["a.x", "b", "c-1"]


def test_an_update_replaces_the_record_and_returns_it(store: Store, folder: Path) -> None:
    store.put(record())

    updated = store.update("a", lambda old: old.model_copy(update={"next_operation_id": 7}))

    assert updated.next_operation_id == 7
    assert store.application("a") == updated


def test_an_update_that_raises_changes_nothing(store: Store) -> None:
    before = store.put(record())

    def fail(_record: ApplicationRecord) -> ApplicationRecord:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        store.update("a", fail)

    assert store.application("a") is before


def test_an_unknown_application_is_not_updated(store: Store) -> None:
    with pytest.raises(UnknownApplicationError, match="no application 'x'"):
        store.update("x", lambda old: old)

    assert store.applications() == ()


def test_a_removed_application_is_gone_for_good(folder: Path) -> None:
    with Store(folder) as store:
        store.put(record())
        store.put(record(next_operation_id=2))
        store.remove("a")
        store.remove("a")
        assert store.application("a") is None
        with pytest.raises(UnknownApplicationError):
            store.update("a", lambda old: old)

    with Store(folder) as store:
        assert store.applications() == ()
    assert list((folder / "applications").iterdir()) == []


def test_an_application_can_come_back(store: Store) -> None:
    store.put(record())
    store.remove("a")

    store.put(record(next_operation_id=5))

    assert store.application("a") == record(next_operation_id=5)


def test_history_is_capped_to_the_newest(store: Store) -> None:
    history = tuple(Operation(id=60 - n, revision="r", started_at=NOW) for n in range(60))

    stored = store.put(record(history=history))

    assert [operation.id for operation in stored.history] == list(range(60, 10, -1))
    assert store.application("a") == stored


def test_an_equal_record_is_not_written(store: Store, folder: Path) -> None:
    store.put(record(inventory=("ConfigMap ns/a",)))
    before = file_of(folder).stat()

    store.put(record(inventory=("ConfigMap ns/a",)))

    assert (file_of(folder).stat().st_ino, file_of(folder).stat().st_mtime_ns) == (
        before.st_ino,
        before.st_mtime_ns,
    )


def test_a_reader_keeps_what_it_read(store: Store) -> None:
    read = store.put(record())
    store.update("a", lambda old: old.model_copy(update={"next_operation_id": 9}))

    assert read.next_operation_id == 1
    with pytest.raises(pydantic.ValidationError):
        read.next_operation_id = 2


def test_files_are_for_their_owner_only(store: Store, folder: Path) -> None:
    store.put(record())
    store.put(record(next_operation_id=2))

    modes = {path.name: path.stat().st_mode & 0o777 for path in file_of(folder).parent.iterdir()}
    assert modes == {"a.json": 0o600, "a.json.bak": 0o600}
    assert (folder / "lock").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "name", ["", "A", "a/b", "..", "../x", ".a", "a.", "-a", "a" * 64, "a b", "ä"]
)
def test_names_that_are_no_names_are_refused(store: Store, name: str) -> None:
    with pytest.raises(PermanentError, match="cannot be the name of an application"):
        store.put(record(name))


def test_concurrent_updates_lose_nothing(store: Store) -> None:
    for name in "ab":
        store.put(record(name))

    def increase(name: str) -> None:
        store.update(
            name,
            lambda old: old.model_copy(update={"next_operation_id": old.next_operation_id + 1}),
        )

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(increase, ["a", "b"] * 40))

    assert [item.next_operation_id for item in store.applications()] == [41, 41]


def test_readers_do_not_wait_for_a_writer(store: Store) -> None:
    store.put(record())
    inside, release = threading.Event(), threading.Event()

    def slow(old: ApplicationRecord) -> ApplicationRecord:
        inside.set()
        assert release.wait(60)
        return old.model_copy(update={"next_operation_id": 2})

    with ThreadPoolExecutor(1) as pool:
        writer = pool.submit(store.update, "a", slow)
        assert inside.wait(60)
        during = store.application("a"), store.applications()
        release.set()
        writer.result()

    assert during == (record(), (record(),))


def test_a_closed_store_takes_no_more_writes(folder: Path) -> None:
    store = Store(folder)
    store.put(record())
    store.close()
    store.close()

    for name in ("a", "new"):
        with pytest.raises(PermanentError, match="closed"):
            store.put(record(name, next_operation_id=2))
    with pytest.raises(PermanentError, match="closed"):
        store.update("a", lambda old: old.model_copy(update={"next_operation_id": 3}))


def test_a_second_process_is_told_who_holds_the_store(store: Store, folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", OPEN, str(folder)], capture_output=True, check=False
    )

    assert done.returncode == 1
    message = done.stderr.decode()
    assert StoreLockedError.__name__ in message
    assert f"in use by process {os.getpid()} on " in message


def test_the_lock_ends_with_its_process(folder: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"open\n"
        with pytest.raises(StoreLockedError, match=f"process {process.pid} "):
            Store(folder)
        process.send_signal(signal.SIGKILL)

    Store(folder).close()


def test_the_lock_is_free_after_a_failed_opening(folder: Path) -> None:
    with Store(folder) as store:
        store.put(record())
    good = file_of(folder).read_bytes()
    file_of(folder).write_bytes(b"nonsense")
    with pytest.raises(CorruptStateError):
        Store(folder)
    file_of(folder).write_bytes(good)

    Store(folder).close()


def test_a_record_of_another_shape_is_reported_with_its_field(folder: Path) -> None:
    with Store(folder) as store:
        store.put(record())
    path = file_of(folder)
    body = json.loads(path.read_bytes().partition(b"\n")[2])
    body["application"]["1"]["colour"] = "red"
    text = json.dumps(body).encode()
    head = {"schema": 1, "sha256": hashlib.sha256(text).hexdigest(), "size": len(text)}
    path.write_bytes(json.dumps(head).encode() + b"\n" + text)

    with pytest.raises(CorruptStateError, match=r"a\.json: colour: Extra inputs"):
        Store(folder)


def test_a_folder_that_cannot_be_made_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(PermanentError, match="cannot be made"):
        Store(tmp_path / "file" / "state")


OPEN = """
import sys
from pathlib import Path
from controller.state.store import Store
Store(Path(sys.argv[1]))
"""
HOLD = (
    OPEN.replace("Store(Path", "store = Store(Path")
    + """
print("open", flush=True)
import signal
signal.pause()
"""
)
WRITE = """
import sys
from pathlib import Path
from controller.state.records import ApplicationRecord, ApplicationSpec
from controller.state.store import Store
store = Store(Path(sys.argv[1]))
number = max((r.next_operation_id for r in store.applications()), default=0)
filler = tuple(f"ConfigMap ns/{n:060}" for n in range(2000))
while True:
    number += 1
    store.put(ApplicationRecord(
        spec=ApplicationSpec(name="a", repo_url="/r"),
        inventory=(*filler, str(number)),
        next_operation_id=number,
    ))
    print(number, flush=True)
"""


def test_a_kill_at_any_moment_loses_nothing_that_was_stored(folder: Path) -> None:
    """The writer reports each number after storing it; the store must have it, or the next one."""
    stored = 0
    for attempt in range(4):
        with subprocess.Popen(
            [sys.executable, "-c", WRITE, str(folder)], stdout=subprocess.PIPE
        ) as process:
            assert process.stdout is not None
            reported = [int(process.stdout.readline()) for _ in range(2 + attempt)]
            # A different moment each time: some microseconds into the next write.
            for _ in range(attempt * 20_000):
                pass
            process.send_signal(signal.SIGKILL)
            rest = process.stdout.read().split()
        last = int(rest[-1]) if rest else reported[-1]
        with Store(folder) as store:
            (found,) = store.applications()
        assert found.next_operation_id in {last, last + 1}
        assert found.inventory[-1] == str(found.next_operation_id)
        assert found.next_operation_id > stored
        stored = found.next_operation_id


KILLED_AT_EACH_STEP = """
import os, signal, sys
from pathlib import Path
from controller.state.records import ApplicationRecord, ApplicationSpec
from controller.state.store import Store

folder = Path(sys.argv[1])
STEPS = {"open", "os.link", "os.rename", "os.remove", "os.truncate", "shutil.copyfile"}

def record(number):
    spec = ApplicationSpec(name="a", repo_url="/r")
    return ApplicationRecord(spec=spec, next_operation_id=number)

def write_and_die(number, fatal):
    store = Store(folder)
    left = [fatal]
    fsync = os.fsync

    def step(event):
        if event in STEPS:
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(lambda event, _arguments: step(event))
    os.fsync = lambda descriptor: (step("open"), fsync(descriptor))
    store.put(record(number))
    os._exit(0)

with Store(folder) as store:
    store.put(record(1))
number, fatal = 1, 1
while True:
    child = os.fork()
    if child == 0:
        write_and_die(number + 1, fatal)
    _, status = os.waitpid(child, 0)
    with Store(folder) as store:
        (found,) = store.applications()
    assert found.next_operation_id in {number, number + 1}, (fatal, found)
    if os.WIFEXITED(status):
        assert found.next_operation_id == number + 1
        break
    number, fatal = found.next_operation_id, fatal + 1
print(fatal - 1)
"""


def test_a_kill_before_each_step_of_a_write_leaves_the_old_or_the_new(folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", KILLED_AT_EACH_STEP, str(folder)], capture_output=True, check=False
    )

    assert done.stderr.decode() == ""
    # Open, flush, link, rename, rename, open and flush the folder: at least these.
    assert int(done.stdout) >= 7


def test_a_look_that_found_nothing_new_is_seen_and_not_written(tmp_path: Path) -> None:
    """A thousand agents are megabytes; after a restart they are looked at again anyway."""
    with Store(tmp_path) as store:
        before = store.put(record("a"))
        file = next(tmp_path.rglob("a.json"))
        written = file.stat().st_mtime_ns
        looked = before.status.model_copy(
            update={"reconciled_at": datetime(2026, 1, 2, tzinfo=UTC)}
        )

        after = store.update("a", lambda now: now.model_copy(update={"status": looked}))

        assert store.application("a") is after
        assert file.stat().st_mtime_ns == written

        changed = looked.model_copy(update={"health": "Degraded"})
        store.update("a", lambda now: now.model_copy(update={"status": changed}))
        assert b"Degraded" in file.read_bytes()
