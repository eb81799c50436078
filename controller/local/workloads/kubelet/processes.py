"""Starting and ending container processes, through the launcher, and sweeping what a crash left.

The launcher (`launcher.py`) is the parent of all containers; this is the other end of its socket.
What it started is recorded by process id and start time, and every container carries the cluster's
identity in its environment, so that a sweep can tell our leftovers from any other process on the
machine without ever looking at a name.
"""

import asyncio
import contextlib
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from controller.local.workloads.kubelet import launcher

CLUSTER_MARKER = "ROSTER_LOCAL_CLUSTER"
"""Environment variable of every container: which local cluster's it is."""

_HAS_PROC = Path("/proc/self/stat").exists()


class SpawnError(Exception):
    """The system could not start the command; the message is what a person should read."""

    def __init__(self, message: str, *, number: int) -> None:
        super().__init__(message)
        self.number = number
        """The system's error number, as in the module `errno`."""


class Process:
    """A started container: its process id and, once it ended, its exit code."""

    def __init__(self, processes: "Processes", identity: int, pid: int) -> None:
        self._processes = processes
        self._identity = identity
        self.pid = pid
        self.exit: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        """The exit code; 128 plus the number of a signal, as a shell and a kubelet say it."""

    def signal(self, number: int, *, group: bool = False) -> None:
        """Send a signal to the first process, or to the whole group; nothing once it has ended."""
        if not self.exit.done():
            self._processes.send(
                {"op": "kill", "id": self._identity, "signal": int(number), "group": group}
            )


class Processes:
    """All container processes of this cluster."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._connection: socket.socket | None = None
        self._launcher: subprocess.Popen[bytes] | None = None
        self._buffer = bytearray()
        self._next = 0
        self._starting: dict[int, asyncio.Future[Process]] = {}
        self._running: dict[int, Process] = {}
        self._cluster = ""

    def sweep(self) -> list[int]:
        """Kill what an earlier life of this cluster left running, and give the process ids."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._cluster = _identity_of_cluster(self._folder / "cluster")
        records = self._folder / "processes"
        left = set(_recorded(records)) | set(launcher.marked(f"{CLUSTER_MARKER}={self._cluster}"))
        left.discard(os.getpid())
        for pid in left:
            for target in (-pid, pid):
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(target, signal.SIGKILL)
        records.unlink(missing_ok=True)
        return sorted(left)

    async def spawn(
        self, argv: Sequence[str], *, env: Mapping[str, str], cwd: Path, output: tuple[int, int]
    ) -> Process:
        """Start a command in a session of its own, with these descriptors as stdout and stderr.

        The descriptors stay the caller's to close.

        Raises:
            SpawnError: the command does not exist, may not be run, or its folder is missing.
        """
        self._next += 1
        identity = self._next
        started: asyncio.Future[Process] = asyncio.get_running_loop().create_future()
        self._starting[identity] = started
        message = {
            "op": "spawn",
            "id": identity,
            "argv": list(argv),
            "env": {**env, CLUSTER_MARKER: self._cluster},
            "cwd": str(cwd),
            "marker": secrets.token_hex(16),
        }
        self.send(message, output)
        return await started

    def send(self, message: Mapping[str, Any], fds: Sequence[int] = ()) -> None:
        """Send one message to the launcher, which is started when there is none."""
        connection = self._connection or self._connect()
        text = json.dumps(message).encode()
        data = launcher.LENGTH.pack(len(text)) + text
        if fds:
            sent = socket.send_fds(connection, [data], list(fds))
            data = data[sent:]
        connection.sendall(data)

    def close(self) -> None:
        """End the launcher, which kills every container that still runs."""
        if self._launcher is None:
            return
        self._disconnect()
        self._launcher.wait()
        self._launcher = None
        (self._folder / "processes").unlink(missing_ok=True)

    def _connect(self) -> socket.socket:
        ours, theirs = socket.socketpair()
        path = str(Path(launcher.__file__))
        with theirs:
            self._launcher = subprocess.Popen(  # noqa: S603 - our own program, by its path
                [sys.executable, "-I", "-S", path, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        self._record(self._launcher.pid)
        self._connection = ours
        asyncio.get_running_loop().add_reader(ours.fileno(), self._receive)
        return ours

    def _disconnect(self) -> None:
        if self._connection is not None:
            asyncio.get_running_loop().remove_reader(self._connection.fileno())
            self._connection.close()
            self._connection = None
        self._buffer.clear()

    def _receive(self) -> None:
        assert self._connection is not None  # noqa: S101 - the reader is removed with it
        try:
            data = self._connection.recv(1 << 16)
        except OSError:
            data = b""
        if not data:
            self._lost()
            return
        self._buffer += data
        while len(self._buffer) >= launcher.LENGTH.size:
            (size,) = launcher.LENGTH.unpack_from(self._buffer)
            end = launcher.LENGTH.size + size
            if len(self._buffer) < end:
                return
            message = json.loads(self._buffer[launcher.LENGTH.size : end])
            del self._buffer[:end]
            self._handle(message)

    def _handle(self, message: Mapping[str, Any]) -> None:
        identity = message["id"]
        if "exit" in message:
            code = message["exit"]
            _settle(self._running.pop(identity).exit, code if code >= 0 else 128 - code)
            return
        started = self._starting.pop(identity)
        if "error" in message:
            started.set_exception(SpawnError(message["error"], number=message["errno"]))
            return
        process = Process(self, identity, message["pid"])
        self._running[identity] = process
        self._record(process.pid)
        _settle(started, process)

    def _lost(self) -> None:
        """The launcher is gone, and its containers with it; the next spawn starts another."""
        self._disconnect()
        if self._launcher is not None:
            self._launcher.wait()
        for started in self._starting.values():
            started.set_exception(SpawnError("the process launcher was killed", number=0))
        for process in self._running.values():
            _settle(process.exit, 128 + signal.SIGKILL)
        self._starting.clear()
        self._running.clear()

    def _record(self, pid: int) -> None:
        with (self._folder / "processes").open("a") as records:
            records.write(f"{pid} {start_time(pid)}\n")


def start_time(pid: int) -> str:
    """Say when a process was started, precisely enough to tell two with one number; else empty."""
    if _HAS_PROC:
        try:
            # Field 22; the second field, the name in brackets, may itself hold spaces and brackets.
            return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
        except OSError:
            return ""
    command = ["/bin/ps", "-o", "lstart=", "-p", str(pid)]
    found = subprocess.run(command, capture_output=True, text=True, check=False, timeout=5)  # noqa: S603 - fixed path, a number
    return found.stdout.strip().replace(" ", "_")


def _recorded(records: Path) -> list[int]:
    try:
        lines = records.read_text().splitlines()
    except FileNotFoundError:
        return []
    pairs = (line.split() for line in lines)
    known = ((int(pair[0]), pair[1]) for pair in pairs if len(pair) == 2)
    return [pid for pid, started in known if start_time(pid) == started]


def _identity_of_cluster(file: Path) -> str:
    if not file.exists():
        file.write_text(secrets.token_hex(16))
    return file.read_text().strip()


def _settle(future: "asyncio.Future[Any]", value: object) -> None:
    if not future.done():
        future.set_result(value)
