import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from waiting import PATIENCE_S

from controller.local.workloads.kubelet.processes import Processes, SpawnError, start_time

ENV = {"PATH": os.environ["PATH"]}


@pytest.fixture
def play(tmp_path: Path) -> Callable[[Callable[[Processes], Coroutine[Any, Any, None]]], None]:
    def run(story: Callable[[Processes], Coroutine[Any, Any, None]]) -> None:
        async def whole() -> None:
            processes = Processes(tmp_path)
            processes.sweep()
            try:
                await asyncio.wait_for(story(processes), PATIENCE_S)
            finally:
                processes.close()

        asyncio.run(whole())

    return run


async def _spawn(processes: Processes, folder: Path, *argv: str, **env: str) -> Any:
    null = os.open(os.devnull, os.O_WRONLY)
    try:
        return await processes.spawn(argv, env={**ENV, **env}, cwd=folder, output=(null, null))
    finally:
        os.close(null)


async def _until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not is_so():  # noqa: ASYNC110 - other processes set no events
            await asyncio.sleep(0.02)


def _pid_in(file: Path) -> int:
    return int(file.read_text()) if file.exists() and file.read_text().strip() else 0


def _is_gone(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] == "Z"


def test_exit_codes_are_those_of_a_shell(play: Any, tmp_path: Path) -> None:
    async def story(processes: Processes) -> None:
        plain = await _spawn(processes, tmp_path, "sh", "-c", "exit 7")
        killed = await _spawn(processes, tmp_path, "sleep", "1000")
        killed.signal(signal.SIGTERM)

        assert await plain.exit == 7
        assert await killed.exit == 128 + signal.SIGTERM

    play(story)


def test_a_container_leads_a_session_of_its_own(play: Any, tmp_path: Path) -> None:
    async def story(processes: Processes) -> None:
        process = await _spawn(processes, tmp_path, "sleep", "1000")

        assert os.getsid(process.pid) == process.pid != os.getsid(0)

    play(story)


@pytest.mark.parametrize(
    ("argv", "cwd", "message"),
    [
        (["/no/such/program"], ".", "No such file or directory: /no/such/program"),
        (["/"], ".", "Permission denied: /"),
        (["true"], "missing", "No such file or directory"),
        (["true", "a\0b"], ".", "null"),
    ],
    ids=["missing", "folder", "cwd", "nul"],
)
def test_what_cannot_start_says_why(
    play: Any, tmp_path: Path, argv: list[str], cwd: str, message: str
) -> None:
    async def story(processes: Processes) -> None:
        with pytest.raises(SpawnError, match=message):
            await _spawn(processes, tmp_path / cwd, *argv)

    play(story)


def test_the_end_of_the_first_process_ends_what_escaped_from_its_group(
    play: Any, tmp_path: Path
) -> None:
    async def story(processes: Processes) -> None:
        waits = "while [ ! -s escaped ]; do sleep 0.01; done"
        script = f"setsid sh -c 'echo $$ > escaped; exec sleep 1000' & {waits}"
        process = await _spawn(processes, tmp_path, "sh", "-c", script)
        await process.exit

        escaped = _pid_in(tmp_path / "escaped")
        assert escaped
        await _until(lambda: _is_gone(escaped))

    play(story)


def test_large_environment_arrives(play: Any, tmp_path: Path) -> None:
    async def story(processes: Processes) -> None:
        values = {f"V{number}": "x" * 100_000 for number in range(12)}
        script = 'test "${#V11}" = 100000'
        process = await _spawn(processes, tmp_path, "sh", "-c", script, **values)

        assert await process.exit == 0

    play(story)


_OWNER = """
import asyncio, os, sys
from pathlib import Path
from controller.local.workloads.kubelet.processes import Processes

async def main():
    folder = Path(sys.argv[1])
    processes = Processes(folder)
    processes.sweep()
    script = "setsid sleep 1000 & echo $! > escaped; echo $$ > first; exec sleep 1000"
    await processes.spawn(["sh", "-c", script], env={"PATH": os.environ["PATH"]},
                          cwd=folder, output=(1, 2))
    Path(folder / "launcher").write_text(str(processes._launcher.pid))
    await asyncio.sleep(1000)

asyncio.run(main())
"""


def _owner(folder: Path) -> "subprocess.Popen[bytes]":
    root = str(Path(__file__).parents[5])
    env = {**os.environ, "PYTHONPATH": root}
    return subprocess.Popen([sys.executable, "-c", _OWNER, str(folder)], env=env)


def test_killing_the_cluster_kills_all_containers(tmp_path: Path) -> None:
    async def story() -> None:
        with _owner(tmp_path) as owner:
            names = ("first", "escaped", "launcher")
            await _until(lambda: all(_pid_in(tmp_path / name) for name in names))
            pids = [_pid_in(tmp_path / name) for name in names]
            owner.kill()
            owner.wait()

        await _until(lambda: all(_is_gone(pid) for pid in pids))

    asyncio.run(story())


def test_sweep_ends_what_outlived_cluster_and_launcher(play: Any, tmp_path: Path) -> None:
    async def story() -> None:
        with _owner(tmp_path) as owner:
            names = ("first", "escaped", "launcher")
            await _until(lambda: all(_pid_in(tmp_path / name) for name in names))
            pids = {name: _pid_in(tmp_path / name) for name in names}
            os.kill(owner.pid, signal.SIGSTOP)
            os.kill(pids["launcher"], signal.SIGKILL)  # first: it could not kill anything
            owner.kill()
            owner.wait()
        await _until(lambda: _is_gone(pids["first"]))  # by the kernel
        assert not _is_gone(pids["escaped"])

        assert pids["escaped"] in Processes(tmp_path).sweep()
        await _until(lambda: _is_gone(pids["escaped"]))

    asyncio.run(story())


def test_sweep_spares_a_process_that_only_has_a_recorded_number(tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "1000"]) as other:
        (tmp_path / "processes").write_text(f"{other.pid} 1\n")
        assert Processes(tmp_path).sweep() == []
        assert other.poll() is None
        other.kill()


def test_start_time_tells_processes_apart() -> None:
    assert start_time(os.getpid()) == start_time(os.getpid()) != start_time(1)
    assert start_time(2**22 + 1) == ""
