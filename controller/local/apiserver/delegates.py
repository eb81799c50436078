"""What the server leaves to the workloads: a pod's log, and requests to pods and services."""

from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class LogRequest:
    """Which log is asked for, and which part of it."""

    namespace: str
    name: str
    container: str = ""
    follow: bool = False
    previous: bool = False
    timestamps: bool = False
    tail_lines: int | None = None
    since_seconds: int | None = None
    since_time: str = ""
    limit_bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyTarget:
    """Where a proxied request goes; `kind` is `pods` or `services`, `port` a name or a number."""

    kind: str
    namespace: str
    name: str
    scheme: str = "http"
    port: str = ""


class Delegates(Protocol):
    """The workloads, as the server calls them."""

    def log(self, request: LogRequest) -> AsyncIterator[bytes]:
        """Give a container's log piece by piece; raises ApiError where there is none."""
        ...

    async def proxy(self, target: ProxyTarget, scope: Scope, receive: Receive, send: Send) -> None:
        """Carry a request to a pod or service and its answer back; the path is the pod's."""
        ...
