"""Runs git: through GitPython, in a hardened environment, with a time limit.

GitPython's own `kill_after_timeout` finds the children of git by `pgrep` or `ps`, which a slim
image does not have; the transport then lives on and holds the pipe. Here each command leads a
process group, and the group is killed.
"""

import contextlib
import os
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from controller.errors import PermanentError

if TYPE_CHECKING:
    from git import Git

HARDENED = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    # Neutralises what is inherited when Roster itself runs inside a git hook.
    "GIT_CONFIG_COUNT": "0",
    "GIT_CONFIG_PARAMETERS": "",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES": "",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_SSH_VARIANT": "ssh",
}
OPTIONS = (
    # Parts of a path may not be options of programs that git starts, nor hooks run.
    *("-c", "core.hooksPath=/dev/null"),
    *("-c", "core.fsmonitor=false"),
    *("-c", "protocol.version=2"),
    *("-c", "gc.auto=0"),
    *("-c", "maintenance.auto=false"),
    *("-c", "submodule.recurse=false"),
    *("-c", "log.showSignature=false"),
)
OFFLINE = {"GIT_ALLOW_PROTOCOL": "none"}
"""Lets git fetch nothing, not even the objects that a partial clone lacks."""


class GitError(Exception):
    """git ended with an error; `stderr` says which."""

    def __init__(self, arguments: Sequence[str], status: int, stderr: str) -> None:
        super().__init__(f"git {arguments[0]} ended with {status}: {stderr}")
        self.stderr = stderr


class GitTimeoutError(Exception):
    """git was killed because it took too long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """git in one bare repository."""

    folder: Path
    """The repository; one that does not exist for commands that need none."""
    timeout_s: float = 60.0

    def run(
        self,
        *arguments: str,
        stdin: bytes = b"",
        variables: Mapping[str, str] = OFFLINE,
    ) -> bytes:
        """Give what git prints. Without variables that allow it, nothing is fetched.

        Raises:
            GitError: git says no.
            GitTimeoutError: it did not end in time.
            PermanentError: there is no git.
        """
        objects = {"GIT_OBJECT_DIRECTORY": str(self.folder / "objects")}
        environment = {**HARDENED, **objects, **variables}
        with tempfile.TemporaryFile() as file:
            file.write(stdin)
            file.seek(0)
            process = _start(
                ["git", *OPTIONS, f"--git-dir={self.folder}", *arguments],
                folder=self.folder.parent,
                stdin=file.fileno(),
                environment=environment,
            )
            return _result(process, arguments, self.timeout_s)


def _start(
    command: Sequence[str], *, folder: Path, stdin: int, environment: Mapping[str, str]
) -> "Git.AutoInterrupt":
    try:
        # Imported here because GitPython looks for git when it is imported, and fails without.
        import git  # noqa: PLC0415
    except ImportError as error:
        raise _no_git() from error
    try:
        # A session of its own, so that the transport git starts can be killed with it.
        return git.Git(folder).execute(
            command, istream=stdin, as_process=True, env=environment, start_new_session=True
        )
    except git.GitCommandNotFound as error:
        raise _no_git() from error


def _no_git() -> PermanentError:
    return PermanentError(
        "git is not installed or not in PATH.", remedy="Install git 2.38 or newer."
    )


def _result(process: "Git.AutoInterrupt", arguments: Sequence[str], timeout_s: float) -> bytes:
    try:
        stdout, stderr = process.communicate(timeout=timeout_s)
    except subprocess.TimeoutExpired as error:
        _kill(process)
        raise GitTimeoutError(f"git {arguments[0]} took more than {timeout_s:g} s") from error
    except BaseException:
        _kill(process)
        raise
    if process.returncode != 0:
        raise GitError(arguments, process.returncode, stderr.decode(errors="replace").strip())
    return bytes(stdout)


def _kill(process: "Git.AutoInterrupt") -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
