import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from waiting import eventually

from controller.errors import PermanentError, UsageError
from controller.local import supervisor


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    chosen = tmp_path / "cluster"
    yield chosen
    supervisor.stop(chosen)


def _is_gone(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] == "Z"


def test_start_waits_until_the_cluster_answers(folder: Path) -> None:
    running = supervisor.start(folder, log=folder / "log")

    assert supervisor.status(folder) == running
    assert running.kubeconfig.stat().st_mode & 0o777 == 0o600
    assert running.url.startswith("https://127.0.0.1:")


def test_second_start_gives_the_cluster_that_runs(folder: Path) -> None:
    first = supervisor.start(folder, log=folder / "log")

    assert supervisor.start(folder, log=folder / "log") == first


def test_stop_ends_it_and_a_new_start_keeps_the_address(folder: Path) -> None:
    first = supervisor.start(folder, log=folder / "log")
    supervisor.stop(folder)
    assert supervisor.status(folder) is None
    assert _is_gone(first.pid)

    second = supervisor.start(folder, log=folder / "log")
    assert (second.pid != first.pid, second.url) == (True, first.url)


def test_killed_cluster_can_be_started_again(folder: Path) -> None:
    first = supervisor.start(folder, log=folder / "log")
    os.kill(first.pid, signal.SIGKILL)
    eventually(lambda: supervisor.status(folder) is None)

    assert supervisor.start(folder, log=folder / "log").pid != first.pid


def test_reset_deletes_everything(folder: Path) -> None:
    supervisor.start(folder, log=folder / "log")
    supervisor.reset(folder)

    assert not folder.exists()


def test_reset_of_a_folder_that_is_no_cluster_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").touch()
    with pytest.raises(UsageError, match="is not the folder of a local cluster"):
        supervisor.reset(tmp_path)

    assert (tmp_path / "thesis.txt").exists()


def test_cluster_that_cannot_start_says_why(folder: Path) -> None:
    folder.mkdir()
    (folder / "objects.sqlite").mkdir()
    with pytest.raises(PermanentError, match=r"ended with code 1: .*unable to open database"):
        supervisor.start(folder, log=folder / "log")


def test_cluster_ends_with_its_parent_when_asked(folder: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from controller.local import supervisor; "
        "folder = Path(sys.argv[1]); "
        "running = supervisor.start(folder, log=folder / 'log', die_with_parent=True); "
        "print(running.pid, flush=True); "
        "sys.stdin.read()"
    )
    root = str(Path(__file__).parents[3])
    with subprocess.Popen(
        [sys.executable, "-c", script, str(folder)],
        env={**os.environ, "PYTHONPATH": root},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        parent.kill()

    eventually(lambda: _is_gone(pid))
