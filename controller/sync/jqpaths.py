"""jq path expressions, evaluated where they can do no harm: in a process with limits.

Argo CD evaluates them inside its controller and was hung by one (CVE-2024-32476).
"""

import select
import signal
import subprocess
import sys
import threading
import weakref
from pathlib import Path as File
from typing import IO, Any

import orjson

from controller.diff.places import Path
from controller.errors import PermanentError
from controller.objects import Manifest

LIMIT_S = 1.0
"""Argo CD's limit (`ARGOCD_IGNORE_NORMALIZER_JQ_TIMEOUT`)."""
_LIMIT_BYTES = 256 * 1024 * 1024
_START_S = 10.0
"""A busy machine may take this long to start an interpreter."""
_MOST_ANSWER_BYTES = 8 * 1024 * 1024
_WORKER = File(__file__).with_name("jqworker.py")


class ExpressionError(PermanentError):
    """A jq expression cannot be evaluated, so that nobody knows which fields it means."""


class PathFinder:
    """Gives the paths that jq path expressions stand for. Safe to share between threads.

    The process is started at the first question and ends with this object, or with an expression
    that passes the limits.
    """

    def __init__(self, limit_s: float = LIMIT_S) -> None:
        self._limit_s = limit_s
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._end: weakref.finalize[Any, Any] | None = None

    def __call__(self, expression: str, manifest: Manifest) -> tuple[Path, ...]:
        """Give the paths in an object; none where the expression asks for what is not there.

        Raises:
            ExpressionError: it takes too long or too much memory, or is no path expression.
        """
        request = {"expression": expression, "object": manifest, "limit_s": self._limit_s}
        with self._lock:
            answer = self._ask(orjson.dumps(request) + b"\n", expression)
        problem = str(answer.get("error", ""))
        if problem.startswith(("Invalid path expression", "jq: error")):
            raise ExpressionError(
                f"The jq expression {expression!r} is not one that leads to fields:"
                f" {problem.removeprefix('jq: error: ')}",
                remedy="Correct it in ignoreDifferences.",
            )
        # Everything else that jq complains of means that this object has no such field.
        return tuple(tuple(path) for path in answer.get("paths", ()) if _is_plain(path))

    def _ask(self, request: bytes, expression: str) -> dict[str, Any]:
        process = self._running()
        try:
            _pipe(process.stdin).write(request)
            _pipe(process.stdin).flush()
            line = _line(_pipe(process.stdout), self._limit_s + _START_S)
        except OSError:
            line = b""
        if not line.endswith(b"\n"):
            raise ExpressionError(
                f"The jq expression {expression!r} was stopped: it {self._stopped()}.",
                remedy="Simplify it in ignoreDifferences.",
            )
        found: dict[str, Any] = orjson.loads(line)
        return found

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            self._process = subprocess.Popen(  # noqa: S603 -- our own script, by its path
                [sys.executable, "-I", str(_WORKER), str(_LIMIT_BYTES)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={},
            )
            self._end = weakref.finalize(self, _end, self._process)
        return self._process

    def _stopped(self) -> str:
        """End the process and say what became of it."""
        process, self._process = self._process, None
        if self._end is not None:
            self._end()
        took_long = process is None or process.returncode in {-signal.SIGALRM, -signal.SIGKILL}
        return f"took more than {self._limit_s:g} s" if took_long else "took too much memory"


def _end(process: subprocess.Popen[bytes]) -> None:
    for pipe in (process.stdin, process.stdout):
        try:
            _pipe(pipe).close()
        except OSError:  # what was not written yet has no reader any more
            continue
    try:
        process.wait(0.5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:
        raise ValueError("the process has no such pipe")
    return pipe


def _line(pipe: IO[bytes], timeout_s: float) -> bytes:
    """Read a line, or what there is of it when the time is over or the writer is gone."""
    if not select.select([pipe], [], [], timeout_s)[0]:
        return b""
    return pipe.readline(_MOST_ANSWER_BYTES)


def _is_plain(path: list[Any]) -> bool:
    """Tell whether a path names fields and items; slices of lists are no places."""
    return all(isinstance(part, str | int) for part in path)
