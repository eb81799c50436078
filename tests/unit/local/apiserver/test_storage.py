import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from controller.local.apiserver.storage import FolderInUseError, Key, Storage, TooOldError

KEY = Key("things", "n", "a")


def thing(text: str) -> dict[str, Any]:
    return {"metadata": {"name": "a", "namespace": "n"}, "text": text}


def test_what_was_stored_is_there_after_a_restart(tmp_path: Path) -> None:
    storage = Storage(tmp_path)
    stored = storage.put(KEY, thing("x"))
    storage.close()

    again = Storage(tmp_path)

    assert again.get(KEY) == stored
    again.close()


def test_versions_go_on_after_a_restart_also_when_the_last_write_removed(tmp_path: Path) -> None:
    storage = Storage(tmp_path)
    storage.put(KEY, thing("x"))
    removed = storage.remove(KEY)
    storage.close()

    again = Storage(tmp_path)

    assert again.version == int(removed["metadata"]["resourceVersion"])
    again.close()


def test_an_acknowledged_write_survives_a_kill(tmp_path: Path) -> None:
    program = f"""
import os
from pathlib import Path
from controller.local.apiserver.storage import Key, Storage
storage = Storage(Path({str(tmp_path)!r}))
for number in range(50):
    storage.put(Key("things", "n", str(number)), {{"metadata": {{"name": str(number)}}}})
os.kill(os.getpid(), 9)
"""
    root = Path(__file__).parents[4]
    subprocess.run([sys.executable, "-c", program], cwd=root, check=False)

    storage = Storage(tmp_path)

    assert len(list(storage.scan("things"))) == 50
    storage.close()


def test_a_second_owner_of_the_folder_is_refused(tmp_path: Path) -> None:
    storage = Storage(tmp_path)

    with pytest.raises(FolderInUseError, match="already running"):
        Storage(tmp_path)

    storage.close()


def test_changes_are_remembered_in_order(tmp_path: Path) -> None:
    storage = Storage(tmp_path)
    storage.finish_bootstrap()
    begun = storage.version
    storage.put(KEY, thing("x"))
    storage.put(KEY, thing("y"))
    storage.remove(KEY)

    changes = storage.changes_since("things", begun)

    assert [change.type for change in changes] == ["ADDED", "MODIFIED", "DELETED"]
    storage.close()


def test_what_was_before_the_beginning_is_forgotten(tmp_path: Path) -> None:
    storage = Storage(tmp_path)
    storage.finish_bootstrap()

    with pytest.raises(TooOldError) as refused:
        storage.changes_since("things", 1)

    assert refused.value.oldest == 9402
    storage.close()


def test_lists_go_by_namespace_and_name_and_can_be_continued(tmp_path: Path) -> None:
    storage = Storage(tmp_path)
    for name in ("b", "a", "c"):
        storage.put(Key("things", "n", name), {"metadata": {"name": name}})

    names = [value["metadata"]["name"] for value in storage.scan("things", after=("n", "a"))]

    assert names == ["b", "c"]
    storage.close()
