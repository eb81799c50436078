"""The server: uvicorn in a thread of its own, on a socket that is bound before it starts."""

import errno
import socket
import threading

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from controller.api.hosts import LoopbackHosts, check_listen, is_loopback
from controller.api.stream import STOPPING
from controller.errors import PermanentError, UsageError

START_TIMEOUT_S = 60.0
KEEP_ALIVE_S = 75
"""How long an idle connection stays open. kagent-adk closes its own after 5 s, and does not try
again when a request meets one that was closed here first."""
GRACE_S = 3.0
"""How long requests under way may take to finish after `stop`."""
_CLOSING_S = 15.0
"""How long the rest may take, which is to close connections: less than a second where nothing else
runs on the machine."""


class Server:
    """Serves an ASGI application from `start` to `stop`."""

    def __init__(
        self,
        asgi: ASGIApp,
        host: str,
        port: int,
        *,
        insecure_listen: bool = False,
        asks_everyone: bool = False,
    ) -> None:
        """Prepare the server.

        Args:
            asgi: What answers.
            host: Name or address to listen on.
            port: 0 lets the system choose.
            insecure_listen: Whether others may reach the address although nobody signs in.
            asks_everyone: Whether the application asks every caller who he is: then it may be
                reached by others, and under any name.

        Raises:
            UsageError: others can reach the address, and `insecure_listen` is not set.
        """
        check_listen(host, insecure_listen=insecure_listen or asks_everyone)
        self._host = host
        self._port = port
        self._stopping = threading.Event()
        guarded = LoopbackHosts(asgi) if is_loopback(host) and not asks_everyone else asgi
        self._uvicorn = _Uvicorn(_config(self._telling(guarded)))
        self._socket: socket.socket | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Address for a browser on this machine; known once started."""
        host = self._host
        if host in {"0.0.0.0", "::", ""}:  # noqa: S104 - compared with, not bound to
            host = "127.0.0.1"
        return f"http://{f'[{host}]' if ':' in host else host}:{self._port}"

    def start(self) -> None:
        """Bind the address and serve.

        Raises:
            UsageError: the address cannot be bound, with the reason.
            PermanentError: the application did not start.
        """
        self._socket = _bound(self._host, self._port)
        self._port = self._socket.getsockname()[1]
        self._thread = threading.Thread(
            target=self._uvicorn.run, args=([self._socket],), name="api", daemon=True
        )
        self._thread.start()
        if not (self._uvicorn.settled.wait(START_TIMEOUT_S) and self._uvicorn.started):
            self.stop()
            raise PermanentError("The API did not start.", remedy="Its log lines say why.")

    def stop(self) -> None:
        """End open streams, let requests under way finish, and close the address."""
        self._stopping.set()
        self._uvicorn.should_exit = True
        if self._thread is not None:
            self._thread.join(GRACE_S + _CLOSING_S)
        if self._socket is not None:
            self._socket.close()

    def _telling(self, asgi: ASGIApp) -> ASGIApp:
        """Let streams see that the server is stopping: uvicorn waits for them to end."""

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await asgi({**scope, STOPPING: self._stopping.is_set}, receive, send)

        return app


class _Uvicorn(uvicorn.Server):
    """uvicorn that says when it serves, or will not."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.settled = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        try:
            await super().startup(sockets)
        finally:
            self.settled.set()


def _config(asgi: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(
        asgi,
        lifespan="on",
        log_config=None,  # telemetry routes every logger
        access_log=False,
        server_header=False,
        proxy_headers=False,
        ws="none",
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=int(GRACE_S),
    )


def _bound(host: str, port: int) -> socket.socket:
    name = host.strip("[]")
    family = socket.AF_INET6 if ":" in name else socket.AF_INET
    # Where the protocol is not named, asyncio leaves Nagle's algorithm on, and every answer of
    # several parts, such as an event of a stream, waits up to 40 ms for an acknowledgement.
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((name, port))
    except OSError as error:
        bound.close()
        reason = "it is in use" if error.errno == errno.EADDRINUSE else str(error.strerror or error)
        raise UsageError(
            f"Roster cannot listen on {host}:{port}: {reason}.",
            remedy="Choose another address with --listen, or stop what uses this one.",
        ) from error
    return bound
