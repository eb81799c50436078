"""ASGI applications on a port of this machine, each in a thread of its own."""

import secrets
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import uvicorn


@contextmanager
def refusing() -> Iterator[int]:
    """A port that refuses connections: it is taken, so nobody else gets it, and not listened on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


def spare_port() -> int:
    """A port for a process that cannot choose one, from below those that systems give away.

    One of the latter would often be taken by a connection of somebody else until that process
    listens, seconds later.
    """
    while True:
        port = 20_000 + secrets.randbelow(12_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@contextmanager
def running(create: Callable[[str], Any], log_level: str = "error") -> Iterator[str]:
    """The address of an ASGI application, which is told its address when it is created."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        config = uvicorn.Config(create(url), log_level=log_level, timeout_graceful_shutdown=1)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        try:
            yield url
        finally:
            server.should_exit = True
            thread.join(60)
            assert not thread.is_alive()
