"""Commands of skills: what they reach, what they do not, and how they end."""

import asyncio
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from confined import CONFINED

from controller.runtime.skills.commands import Commands, Outcome

pytestmark = CONFINED
LONG_S = 60.0
Run = Callable[..., Outcome]


@pytest.fixture
def skills(tmp_path: Path) -> Path:
    folder = tmp_path / "fetched" / "invoice"
    folder.mkdir(parents=True)
    (folder / "total.py").write_text("import sys\nprint(sum(map(int, sys.argv[1:])))\n")
    return folder.parent


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "conversation"
    made.mkdir()
    return made


@pytest.fixture
def run(skills: Path, folder: Path) -> Run:
    def ran(command: str, *, limit_s: float = LONG_S, is_confined: bool = True) -> Outcome:
        async def go() -> Outcome:
            commands = Commands(skills, limit_s=limit_s, is_confined=is_confined)
            return await commands.run(command, folder)

        return asyncio.run(go())

    return ran


def test_a_script_of_a_skill_runs_in_the_conversations_folder(run: Run, folder: Path) -> None:
    outcome = run("python3 /skills/invoice/total.py 3 4 > sum.txt && cat sum.txt && pwd")

    assert outcome == Outcome(code=0, output=f"7\n{folder}\n", errors="")
    assert (folder / "sum.txt").read_text() == "7\n"


def test_modules_of_a_skill_can_be_imported(run: Run, skills: Path) -> None:
    (skills / "invoice" / "tax.py").write_text("RATE = 19\n")

    assert run("python3 -c 'from invoice.tax import RATE; print(RATE)'").output == "19\n"


def test_nothing_of_the_agents_environment_is_passed_on(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")

    outcome = run("env; cat /proc/$PPID/environ; cat /proc/self/environ")

    assert "sk-secret" not in outcome.output + outcome.errors
    assert "HOME=" in outcome.output


@pytest.mark.parametrize(
    "command",
    [
        pytest.param("cat {outside}/secret", id="read"),
        pytest.param("ls {outside}", id="list"),
        pytest.param("echo x > {outside}/secret", id="write"),
        pytest.param("rm {outside}/secret", id="remove"),
        pytest.param("ln {outside}/secret here && cat here", id="hard link"),
        pytest.param("ln -s {outside}/secret here && cat here", id="link"),
        pytest.param("mv {outside}/secret .", id="move"),
        pytest.param("cat /proc/{agent}/environ", id="environment of the agent"),
        pytest.param("cat /proc/{agent}/root{outside}/secret", id="root of the agent"),
        pytest.param("cd /proc/{agent}/cwd && ls", id="folder of the agent"),
        pytest.param("echo x > /skills/invoice/total.py", id="change a skill"),
        pytest.param("touch /skills/new", id="add a skill"),
        pytest.param("{python} -c 'import socket; socket.socket()'", id="socket"),
        pytest.param("exec 3<>/dev/tcp/127.0.0.1/{port}", id="connection"),
    ],
)
def test_nothing_outside_is_reached(run: Run, tmp_path: Path, command: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_text("secret")
    names = {"outside": outside, "agent": os.getpid(), "python": sys.executable, "port": 1}

    outcome = run(command.format(**names))

    assert outcome.code not in {0, None}
    assert "secret" not in outcome.output
    assert any(word in outcome.errors for word in ("denied", "not permitted", "cross-device"))
    assert (outside / "secret").read_text() == "secret"


def test_a_command_is_ended_when_its_time_is_up(run: Run) -> None:
    outcome = run("echo begun; sleep 1000; echo never", limit_s=2)

    assert outcome.code is None
    assert "never" not in outcome.output


def test_what_a_command_leaves_behind_ends_with_it(run: Run, folder: Path) -> None:
    """Also what has left the process group: its end of the pipe would be waited for."""
    outcome = run("(setsid sleep 1000 & echo $! > pid) ; sleep 1000 & echo done")

    assert outcome == Outcome(code=0, output="done\n", errors="")
    assert not Path(f"/proc/{(folder / 'pid').read_text().strip()}").exists()


def test_a_command_ends_with_the_turn_that_runs_it(skills: Path, folder: Path) -> None:
    async def go() -> None:
        commands = Commands(skills, limit_s=LONG_S, is_confined=True)
        turn = asyncio.create_task(commands.run("echo $$ > pid; sleep 1000", folder))
        while not _written(folder / "pid"):  # noqa: ASYNC110 - a file wakes nobody
            await asyncio.sleep(0.01)
        turn.cancel()
        await asyncio.gather(turn, return_exceptions=True)

    asyncio.run(go())

    assert not Path(f"/proc/{(folder / 'pid').read_text().strip()}").exists()


def _written(file: Path) -> str:
    return file.read_text().strip() if file.exists() else ""


def test_long_output_is_cut_and_its_length_said(run: Run) -> None:
    outcome = run("head -c 100000 /dev/zero | tr '\\0' x")

    assert outcome.code == 0
    assert outcome.output.endswith("\n[67232 more bytes are left out]")


@pytest.mark.parametrize(("command", "code"), [("exit 7", 7), ("kill -9 $$", 137), ("none", 127)])
def test_the_exit_code_is_the_commands(run: Run, command: str, code: int) -> None:
    assert run(command).code == code


def test_a_command_has_no_input(run: Run) -> None:
    assert run("cat").output == ""


def test_what_is_not_to_be_confined_is_not(run: Run, tmp_path: Path) -> None:
    (tmp_path / "outside").write_text("read")

    assert run(f"cat {tmp_path}/outside", is_confined=False).output == "read"
