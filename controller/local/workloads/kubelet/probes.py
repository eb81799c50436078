"""Probes: when to ask, what an answer means, and asking by HTTP, TCP or a command.

The state machine restates `pkg/kubelet/prober/worker.go`. One thing is quicker than there: while a
container that was never ready refuses connections, its port is watched, and the probe runs as soon
as the port opens instead of at the next full period. A refused connection is no answer of the
program, so this changes when a container is found ready, not whether.
"""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

_BODY_MAX = 10 * 1024
_FIRST_LOOK_S = 0.02
_LAST_LOOK_S = 0.25


class Kind(StrEnum):
    """The three probes of a container."""

    STARTUP = "startup"
    READINESS = "readiness"
    LIVENESS = "liveness"


@dataclass(frozen=True, slots=True)
class Answer:
    """What one probe found."""

    is_success: bool
    message: str = ""
    is_refused: bool = False
    """Nobody listens on the port."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """When a probe runs, and how many answers in a row count."""

    initial_delay_s: float
    period_s: float
    timeout_s: float
    success_threshold: int
    failure_threshold: int

    @classmethod
    def of(cls, probe: Mapping[str, Any]) -> "Settings":
        """Read them from a container's probe, with the API's defaults."""
        return cls(
            initial_delay_s=probe.get("initialDelaySeconds") or 0,
            period_s=probe.get("periodSeconds") or 10,
            timeout_s=probe.get("timeoutSeconds") or 1,
            success_threshold=probe.get("successThreshold") or 1,
            failure_threshold=probe.get("failureThreshold") or 3,
        )


class Counter:
    """Turns a sequence of answers into a verdict: answers count only several in a row."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._last: bool | None = None
        self._run = 0

    def add(self, answer: Answer) -> bool | None:
        """Give the verdict after this answer; None while neither threshold is reached."""
        self._run = self._run + 1 if answer.is_success is self._last else 1
        self._last = answer.is_success
        settings = self._settings
        needed = settings.success_threshold if answer.is_success else settings.failure_threshold
        return answer.is_success if self._run >= needed else None


Ask = Callable[[], Awaitable[Answer]]


async def watch(
    settings: Settings,
    ask: Ask,
    *,
    on_answer: Callable[[Answer], None],
    on_verdict: Callable[[bool], bool],
) -> None:
    """Ask again and again, until `on_verdict` says that it has heard enough, or until cancelled."""
    loop = asyncio.get_running_loop()
    counter = Counter(settings)
    await asyncio.sleep(settings.initial_delay_s)
    has_been_up = False
    while True:
        due = loop.time() + settings.period_s
        answer = await ask()
        if not has_been_up and answer.is_refused:
            answer = await _when_listening(ask, answer, until=due)
        has_been_up = has_been_up or answer.is_success
        on_answer(answer)
        verdict = counter.add(answer)
        if verdict is not None and on_verdict(verdict):
            return
        await asyncio.sleep(due - loop.time())


async def _when_listening(ask: Ask, refused: Answer, *, until: float) -> Answer:
    """Give the first answer that is not a refusal, or the refusal when the period is over."""
    loop = asyncio.get_running_loop()
    pause_s = _FIRST_LOOK_S
    answer = refused
    while answer.is_refused and loop.time() + pause_s < until:
        await asyncio.sleep(pause_s)
        pause_s = min(pause_s * 1.3, _LAST_LOOK_S)
        answer = await ask()
    return answer


async def ask_tcp(host: str, port: int, *, timeout_s: float) -> Answer:
    """Probe whether a port takes connections."""
    try:
        async with asyncio.timeout(timeout_s):
            _, writer = await asyncio.open_connection(host, port)
    except OSError as error:
        return _unreachable(f"dial tcp {host}:{port}: connect: ", error)
    writer.close()
    return Answer(is_success=True)


async def ask_http(probe: Mapping[str, Any], host: str, port: int, *, timeout_s: float) -> Answer:
    """Probe a URL: any answer from 200 up to 399 is a success."""
    scheme = (probe.get("scheme") or "HTTP").lower()
    path = "/" + (probe.get("path") or "/").lstrip("/")
    url = f"{scheme}://{host}:{port}{path}"
    try:
        async with asyncio.timeout(timeout_s):
            status = await _status_of(_request(probe, host, port, path), host, port, scheme)
    except (OSError, ValueError) as error:
        return _unreachable(f'Get "{url}": ', error)
    if 200 <= status < 400:
        return Answer(is_success=True)
    return Answer(is_success=False, message=f"HTTP probe failed with statuscode: {status}")


def _request(probe: Mapping[str, Any], host: str, port: int, path: str) -> bytes:
    headers = {
        "Host": f"{host}:{port}",
        "User-Agent": "kube-probe/1.36",
        "Accept": "*/*",
        "Connection": "close",
        **{each["name"]: each["value"] for each in probe.get("httpHeaders") or ()},
    }
    lines = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", errors="replace")


async def _status_of(request: bytes, host: str, port: int, scheme: str) -> int:
    reader, writer = await asyncio.open_connection(
        host, port, ssl=_unverified() if scheme == "https" else None
    )
    try:
        writer.write(request)
        line = await reader.readline()
        version, _, rest = line.decode("latin-1").partition(" ")
        if not version.startswith("HTTP/"):
            message = f"malformed HTTP response {line[:40]!r}" if line else "EOF"
            raise ValueError(message)
        await reader.read(_BODY_MAX)
        return int(rest.split(" ")[0])
    finally:
        writer.close()


def _unverified() -> ssl.SSLContext:
    """As the real kubelet: a probe's certificate names the service, not the pod's address."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _unreachable(what: str, error: Exception) -> Answer:
    if isinstance(error, TimeoutError):
        return Answer(is_success=False, message=f"{what}context deadline exceeded")
    is_refused = isinstance(error, ConnectionRefusedError)
    reason = "connection refused" if is_refused else str(error)
    return Answer(is_success=False, message=what + reason, is_refused=is_refused)
