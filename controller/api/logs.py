"""`/api/v1/applications/{name}/logs`: logs of an application's pods, in Argo CD's shape.

An ASGI view, so that an open log costs a connection and no thread. Lines are JSON, one an entry;
whoever prefers `text/plain` or `text/event-stream` says so in Accept.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import orjson
import pydantic
import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from controller.api import tree
from controller.api.problems import Problem, ProblemError, explained, not_found, of_error
from controller.api.services import Scrub, Services
from controller.api.stream import MAX_STREAMS, PING_S, is_stopping
from controller.cluster.logs import PodLogs, Selection
from controller.errors import RosterError
from controller.objects import ObjectKey
from controller.telemetry import redact

_log = structlog.get_logger(__name__)

MAX_PODS = 20
"""Pods whose logs one request may mix."""
MAX_LINES = 10_000
_TICK_S = 0.5
_FIRST_S = 2.0
"""How long a followed pod may be silent before the answer begins without a line."""
_BACKLOG = 1000


class LogsQuery(pydantic.BaseModel):
    """Whose log, and which part of it, in Argo CD's words."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    podName: Annotated[str, pydantic.Field(max_length=253, description="One pod.")] = ""  # noqa: N815 - the name on the wire
    namespace: Annotated[
        str, pydantic.Field(max_length=253, description="Of the pod or object.")
    ] = ""
    kind: Annotated[
        str, pydantic.Field(max_length=253, description="With resourceName: the pods below it.")
    ] = ""
    group: Annotated[str, pydantic.Field(max_length=253)] = ""
    resourceName: Annotated[str, pydantic.Field(max_length=253)] = ""  # noqa: N815 - the name on the wire
    container: Annotated[
        str, pydantic.Field(max_length=253, description="Else the only one, or the pod's default.")
    ] = ""
    follow: Annotated[bool, pydantic.Field(description="Go on with what is to come.")] = False
    previous: Annotated[bool, pydantic.Field(description="The run before the restart.")] = False
    tailLines: Annotated[  # noqa: N815 - the name on the wire
        int, pydantic.Field(ge=0, le=MAX_LINES, description="Lines of each pod, from the end.")
    ] = 500
    sinceSeconds: Annotated[  # noqa: N815 - the name on the wire
        int | None, pydantic.Field(ge=1, le=10**9, description="Only lines of the last seconds.")
    ] = None
    filter: Annotated[
        str,
        pydantic.Field(
            max_length=1000,
            description="Only lines with this text in them, or with a `!` before it, without it.",
        ),
    ] = ""

    def selection(self) -> Selection:
        """Give what the API server is asked for."""
        return Selection(
            container=self.container,
            follow=self.follow,
            previous=self.previous,
            tail_lines=self.tailLines,
            since_seconds=self.sinceSeconds,
        )

    def takes(self, text: str) -> bool:
        """Tell whether a line is wanted."""
        wanted, unwanted = self.filter.lower(), self.filter.startswith("!")
        return not wanted or (wanted.removeprefix("!") in text.lower()) is not unwanted


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of a log."""

    time: str
    text: str
    pod: str

    def json(self) -> bytes:
        """Give it as Argo CD does."""
        result = {"content": self.text, "timeStampStr": self.time, "podName": self.pod}
        return orjson.dumps({"result": {**result, "timeStamp": self.time, "last": False}}) + b"\n"

    def line(self) -> bytes:
        """Give the bare text."""
        return self.text.encode() + b"\n"

    def event(self) -> bytes:
        """Give it as a server-sent event."""
        return b"event: line\ndata: " + self.json() + b"\n"


_FORMS: Mapping[str, Callable[[Entry], bytes]] = {
    "application/x-ndjson": Entry.json,
    "text/event-stream": Entry.event,
    "text/plain": Entry.line,
}


class Logs:
    """Answers for the logs of all applications."""

    def __init__(self, services: Services, pods: PodLogs) -> None:
        """Prepare to answer.

        Args:
            services: tells which pods an application has.
            pods: reads a pod's log.
        """
        self._services = services
        self._pods = pods
        self._open = 0

    async def answer(self, request: Request) -> Response:
        """Answer one request."""
        try:
            query = LogsQuery.model_validate(dict(request.query_params))
            if self._open >= MAX_STREAMS:
                raise ProblemError(503, "TooManyStreams", "Too many logs are open already.")
            name = request.path_params["name"]
            pods = await asyncio.to_thread(self._chosen, name, query)
            return await self._stream(request, query, pods, self._services.scrubber(name))
        except pydantic.ValidationError as error:
            return _problem(400, explained(error))
        except RosterError as error:
            return _problem(*of_error(error))

    def _chosen(self, name: str, query: LogsQuery) -> tuple[ObjectKey, ...]:
        """Give the pods that are meant; only those of the application can be.

        Raises:
            ProblemError: 404, there is no such pod or object; 400, there are too many.
        """
        record = self._services.store.application(name)
        if record is None:
            raise not_found()
        sight = tree.Sight(live=self._services.live_object, children=self._services.children)
        roots: Sequence[tree.Node] = tree.of(record, sight)
        if query.resourceName:
            key = ObjectKey(query.group, query.kind, query.namespace, query.resourceName)
            roots = [node for root in roots for node in root.walk() if _is_meant(node.key, key)]
        found = [node.key for node in tree.pods(roots) if query.podName in {"", node.key.name}]
        if not found:
            raise not_found("pod")
        if len(found) > MAX_PODS:
            raise ProblemError(
                400,
                "TooManyPods",
                f"There are {len(found)} pods.",
                remedy="Name a pod, or an object with kind and resourceName.",
            )
        return tuple(found)

    async def _stream(
        self, request: Request, query: LogsQuery, pods: Sequence[ObjectKey], scrub: Scrub
    ) -> Response:
        entries = self._entries(request, query, pods, scrub)
        first = await anext(entries, None)
        if isinstance(first, RosterError) and len(pods) == 1:
            await entries.aclose()
            return _problem(*of_error(first))
        media_type = _preferred(request.headers.get("accept", ""))
        return StreamingResponse(
            self._counted(entries, first, _FORMS[media_type], media_type),
            media_type=media_type,
            headers={
                "Cache-Control": "no-store",
                "X-Accel-Buffering": "no",
                "X-Content-Type-Options": "nosniff",
                "Cross-Origin-Resource-Policy": "same-origin",
            },
        )

    async def _counted(
        self,
        entries: AsyncGenerator[Entry | RosterError | None, None],
        first: Entry | RosterError | None,
        form: Callable[[Entry], bytes],
        media_type: str,
    ) -> AsyncIterator[bytes]:
        self._open += 1
        silent_s = 0.0
        try:
            if media_type == "text/event-stream":
                yield b": hello\n\n"
            if isinstance(first, Entry):
                yield form(first)
            async for entry in entries:
                silent_s = silent_s + _TICK_S if entry is None else 0.0
                if isinstance(entry, Entry):
                    yield form(entry)
                elif silent_s >= PING_S and media_type == "text/event-stream":
                    silent_s = 0.0
                    yield b": ping\n\n"
            if media_type == "text/event-stream":
                yield b"event: end\ndata: {}\n\n"
        finally:
            self._open -= 1

    async def _entries(
        self, request: Request, query: LogsQuery, pods: Sequence[ObjectKey], scrub: Scrub
    ) -> AsyncGenerator[Entry | RosterError | None, None]:
        """Give lines as they come, in the order of time where nothing is followed.

        None is a moment of silence, so that a reader sees that the server is stopping.
        """

        def stopping() -> bool:
            return is_stopping(request.scope)

        sources = [self._of_pod(key, query, scrub) for key in pods]
        if query.follow:
            async for entry in merged(sources, stopping):
                yield entry
            return
        everything = [entry async for entry in merged(sources, stopping) if entry is not None]
        for problem in everything:
            if isinstance(problem, RosterError):
                yield problem
        lines = [entry for entry in everything if isinstance(entry, Entry)]
        for entry in sorted(lines, key=lambda entry: entry.time):
            yield entry

    async def _of_pod(
        self, key: ObjectKey, query: LogsQuery, scrub: Scrub
    ) -> AsyncIterator[Entry | RosterError]:
        try:
            async for line in self._pods.lines(key.namespace, key.name, query.selection()):
                time, _, text = line.partition(" ")
                if query.takes(text):
                    yield Entry(time=time, text=redact(scrub(text)), pod=key.name)
        except RosterError as error:
            yield error


async def merged(
    sources: Sequence[AsyncIterator[Entry | RosterError]], stopping: Callable[[], bool]
) -> AsyncGenerator[Entry | RosterError | None, None]:
    """Give what comes from several sources until all have ended, or the server stops.

    None stands for a moment in which nothing came.
    """
    queue: asyncio.Queue[Entry | RosterError | _End] = asyncio.Queue(_BACKLOG)
    tasks = [asyncio.create_task(_pump(source, queue)) for source in sources]
    running, timeout_s = len(tasks), _FIRST_S
    try:
        while running and not stopping():
            try:
                async with asyncio.timeout(timeout_s):
                    entry = await queue.get()
            except TimeoutError:
                yield None
            else:
                if isinstance(entry, _End):
                    running -= 1
                else:
                    yield entry
            timeout_s = _TICK_S
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class _End:
    """A source has no more."""


async def _pump(
    source: AsyncIterator[Entry | RosterError],
    queue: "asyncio.Queue[Entry | RosterError | _End]",
) -> None:
    try:
        async for entry in source:
            await queue.put(entry)
    except asyncio.CancelledError:
        raise  # nobody reads any more, and a full queue would wait for ever
    except Exception:  # noqa: BLE001 - a bug here must not leave the reader waiting
        _log.exception("log_failed")
    await queue.put(_End())


def _is_meant(key: ObjectKey, wanted: ObjectKey) -> bool:
    """Compare by the parts that were given: a kind is rarely in two groups, or namespaces."""
    return key.name == wanted.name and all(
        not getattr(wanted, part) or getattr(key, part) == getattr(wanted, part)
        for part in ("kind", "group", "namespace")
    )


def _preferred(accept: str) -> str:
    asked = [part.partition(";")[0].strip() for part in accept.split(",")]
    if "text/html" in asked:  # a browser, which shows bare text
        return "text/plain"
    return next((media_type for media_type in asked if media_type in _FORMS), next(iter(_FORMS)))


def _problem(status: int, problem: Problem) -> Response:
    body: dict[str, Any] = problem.model_dump()
    return JSONResponse(body, status_code=status)
