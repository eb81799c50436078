import os
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from waiting import eventually

from controller.errors import PermanentError
from controller.source.command import Command, GitError, GitTimeoutError

Git = Callable[..., str]


@pytest.fixture
def command(upstream: Path) -> Command:
    return Command(folder=upstream / ".git", timeout_s=60)


def test_what_git_prints_is_returned_byte_for_byte(command: Command, upstream: Path) -> None:
    (upstream / "x").write_bytes(b"\xff\0 \n\n")
    blob = command.run("hash-object", "-w", "--stdin", stdin=b"\xff\0 \n\n").decode().strip()

    assert command.run("cat-file", "blob", blob) == b"\xff\0 \n\n"


def test_a_failure_carries_what_git_said(command: Command) -> None:
    with pytest.raises(GitError) as caught:
        command.run("cat-file", "-e", "0" * 40 + "^{commit}")

    assert "Not a valid object name" in caught.value.stderr


def test_a_command_that_hangs_is_killed_with_its_children(command: Command, tmp_path: Path) -> None:
    """Also where neither `pgrep` nor `ps` exists, which GitPython's own timeout needs."""
    child = tmp_path / "child"
    hanging = f"!sleep 61.7 & echo $! > {child}; wait"
    for limit_s in (0.5, 2, 8, 32):
        patient = Command(folder=command.folder, timeout_s=limit_s)
        started = time.monotonic()
        with pytest.raises(GitTimeoutError, match=f"git -c took more than {limit_s} s"):
            patient.run("-c", f"alias.hang={hanging}", "hang")
        assert time.monotonic() - started < 60
        if child.exists() and child.read_text():
            break  # it was killed with a child, which on a loaded machine may come late

    pid = int(child.read_text())
    eventually(lambda: not _runs(pid), what="the child's end")


def _runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_settings_of_user_and_machine_do_not_count(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".gitconfig").write_text("[user]\n\tname = Somebody\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / ".gitconfig"))
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "user.name")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "Somebody")

    with pytest.raises(GitError):
        command.run("config", "user.name")


def test_nothing_is_fetched_unless_allowed(command: Command, upstream: Path) -> None:
    with pytest.raises(GitError) as caught:
        command.run("ls-remote", str(upstream))

    assert "not allowed" in caught.value.stderr


def test_a_machine_without_git_is_reported(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command.run("version")
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(PermanentError, match="git is not installed"):
        command.run("version")


def _pipes() -> set[str]:
    """The pipes of this process; it may have sockets that come and go."""
    found = set()
    for descriptor in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):
            found.add(str(descriptor.readlink()))
    return {name for name in found if name.startswith("pipe:")}


def test_no_process_or_pipe_is_left(command: Command) -> None:
    before = _pipes()
    for _ in range(5):
        command.run("version")
        with pytest.raises(GitError):
            command.run("cat-file", "-e", "0" * 40)

    assert _pipes() <= before
    children = subprocess.run(
        ["ps", "--ppid", str(os.getpid()), "-o", "comm="], capture_output=True, check=False
    )
    assert b"git" not in children.stdout
