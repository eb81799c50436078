"""Starts and stops the process of the local cluster, from the command line or from a test.

The cluster's folder is all that both sides share: `lock` is held by the process as long as it lives
(also when it is killed, the system gives it back), and `kubeconfig` is written when it is ready.
"""

import base64
import contextlib
import fcntl
import os
import shutil
import signal
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from controller.errors import PermanentError, TransientError, UsageError

_START_TIMEOUT_S = 60.0
_STOP_TIMEOUT_S = 15.0
_LOOK_S = 0.02
_READY_TIMEOUT_S = 10.0
_ALREADY_RUNNING = 3
"""Exit code of the process when another one holds the folder's lock."""
_LOG_TAIL_BYTES = 2000
_PACKAGE_ROOT = Path(__file__).parents[2]

_children: dict[int, "subprocess.Popen[bytes]"] = {}
"""Processes that this one started: they have to be waited for, else they stay as zombies."""


@dataclass(frozen=True, slots=True)
class Running:
    """A local cluster that answers."""

    pid: int
    kubeconfig: Path
    url: str


def start(folder: Path, *, log: Path, die_with_parent: bool = False) -> Running:
    """Start the cluster of a folder and wait until it answers; the one that runs, if one does.

    Raises:
        PermanentError: it ended at once; the message has the last line of its log.
        TransientError: it does not become ready.
    """
    if running := status(folder):
        return running
    folder.mkdir(parents=True, exist_ok=True)
    before = _written_at(folder / "kubeconfig")
    child = _spawn(folder, log, die_with_parent=die_with_parent)
    deadline = time.monotonic() + _START_TIMEOUT_S
    while time.monotonic() < deadline:
        if child.poll() not in {None, _ALREADY_RUNNING}:
            raise PermanentError(
                f"The local cluster ended with code {child.returncode}: {_last_line(log)}",
                remedy=f"Its log is {log}.",
            )
        if _written_at(folder / "kubeconfig") > before and (running := status(folder)):
            return running
        time.sleep(_LOOK_S)
    raise TransientError(
        f"The local cluster did not become ready in {_START_TIMEOUT_S:.0f} s.",
        remedy=f"Its log is {log}.",
    )


def stop(folder: Path) -> None:
    """Stop the cluster of a folder, if one runs; what does not end in time is killed."""
    stopped: set[int] = set()
    for number in (signal.SIGTERM, signal.SIGKILL):
        pid = _holder(folder)
        if pid is None:
            break
        stopped.add(pid)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
        if _until(lambda: _holder(folder) is None, _STOP_TIMEOUT_S):
            break
    for child in list(_children.values()):
        if child.pid in stopped or child.poll() is not None:
            # One that gave its lock back takes a moment more to end.
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(_STOP_TIMEOUT_S)
                del _children[child.pid]


def status(folder: Path) -> Running | None:
    """Tell where the cluster of a folder is reached; None while none answers."""
    pid = _holder(folder)
    kubeconfig = folder / "kubeconfig"
    if pid is None or not kubeconfig.exists():
        return None
    url, authority = _cluster_of(kubeconfig)
    return Running(pid, kubeconfig, url) if _is_ready(url, authority) else None


def reset(folder: Path) -> None:
    """Stop the cluster of a folder and delete everything in it.

    Raises:
        UsageError: the folder is no local cluster's, so nothing in it is deleted.
    """
    if not folder.exists() or not any(folder.iterdir()):
        return
    if not (folder / "lock").exists():
        raise UsageError(
            f"{folder} is not the folder of a local cluster.", remedy="Delete it by hand."
        )
    stop(folder)
    shutil.rmtree(folder)


def _spawn(folder: Path, log: Path, *, die_with_parent: bool) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "controller.local", "--folder", str(folder)]
    if die_with_parent:
        command.append("--die-with-parent")
    known = os.environ.get("PYTHONPATH")
    path = f"{_PACKAGE_ROOT}{os.pathsep}{known}" if known else str(_PACKAGE_ROOT)
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        child = subprocess.Popen(  # noqa: S603 - our own module
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**os.environ, "PYTHONPATH": path},
            # Ctrl-C in a terminal is for the parent, which then stops the cluster in order.
            start_new_session=True,
        )
    _children[child.pid] = child
    return child


def _holder(folder: Path) -> int | None:
    """Give the process that holds the folder's lock; None where nobody does."""
    for child in list(_children.values()):
        child.poll()
    try:
        with (folder / "lock").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return None
    except BlockingIOError:
        # Between taking the lock and writing the number there is a moment without one.
        text = (folder / "lock").read_text().strip()
        return int(text) if text.isdigit() else None
    return None


def _cluster_of(kubeconfig: Path) -> tuple[str, str | None]:
    """Give the address in a kubeconfig, and its certificate authority as a file or as text."""
    read: dict[str, Any] = yaml.load(kubeconfig.read_text(), yaml.CSafeLoader)
    cluster = read["clusters"][0]["cluster"]
    return cluster["server"], cluster.get("certificate-authority-data")


def _is_ready(url: str, authority: str | None) -> bool:
    pem = base64.b64decode(authority).decode() if authority else None
    context = ssl.create_default_context(cadata=pem)
    direct = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
    )
    try:
        with direct.open(f"{url}/readyz", timeout=_READY_TIMEOUT_S) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _until(is_so: Callable[[], bool], timeout_s: float) -> bool:
    deadline = time.monotonic() + timeout_s
    while not is_so():
        if time.monotonic() > deadline:
            return False
        time.sleep(_LOOK_S)
    return True


def _written_at(file: Path) -> int:
    try:
        return file.stat().st_mtime_ns
    except FileNotFoundError:
        return 0


def _last_line(log: Path) -> str:
    """Give what a person needs of the log; a traceback before it stays there."""
    text = log.read_bytes()[-_LOG_TAIL_BYTES:].decode(errors="replace").strip()
    return text.rpartition("\n")[2]
