"""An API server that fails on demand: it stands before a real one and passes everything on else.

A fault is decided at each request by rules, so that a test can say "the third write, after it was
done" and mean that very moment.
"""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import uvicorn
import yaml
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from controller.cluster.client import Client

WRITES = frozenset({"PATCH", "POST", "PUT", "DELETE"})
_PASSED_ON = frozenset({"accept", "authorization", "content-type", "user-agent"})

Rule = Callable[[Request], Response | None]
"""Answers in place of the server; None lets the request pass."""


def is_write(request: Request) -> bool:
    return request.method in WRITES and "dryRun" not in request.query_params


def is_watch(request: Request) -> bool:
    return request.query_params.get("watch") in {"1", "true"}


def status(code: int, reason: str) -> Response:
    """Refuse as an API server does."""
    body = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure"}
    body |= {"message": f"made up by a test: {reason}", "reason": reason, "code": code}  # type: ignore[dict-item] # JSON
    return JSONResponse(body, status_code=code, headers={"Retry-After": "0"} if code == 429 else {})


class _Silence(Response):
    """No answer, for longer than any client waits."""

    async def __call__(self, _scope: Scope, receive: Receive, _send: Send) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass


@dataclass
class FaultyServer:
    """What a test sees of it."""

    kubeconfig: Path
    before: list[Rule] = field(default_factory=list)
    after: list[Callable[[Request], None]] = field(default_factory=list)
    """Called when the real server has answered, and before the client hears of it."""
    _cuts: set[asyncio.Event] = field(default_factory=set)
    _loop: asyncio.AbstractEventLoop | None = None

    def fail(
        self, answer: Callable[[], Response], *, times: int, when: Callable[[Request], bool]
    ) -> None:
        """Answer the next requests of a kind so, then no more."""
        left = iter(range(times))

        def rule(request: Request) -> Response | None:
            return answer() if when(request) and next(left, None) is not None else None

        self.before.append(rule)

    def hang(self, *, times: int, when: Callable[[Request], bool]) -> None:
        """Leave the next requests of a kind without any answer."""
        self.fail(_Silence, times=times, when=when)

    def cut_streams(self) -> None:
        """Break every open watch in the middle, without a proper end."""
        assert self._loop is not None
        for cut in tuple(self._cuts):
            self._loop.call_soon_threadsafe(cut.set)


@contextlib.contextmanager
def faulty_server(kubeconfig: Path, folder: Path) -> Iterator[FaultyServer]:
    """Serve the cluster of a kubeconfig with faults, at an address in a kubeconfig of its own."""
    config = yaml.safe_load(kubeconfig.read_text())
    made = FaultyServer(kubeconfig=folder / "faulty.kubeconfig")
    server = uvicorn.Server(
        uvicorn.Config(_application(made, kubeconfig), port=0, log_level="critical", lifespan="on")
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        threading.Event().wait(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    config["clusters"][0]["cluster"] = {"server": f"http://127.0.0.1:{port}"}
    made.kubeconfig.write_text(yaml.safe_dump(config))
    try:
        yield made
    finally:
        made.cut_streams()
        server.should_exit = server.force_exit = True
        thread.join(60)


def _application(faults: FaultyServer, kubeconfig: Path) -> Starlette:
    upstream = Client.connect(kubeconfig, None).connection
    clients: list[httpx.AsyncClient] = []

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        faults._loop = asyncio.get_running_loop()
        async with httpx.AsyncClient(
            base_url=upstream.host,
            verify=upstream.tls(),
            timeout=None,
            trust_env=False,
            limits=httpx.Limits(max_connections=None),
        ) as client:
            clients.append(client)
            yield

    async def answer(request: Request) -> Response:
        body = await request.body()
        for rule in tuple(faults.before):
            if (made := rule(request)) is not None:
                return made
        return await _passed_on(faults, clients[0], request, body)

    methods = ["GET", "HEAD", *WRITES]
    return Starlette(routes=[Route("/{path:path}", answer, methods=methods)], lifespan=lifespan)


async def _passed_on(
    faults: FaultyServer, client: httpx.AsyncClient, request: Request, body: bytes
) -> Response:
    headers = {name: text for name, text in request.headers.items() if name in _PASSED_ON}
    sent = client.build_request(
        request.method,
        request.url.path,
        params=request.query_params.multi_items(),
        headers=headers,
        content=body,
    )
    answer = await client.send(sent, stream=True)
    media = {"content-type": answer.headers["content-type"]}
    if is_watch(request):
        return StreamingResponse(_watched(faults, answer), answer.status_code, media)
    content = await answer.aread()
    for told in tuple(faults.after):
        await asyncio.to_thread(told, request)
    return Response(content, answer.status_code, media)


async def _watched(faults: FaultyServer, answer: httpx.Response) -> AsyncIterator[bytes]:
    """Pass a stream on until it is cut; the error makes the server drop the connection."""
    cut = asyncio.Event()
    faults._cuts.add(cut)
    pieces = answer.aiter_raw()
    waiting = asyncio.ensure_future(cut.wait())
    piece: asyncio.Future[bytes | None] | None = None
    try:
        while True:
            piece = asyncio.ensure_future(anext(pieces, None))
            await asyncio.wait({piece, waiting}, return_when=asyncio.FIRST_COMPLETED)
            if waiting.done():
                raise ConnectionResetError("cut by a test")
            if (found := piece.result()) is None:
                return
            yield found
    finally:
        faults._cuts.discard(cut)
        waiting.cancel()
        if piece is not None:
            piece.cancel()
            with contextlib.suppress(asyncio.CancelledError, httpx.HTTPError, StopAsyncIteration):
                await piece
        await answer.aclose()
