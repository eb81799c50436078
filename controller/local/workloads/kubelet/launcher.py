"""The parent of every container process: a small program, run by path, standard library only.

Why a program and not `subprocess` in the kubelet: nothing may outlive the local cluster, also when
it is killed with -9. This program notices that its parent is gone because their socket ends, and
kills every container's whole process group and everything that escaped from it (it is the
"subreaper" of its descendants, so orphans become its children). Should it be killed itself, the
kernel kills the containers (PR_SET_PDEATHSIG, set between fork and exec, which is safe here because
there is one thread). Forking from ten megabytes is also quicker than from the API server's process.

Run as `python -I -S launcher.py FD`; FD is a stream socket. Each message is a length (4 bytes, big
endian) and JSON. In: `{"op": "spawn", "id", "argv", "env", "cwd", "marker"}` with the descriptors
for stdout and stderr attached, and `{"op": "kill", "id", "signal", "group"}`. Out: `{"id", "pid"}`
or `{"id", "error", "errno"}`, and later `{"id", "exit"}`: an exit code, or minus a signal's number.
"""

import ctypes
import errno
import json
import os
import select
import signal
import socket
import struct
import sys
from typing import Any, NoReturn

LENGTH = struct.Struct("!I")
MARKER = "ROSTER_LOCAL_CONTAINER"
"""Environment variable that identifies a container's processes, whatever group they moved to."""

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_FDS_MAX = 2
_IGNORED_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_CHANGED_SIGNALS = (*_IGNORED_SIGNALS, signal.SIGCHLD, signal.SIGPIPE, signal.SIGXFSZ)
_IS_LINUX = sys.platform == "linux"
_LIBC = ctypes.CDLL(None)


def main(descriptor: int) -> None:
    """Serve spawn and kill requests until the other end of the socket is gone."""
    for ignored in _IGNORED_SIGNALS:
        signal.signal(ignored, signal.SIG_IGN)
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    launcher = Launcher(socket.socket(fileno=descriptor))
    try:
        launcher.serve()
    finally:
        launcher.kill_everything()


