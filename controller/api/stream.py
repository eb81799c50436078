"""Changes of applications as server-sent events, in Argo CD's shape, without a thread a stream.

One look at the store every half second serves every open stream; each stream compares what it sent
last with what there is, so that a slow reader gets the newest state and never a backlog.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.types import Scope

from controller import telemetry
from controller.api import present
from controller.api.problems import not_found, of_error
from controller.state.records import ApplicationRecord

INTERVAL_S = 0.5
PING_S = 15.0
MAX_STREAMS = 1000
STOPPING = "roster.stopping"
"""Key of the ASGI scope under which the server tells, as a callable, that it is stopping."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An application at one version: how a stream tells that it changed, and what it sends."""

    version: str
    application: bytes


def is_stopping(scope: Scope) -> bool:
    """Tell whether the server that answers a request is about to stop."""
    return bool(scope.get(STOPPING, lambda: False)())


class Changes:
    """What the store holds, looked at while anybody listens."""

    def __init__(
        self,
        applications: Callable[[], tuple[ApplicationRecord, ...]],
        *,
        interval_s: float = INTERVAL_S,
    ) -> None:
        self._applications = applications
        self._interval_s = interval_s
        self._seen: dict[str, tuple[ApplicationRecord, Entry]] = {}
        self._looked_at = float("-inf")
        self._looking = asyncio.Lock()
        self.streams = 0

    async def entries(self) -> Mapping[str, Entry]:
        """Give every application, at most one interval old."""
        async with self._looking:
            now = asyncio.get_running_loop().time()
            if now - self._looked_at >= self._interval_s:
                self._seen = await asyncio.to_thread(self._look)
                self._looked_at = asyncio.get_running_loop().time()
            return {name: entry for name, (_, entry) in self._seen.items()}

    async def follow(
        self, name: str | None, since: str, stopping: Callable[[], bool]
    ) -> AsyncIterator[bytes]:
        """Yield events as they go over the wire: the first at once, unless `since` is current."""
        sent: Mapping[str, Entry] = {}
        silent_s = 0.0
        first = True
        while not stopping():
            now = _chosen(await self.entries(), name)
            if first and since and since == token(_versions(now)):
                sent = now
            events = b"".join(_events(sent, now))
            if events or first:
                yield b": hello\n\n" + events if first else events
                silent_s = 0.0
            elif silent_s >= PING_S:
                yield b": ping\n\n"
                silent_s = 0.0
            sent, first = now, False
            await asyncio.sleep(self._interval_s)
            silent_s += self._interval_s

    def _look(self) -> dict[str, tuple[ApplicationRecord, Entry]]:
        """Read the store; a record that is still the same object needs no second look."""
        found: dict[str, tuple[ApplicationRecord, Entry]] = {}
        for record in self._applications():
            known = self._seen.get(record.spec.name)
            if known is not None and known[0] is record:
                found[record.spec.name] = known
            else:
                found[record.spec.name] = (record, _entry(record))
        return found


def token(versions: Mapping[str, str]) -> str:
    """Give a text that stands for the versions of some applications, by name."""
    joined = "".join(f"{name}={versions[name]};" for name in sorted(versions))
    return hashlib.sha256(joined.encode()).hexdigest()[:16]


async def stream_applications(request: Request) -> Response:
    """Answer with a stream of changes to all applications, or to the one in `?name=`."""
    return await _stream(request, request.query_params.get("name"))


async def stream_application(request: Request) -> Response:
    """Answer with a stream of changes to the application in the path."""
    name = request.path_params["name"]
    if name not in await request.app.state.changes.entries():
        return JSONResponse(of_error(not_found())[1].model_dump(), status_code=404)
    return await _stream(request, name)


async def _stream(request: Request, name: str | None) -> Response:
    changes: Changes = request.app.state.changes
    if changes.streams >= MAX_STREAMS:
        problem = {
            "error": "TooManyStreams",
            "message": f"There are {MAX_STREAMS} open streams already.",
            "remedy": "Close some, or ask again later.",
        }
        return JSONResponse(problem, status_code=503, headers={"Retry-After": "30"})
    since = request.headers.get("last-event-id") or request.query_params.get("since", "")
    events = changes.follow(name, since, lambda: is_stopping(request.scope))
    return StreamingResponse(
        _counted(changes, events),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _counted(changes: Changes, events: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    changes.streams += 1
    telemetry.STREAMS.set(changes.streams)
    try:
        async for event in events:
            yield event
    finally:
        changes.streams -= 1
        telemetry.STREAMS.set(changes.streams)


def _entry(record: ApplicationRecord) -> Entry:
    brief = present.brief_application(record)
    return Entry(brief.metadata.resource_version, brief.model_dump_json(by_alias=True).encode())


def _versions(entries: Mapping[str, Entry]) -> dict[str, str]:
    return {name: entry.version for name, entry in entries.items()}


def _chosen(entries: Mapping[str, Entry], name: str | None) -> Mapping[str, Entry]:
    return entries if name is None else {key: entries[key] for key in entries if key == name}


def _events(sent: Mapping[str, Entry], now: Mapping[str, Entry]) -> list[bytes]:
    """Give what changed; the last event carries the id that a reader comes back with."""
    found = []
    for name in sorted({*sent, *now}):
        before, after = sent.get(name), now.get(name)
        if before is None and after is not None:
            found.append(_message("ADDED", after))
        elif after is None and before is not None:
            found.append(_message("DELETED", before))
        elif before is not None and after is not None and before.version != after.version:
            found.append(_message("MODIFIED", after))
    if found:
        found[-1] = b"id: " + token(_versions(now)).encode() + b"\n" + found[-1]
    return found


def _message(kind: str, entry: Entry) -> bytes:
    data = orjson.dumps(
        {"result": {"type": kind, "application": orjson.Fragment(entry.application)}}
    )
    return b"event: application\ndata: " + data + b"\n\n"
