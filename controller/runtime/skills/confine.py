"""The parent of one command: a small program, run by path, standard library only.

It starts the command without network and with the files that it is given, waits for it, and kills
whatever it has left behind. Without privileges, namespaces or a sandbox to install: Landlock
(Linux 5.13) confines files and seals other processes off, seccomp refuses sockets. Both hold for
everything that the command starts, and for good.

Run as `python -I -S confine.py JSON` with `{"argv", "cwd", "read", "write", "parent"}`: paths that
can be read and executed, and paths that can be changed; `read` and `write` null: not confined.
The exit code is the command's. SIGTERM ends it: that is how a time limit is kept.
"""

import ctypes
import errno
import json
import os
import platform
import resource
import signal
import struct
import sys
from contextlib import suppress
from typing import Any, NoReturn

NOT_STARTED = 125
"""Exit code where there was nothing to run, or no way to confine it."""

_MAX_FILE_BYTES = 256 * 1024 * 1024
_LIBC = ctypes.CDLL(None, use_errno=True)
_IS_LINUX = sys.platform == "linux"

# linux/prctl.h
_PR_SET_PDEATHSIG, _PR_SET_SECCOMP = 1, 22
_PR_SET_CHILD_SUBREAPER, _PR_SET_NO_NEW_PRIVS = 36, 38
_SECCOMP_MODE_FILTER = 2

# linux/landlock.h; the numbers of its calls are the same on all architectures.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_CREATE_RULESET_VERSION, _RULE_PATH_BENEATH = 1, 1
_READ = 0b1101
"""Execute, read a file, read a folder."""
_FILE_RIGHTS = 0b111 | 1 << 14 | 1 << 15
"""What can be said of a file: execute, write, read, truncate, control a device."""
_RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1}
"""All rights that a version of Landlock knows; from the fifth on it is the last set below."""
_ALL_RIGHTS = (1 << 16) - 1
_TCP, _TCP_SINCE = 0b11, 4
_SCOPES, _SCOPES_SINCE = 0b11, 6
"""Signals to, and abstract sockets of, processes outside."""

# linux/audit.h, and the calls by which a socket is made
_ARCHITECTURES = {"x86_64": (0xC000003E, 41), "aarch64": (0xC00000B7, 198)}
_IO_URING_SETUP = 425
_X32_CALLS = 0x40000000


def unavailable() -> str:
    """Why commands cannot be confined on this machine; empty where they can."""
    if not _IS_LINUX:
        return f"{platform.system()} has no Landlock"
    if platform.machine() not in _ARCHITECTURES:
        return f"system calls cannot be filtered on {platform.machine()}"
    if _landlock_version() < 1:
        return "the kernel has no Landlock, or has it switched off (Linux 5.13 or newer has it)"
    return ""


def main(request: dict[str, Any]) -> int:
    """Run the command to its end and give its exit code."""
    signal.signal(signal.SIGTERM, _end)
    _prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    if os.getppid() != request["parent"]:  # it died before it could tell
        return NOT_STARTED
    launcher = os.getpid()
    child = os.fork()
    if child == 0:
        _become(request, launcher)
    code = os.waitstatus_to_exitcode(_wait(child))
    _kill_rest()
    return code if code >= 0 else 128 - code


def _end(_number: int, _frame: object) -> NoReturn:
    _kill_rest()
    os._exit(128 + signal.SIGTERM)


def _wait(child: int) -> int:
    """Wait for the command itself; orphans of it that end meanwhile are let go."""
    while True:
        pid, status = os.waitpid(-1, 0)
        if pid == child:
            return status


def _kill_rest() -> None:
    """Kill what the command has started, for as long as there is any of it."""
    while True:
        for pid in _children():
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def _children() -> list[int]:
    try:
        with open(f"/proc/self/task/{os.getpid()}/children") as listing:  # noqa: PTH123 - no pathlib here
            return [int(pid) for pid in listing.read().split()]
    except OSError:
        return []


