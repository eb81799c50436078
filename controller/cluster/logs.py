"""Logs of pods, followed without a thread: a hundred open logs cost a hundred connections."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from urllib.parse import quote

import httpx

from controller.cluster import errors
from controller.cluster.client import Client
from controller.errors import RosterError

_LONGEST_LINE = 64 * 1024
"""Bytes; what is longer comes in several lines (the kubelet itself cuts at 16 KiB)."""
_TIMEOUT = httpx.Timeout(30.0, connect=5.0)
_FOLLOWING = httpx.Timeout(30.0, connect=5.0, read=None)
"""A pod may be silent for days; a reader that leaves closes the connection."""
_MAX_REFUSAL = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which part of a log is wanted."""

    container: str = ""
    """Empty for the only one, or the pod's default."""
    follow: bool = False
    previous: bool = False
    """The run before the last restart."""
    tail_lines: int | None = None
    since_seconds: int | None = None

    def query(self) -> Mapping[str, str]:
        """Give it in the words of the API server; every line comes with its time."""
        given = {
            "container": self.container,
            "follow": "true" if self.follow else "",
            "previous": "true" if self.previous else "",
            "tailLines": "" if self.tail_lines is None else str(self.tail_lines),
            "sinceSeconds": "" if self.since_seconds is None else str(self.since_seconds),
        }
        return {"timestamps": "true", **{name: value for name, value in given.items() if value}}


class PodLogs:
    """Reads logs from one cluster's API server; used in one event loop."""

    def __init__(self, client: Client, connect: Callable[[], httpx.AsyncClient]) -> None:
        """Prepare to read.

        Args:
            client: whose cluster and credentials are used.
            connect: makes the HTTP client, in the event loop that it is used in.
        """
        self._client = client
        self._connect = connect
        self._http: httpx.AsyncClient | None = None

    async def close(self) -> None:
        """Close the connections."""
        if self._http is not None:
            await self._http.aclose()

    async def lines(self, namespace: str, pod: str, selection: Selection) -> AsyncIterator[str]:
        """Give the lines of a pod's log, each as `TIME TEXT`.

        Raises:
            NotFoundError, InvalidError, ForbiddenError, UnavailableError: the API server refuses,
                or cannot be reached.
        """
        http = self._http = self._http or self._connect()
        action = f"read the log of Pod {namespace}/{pod}"
        path = f"/api/v1/namespaces/{quote(namespace)}/pods/{quote(pod)}/log"
        # A sign-in plugin is a program, and may take its time.
        headers = await asyncio.to_thread(self._client.connection.authorization)
        try:
            async with http.stream(
                "GET",
                self._client.connection.host + path,
                params=dict(selection.query()),
                headers=headers,
                timeout=_FOLLOWING if selection.follow else _TIMEOUT,
            ) as answer:
                if not answer.is_success:
                    raise await _refusal(answer, action)
                async for line in _lines(answer.aiter_bytes()):
                    yield line
        except httpx.TransportError as error:
            raise errors.UnavailableError(
                f"Cannot {action}: {type(error).__name__}.", remedy="Try again in a moment."
            ) from error


async def _lines(chunks: AsyncIterator[bytes]) -> AsyncIterator[str]:
    rest = b""
    async for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            yield line.decode(errors="replace")
        if len(rest) > _LONGEST_LINE:
            yield rest.decode(errors="replace")
            rest = b""
    if rest:
        yield rest.decode(errors="replace")


async def _refusal(answer: httpx.Response, action: str) -> RosterError:
    body = b""
    async for chunk in answer.aiter_bytes():
        body = (body + chunk)[:_MAX_REFUSAL]
    return errors.translate(errors.Refusal(action=action, status=answer.status_code, body=body))
