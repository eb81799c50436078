"""Puts the API server together and serves it over HTTPS."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

import uvicorn

from controller.local.apiserver import bootstrap
from controller.local.apiserver.asgi import App
from controller.local.apiserver.background import Background
from controller.local.apiserver.definitions import RESOURCE, Definitions, resources_of
from controller.local.apiserver.delegates import Delegates
from controller.local.apiserver.garbage import Collector
from controller.local.apiserver.identity import Tokens
from controller.local.apiserver.namespaces import Namespaces
from controller.local.apiserver.resources import Registry
from controller.local.apiserver.storage import Key, Storage
from controller.local.apiserver.store import Store
from controller.local.apiserver.verbs import Verbs
from controller.local.certificates import Certificates

# How many connections may wait to be accepted: clients open many at once.
_BACKLOG = 512
# Watches are told to end first; after this the rest is cut off.
_SHUTDOWN_S = 2


def open_store(folder: Path) -> Store:
    """Open a folder's objects, without anything that serves or acts on them.

    Raises:
        FolderInUseError: another process has the folder.
    """
    storage, registry = Storage(folder), Registry()
    for definition in storage.scan(RESOURCE):
        registry.add_custom(definition["metadata"]["name"], resources_of(definition))
    return Store(Verbs(storage, registry), Tokens(folder, storage))


class ApiServer:
    """One folder's objects behind one address.

    Made, it has opened the folder and knows its address; `start` makes it answer.
    """

    def __init__(
        self,
        folder: Path,
        *,
        host: str,
        port: int,
        files: Certificates,
        failed: Callable[[Exception, Key], None],
    ) -> None:
        """Open the folder and the port.

        Raises:
            FolderInUseError: another process has the folder.
            OSError: the port is taken.
        """
        self.store = open_store(folder)
        """The API for this process."""
        verbs = self.store.verbs
        self._storage, registry = verbs.storage, verbs.registry
        self._socket = _listen(host, port)
        self._host, self._port = host, self._socket.getsockname()[1]
        self._app = App(verbs, self.store.tokens, address=f"{host}:{self._port}")
        loops = (
            Definitions(verbs, registry),
            Collector(verbs),
            Namespaces(verbs, files.authority.read_text()),
        )
        self._background = Background(verbs, loops, failed)
        bootstrap.furnish(verbs, port=self._port)
        self._storage.finish_bootstrap()
        self._background.look_at(self._storage)
        self._server = _server(self._app, files)
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def url(self) -> str:
        """Where the server is reached."""
        shown = f"[{self._host}]" if ":" in self._host else self._host
        return f"https://{shown}:{self._port}"

    @property
    def admin_token(self) -> str:
        """The token that may do everything."""
        return self.store.tokens.admin_token

    def delegate_to(self, workloads: Delegates) -> None:
        """Let logs and proxied requests be answered by the workloads."""
        self._app.delegates = workloads

    async def start(self) -> None:
        """Begin to answer; returns when requests are accepted."""
        await self._background.settle()
        serving = asyncio.create_task(self._server.serve(sockets=[self._socket]))
        self._tasks = [serving, asyncio.create_task(self._background.run())]
        # uvicorn tells by a flag, not by an event, that it has started.
        while not self._server.started and not serving.done():  # noqa: ASYNC110 -- see above
            await asyncio.sleep(0.005)
        if serving.done():
            await serving

    async def stop(self) -> None:
        """End watches, finish requests, and close the folder."""
        self._app.close_streams()
        self._server.should_exit = True
        serving, *others = self._tasks
        await serving
        for task in others:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        self._storage.close()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol named, asyncio turns Nagle's delay off, which would cost 40 ms an event.
    made = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind((host, port))
    made.listen(_BACKLOG)
    return made


def _server(app: App, files: Certificates) -> uvicorn.Server:
    config = uvicorn.Config(
        app,
        ssl_certfile=files.server,
        ssl_keyfile=files.key,
        ssl_version=ssl.PROTOCOL_TLS_SERVER,
        log_config=None,
        access_log=False,
        lifespan="off",
        ws="none",
        server_header=False,
        date_header=False,
        timeout_keep_alive=120,
        timeout_graceful_shutdown=_SHUTDOWN_S,
        backlog=_BACKLOG,
    )
    return _QuietServer(config)


class _QuietServer(uvicorn.Server):
    """Leaves signals to the process, which has more than this server to stop."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Do nothing about signals."""
        yield