def _become(request: dict[str, Any], launcher: int) -> NoReturn:
    """Turn the forked child into the command."""
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.setsid()
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != launcher:
            os._exit(NOT_STARTED)
        _limit()
        os.chdir(request["cwd"])
        if request["write"] is not None:
            _must(_prctl(_PR_SET_NO_NEW_PRIVS, 1))
            _restrict_files(request["read"], request["write"])
            _refuse_sockets()
        os.execvp(request["argv"][0], request["argv"])  # noqa: S606 - what this program is for
    except BaseException as error:  # noqa: BLE001 - nothing may return from a forked child
        os.write(2, f"The command could not be started: {error}\n".encode())
    finally:
        os._exit(NOT_STARTED)


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_MAX_FILE_BYTES, _MAX_FILE_BYTES))
    # Where memory is short the command goes, and not the agent beside it.
    with suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:  # noqa: PTH123 - as above
        file.write("1000")


def _landlock_version() -> int:
    return int(_LIBC.syscall(_CREATE_RULESET, None, 0, _CREATE_RULESET_VERSION))


def _restrict_files(readable: list[str], writable: list[str]) -> None:
    """Let the process, and all that it starts, read and change nothing else.

    Source: `Documentation/userspace-api/landlock.rst` of Linux; newer kernels restrict more.
    """
    version = _landlock_version()
    rights = _RIGHTS.get(version, _ALL_RIGHTS)
    tcp = _TCP if version >= _TCP_SINCE else 0
    scopes = _SCOPES if version >= _SCOPES_SINCE else 0
    attributes = struct.pack("=QQQ", rights, tcp, scopes)
    # Older kernels know a shorter structure, and refuse a longer one unless the rest is zero.
    ruleset = _must(_LIBC.syscall(_CREATE_RULESET, attributes, len(attributes), 0))
    for paths, allowed in ((readable, _READ), (writable, rights)):
        for path in paths:
            _allow(ruleset, path, allowed & rights)
    _must(_LIBC.syscall(_RESTRICT_SELF, ruleset, 0))
    os.close(ruleset)


def _allow(ruleset: int, path: str, rights: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # what is not there need not be read
    if not os.path.isdir(path):  # noqa: PTH112 - no pathlib here
        rights &= _FILE_RIGHTS
    rule = struct.pack("=Qi", rights, descriptor)
    _must(_LIBC.syscall(_ADD_RULE, ruleset, _RULE_PATH_BENEATH, rule, 0))
    os.close(descriptor)


def _refuse_sockets() -> None:
    """Let no socket be made; pairs of connected ones, which lead nowhere else, still can be."""
    architecture, call = _ARCHITECTURES[platform.machine()]
    # From linux/filter.h: load a word; jump if equal, or greater or equal; return.
    load, equal, at_least, give = 0x20, 0x15, 0x35, 0x06
    allow, kill, refuse = 0x7FFF0000, 0x80000000, 0x00050000
    program = b"".join(
        struct.pack("=HBBI", code, yes, no, value)
        for code, yes, no, value in (
            (load, 0, 0, 4),  # seccomp_data.arch
            (equal, 1, 0, architecture),
            (give, 0, 0, kill),
            (load, 0, 0, 0),  # seccomp_data.nr
            (at_least, 3, 0, _X32_CALLS),
            (equal, 3, 0, call),
            (equal, 1, 0, _IO_URING_SETUP),
            (give, 0, 0, allow),
            (give, 0, 0, refuse | errno.ENOSYS),
            (give, 0, 0, refuse | errno.EACCES),
        )
    )
    code = ctypes.create_string_buffer(program, len(program))
    filters = struct.pack("HP", len(program) // 8, ctypes.addressof(code))
    _must(_LIBC.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, filters, 0, 0))


def _prctl(option: int, value: int) -> int:
    if not _IS_LINUX:
        return 0
    zero = ctypes.c_ulong(0)
    return int(_LIBC.prctl(option, ctypes.c_ulong(value), zero, zero, zero))


def _must(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return int(result)


if __name__ == "__main__":
    sys.exit(main(json.loads(sys.argv[1])))
