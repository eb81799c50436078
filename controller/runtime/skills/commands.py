"""Runs a shell command for a conversation: confined, with limits, and without what the agent knows.

The environment of the agent's process holds its keys; none of it is passed on. What the command can
read and change is kept by `confine`, a program of its own because nothing may be done between fork
and exec in a process that has threads.
"""

import asyncio
import json
import os
import re
import shutil
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from subprocess import DEVNULL, PIPE

from controller.runtime.skills import confine
from controller.runtime.skills.workspace import MOUNT

_PROGRAM = Path(confine.__file__)
_MAX_OUTPUT_BYTES = 32 * 1024
"""Of each of the two outputs; what comes after it is read and thrown away."""
_CHUNK_BYTES = 64 * 1024
_MAX_AT_ONCE = 4
"""Commands of one agent at the same time; others wait for their turn."""
_READABLE = (
    *("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/usr", "/opt"),
    # Of /etc what programs need to start: names, time zone, certificates; no configuration.
    *("/etc/alternatives", "/etc/group", "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/localtime"),
    *("/etc/ld.so.conf.d", "/etc/mime.types", "/etc/nsswitch.conf", "/etc/passwd", "/etc/ssl"),
    *("/dev/random", "/dev/urandom", "/dev/zero"),
)
_PYTHON = (
    *(sys.prefix, sys.base_prefix),
    # Where those lead by links, for it is the file behind a link that has to be readable.
    *(str(Path(sys.executable).resolve()), str(Path(os.__file__).resolve().parent)),
)
_WRITABLE = ("/dev/null",)
_MOUNT = re.compile(rf"(?<![\w./~-]){MOUNT}(?![\w.-])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a command ended."""

    code: int | None
    """The exit code; None: it was ended because its time was up."""
    output: str
    errors: str


class Commands:
    """Runs commands of one agent."""

    def __init__(self, skills: Path, *, limit_s: float, is_confined: bool) -> None:
        self._skills = skills
        self._limit_s = limit_s
        self._is_confined = is_confined
        self._free = asyncio.Semaphore(_MAX_AT_ONCE)

    async def run(self, command: str, folder: Path) -> Outcome:
        """Run a command in a folder, to its end or to that of its time.

        Raises:
            OSError: the system starts no more processes.
        """
        async with self._free:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", "-S", str(_PROGRAM), self._request(command, folder)),
                stdin=DEVNULL,
                stdout=PIPE,
                stderr=PIPE,
                env=self._environment(folder),
            )
            return await self._outcome(process)

    async def _outcome(self, process: asyncio.subprocess.Process) -> Outcome:
        assert process.stdout is not None  # noqa: S101 - asked for above
        assert process.stderr is not None  # noqa: S101 - asked for above
        reading = asyncio.gather(_read(process.stdout), _read(process.stderr))
        is_over = False
        try:
            async with asyncio.timeout(self._limit_s):
                await process.wait()
        except TimeoutError:
            is_over = True
        finally:
            # Also when the turn is cancelled: a command does not go on without it.
            await asyncio.shield(_ended(process))
        output, errors = await reading
        return Outcome(code=None if is_over else process.returncode, output=output, errors=errors)

    def _request(self, command: str, folder: Path) -> str:
        shell = shutil.which("bash") or "/bin/sh"
        # Without mount namespaces, /skills is elsewhere on the local cluster.
        text = _MOUNT.sub(str(self._skills), command)
        readable = [*_READABLE, *_PYTHON, str(self._skills)]
        return json.dumps(
            {
                "argv": [shell, "-c", text],
                "cwd": str(folder),
                "read": readable if self._is_confined else None,
                "write": [*_WRITABLE, str(folder)] if self._is_confined else None,
                "parent": os.getpid(),
            }
        )

    def _environment(self, folder: Path) -> dict[str, str]:
        own = str(Path(sys.executable).parent)
        return {
            "PATH": f"{own}:{os.defpath}:/usr/local/bin",
            "HOME": str(folder),
            "TMPDIR": str(folder),
            "LANG": "C.UTF-8",
            # As in kagent's runtime: modules of a skill can be imported by the skill's name.
            "PYTHONPATH": f"{folder}:{self._skills}",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONUNBUFFERED": "1",
        }


def _ends(process: asyncio.subprocess.Process, numbers: Sequence[int]) -> None:
    for number in numbers:
        with suppress(ProcessLookupError):
            process.send_signal(number)


async def _ended(process: asyncio.subprocess.Process) -> None:
    """End what still runs; the program kills all that the command has started."""
    if process.returncode is None:
        _ends(process, (signal.SIGTERM,))
        await process.wait()


async def _read(stream: asyncio.StreamReader) -> str:
    kept = bytearray()
    size_bytes = 0
    while chunk := await stream.read(_CHUNK_BYTES):
        kept += chunk[: _MAX_OUTPUT_BYTES - len(kept)]
        size_bytes += len(chunk)
    text = kept.decode(errors="replace")
    cut = size_bytes - len(kept)
    return f"{text}\n[{cut} more bytes are left out]" if cut else text