class Launcher:
    """The containers that this program started, by the number that the kubelet gave them."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._buffer = bytearray()
        self._fds: list[int] = []
        self._containers: dict[int, tuple[int, str]] = {}
        self._ids: dict[int, int] = {}

    def serve(self) -> None:
        """Handle messages and exits of children as they come."""
        exits, wakeup = _pipe()
        signal.set_wakeup_fd(wakeup, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        poll = select.poll()
        poll.register(exits, select.POLLIN)
        poll.register(self._connection, select.POLLIN)
        while True:
            ready = {descriptor for descriptor, _ in poll.poll()}
            if exits in ready:
                _drain(exits)
                self._reap()
            if self._connection.fileno() in ready and not self._receive():
                return

    def kill_everything(self) -> None:
        """Kill all containers, and then orphans for as long as new ones are handed to us."""
        for pid, marker in list(self._containers.values()):
            _kill_container(pid, marker)
        while True:
            for orphan in _children():
                _signal(orphan, signal.SIGKILL)
            try:
                os.waitpid(-1, 0)
            except ChildProcessError:
                return

    def _receive(self) -> bool:
        data, fds, _, _ = socket.recv_fds(self._connection, 1 << 16, 16 * _FDS_MAX)
        if not data:
            return False
        for descriptor in fds:
            os.set_inheritable(descriptor, False)  # noqa: FBT003 - it takes no keyword
        self._fds.extend(fds)
        self._buffer += data
        while (message := self._next()) is not None:
            self._handle(message)
        return True

    def _next(self) -> dict[str, Any] | None:
        if len(self._buffer) < LENGTH.size:
            return None
        (size,) = LENGTH.unpack_from(self._buffer)
        end = LENGTH.size + size
        if len(self._buffer) < end:
            return None
        message: dict[str, Any] = json.loads(self._buffer[LENGTH.size : end])
        del self._buffer[:end]
        return message

    def _handle(self, message: dict[str, Any]) -> None:
        if message["op"] == "spawn":
            self._spawn(message)
        elif container := self._containers.get(message["id"]):
            pid, _ = container
            _signal(-pid if message["group"] else pid, message["signal"])

    def _spawn(self, message: dict[str, Any]) -> None:
        stdout, stderr = self._fds[:_FDS_MAX]
        del self._fds[:_FDS_MAX]
        reading, writing = os.pipe()
        launcher = os.getpid()
        pid = os.fork()
        if pid == 0:
            _become(message, (stdout, stderr), writing, launcher)
        for descriptor in (stdout, stderr, writing):
            os.close(descriptor)
        failure = os.read(reading, 4096)
        os.close(reading)
        if failure:
            os.waitpid(pid, 0)
            number, _, text = failure.decode().partition(" ")
            self._send({"id": message["id"], "error": text, "errno": int(number)})
            return
        self._containers[message["id"]] = (pid, message["marker"])
        self._ids[pid] = message["id"]
        self._send({"id": message["id"], "pid": pid})

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            self._collect(pid, os.waitstatus_to_exitcode(status))

    def _collect(self, pid: int, code: int) -> None:
        identity = self._ids.pop(pid, None)
        if identity is None:  # an orphan of a container, adopted
            return
        _, marker = self._containers.pop(identity)
        _kill_container(pid, marker)
        self._send({"id": identity, "exit": code})

    def _send(self, message: dict[str, Any]) -> None:
        text = json.dumps(message).encode()
        self._connection.sendall(LENGTH.pack(len(text)) + text)


def _become(
    message: dict[str, Any], output: tuple[int, int], failures: int, launcher: int
) -> NoReturn:
    """Turn the forked child into the container's first process."""
    try:
        os.setsid()
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != launcher:  # it died before the line above
            os._exit(1)
        signal.set_wakeup_fd(-1)
        for number in _CHANGED_SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(output[0], 1)
        os.dup2(output[1], 2)
        os.chdir(message["cwd"])
        env = {**message["env"], MARKER: message["marker"]}
        os.execvpe(message["argv"][0], message["argv"], env)  # noqa: S606 - a container's command
    except OSError as error:
        text = f"{error.errno} {error.strerror}: {error.filename or message['argv'][0]}"
        os.write(failures, text.encode())
    except ValueError as error:  # a NUL in an argument or in the environment
        os.write(failures, f"{errno.EINVAL} {error}".encode())
    finally:
        os._exit(127)


def _kill_container(pid: int, marker: str) -> None:
    # Its number is not given away while its group has members, and without members nothing happens
    # unless it was given away within the last microseconds, which the kernel's counter rules out.
    _signal(-pid, signal.SIGKILL)
    for escaped in marked(f"{MARKER}={marker}"):
        if escaped != pid:
            _signal(escaped, signal.SIGKILL)


def marked(entry: str) -> list[int]:
    """List the processes whose environment, when they were started, had this `NAME=value`."""
    wanted = entry.encode()
    found = []
    for name in os.listdir("/proc") if _IS_LINUX else ():  # noqa: PTH208 - as below
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/environ", "rb") as environment:  # noqa: PTH123 - no pathlib here
                if wanted in environment.read().split(b"\0"):
                    found.append(int(name))
        except OSError:  # gone meanwhile, or somebody else's
            continue
    return found


def _children() -> list[int]:
    try:
        with open(f"/proc/self/task/{os.getpid()}/children") as listing:  # noqa: PTH123 - as above
            return [int(pid) for pid in listing.read().split()]
    except OSError:
        return []


def _signal(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        return


def _prctl(option: int, value: int) -> None:
    if _IS_LINUX:
        zero = ctypes.c_ulong(0)
        _LIBC.prctl(option, ctypes.c_ulong(value), zero, zero, zero)


def _pipe() -> tuple[int, int]:
    reading, writing = os.pipe()
    for descriptor in (reading, writing):
        os.set_blocking(descriptor, False)
    return reading, writing


def _drain(descriptor: int) -> None:
    try:
        while os.read(descriptor, 4096):
            pass
    except BlockingIOError:
        return


if __name__ == "__main__":
    main(int(sys.argv[1]))
