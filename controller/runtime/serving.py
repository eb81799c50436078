"""One HTTP server for every process of this package: uvicorn with the same manners everywhere."""

import time
from types import FrameType
from typing import Any

import uvicorn

DRAIN_S = 20
"""Seconds that requests under way get after SIGTERM; below Kubernetes' grace period of 30 s."""


class Drain:
    """How much time what is under way still has; it runs from the moment of SIGTERM."""

    def __init__(self, limit_s: int = DRAIN_S) -> None:
        self.limit_s = limit_s
        self._since: float | None = None

    def begin(self) -> None:
        """Note that the server was told to stop."""
        if self._since is None:
            self._since = time.monotonic()

    def left_s(self) -> float:
        """Seconds that are left."""
        gone = time.monotonic() - self._since if self._since is not None else 0.0
        return max(self.limit_s - gone, 0.0)


def serve(app: Any, *, host: str, port: int, drain: Drain | None = None) -> None:
    """Answer requests until SIGTERM or SIGINT, then let those under way finish."""
    drain = drain or Drain()
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=drain.limit_s,
        # An HTTP proxy or gateway in front may keep idle connections for a while: outlive it.
        timeout_keep_alive=75,
    )
    _Server(config, drain).run()


class _Server(uvicorn.Server):
    """Notes when it is told to stop: uvicorn tells the application only when it has stopped."""

    def __init__(self, config: uvicorn.Config, drain: Drain) -> None:
        super().__init__(config)
        self._drain = drain

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._drain.begin()
        super().handle_exit(sig, frame)
