"""One HTTP server for every process of this package: uvicorn with the same manners everywhere."""

from typing import Any

import uvicorn

DRAIN_S = 20
"""Seconds that requests under way get after SIGTERM; below Kubernetes' grace period of 30 s."""


def serve(app: Any, *, host: str, port: int, drain_s: int = DRAIN_S) -> None:
    """Answer requests until SIGTERM or SIGINT, then let those under way finish."""
    uvicorn.run(
        app,
        host=host,
        port=port,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=drain_s,
        # An HTTP proxy or gateway in front may keep idle connections for a while: outlive it.
        timeout_keep_alive=75,
    )
