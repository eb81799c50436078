"""Host headers on a loopback address: only names of this machine are answered.

Without this, a web site could point its own name at 127.0.0.1 and read the dashboard of whoever
visits it (DNS rebinding): to the browser both are one origin.
"""

import ipaddress
from collections.abc import Collection

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from controller.errors import UsageError


def is_loopback(host: str) -> bool:
    """Tell whether a host, as a name or an address, is this machine's loopback."""
    name = host.strip("[]").rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def check_listen(host: str, *, insecure_listen: bool) -> None:
    """Refuse an address that others can reach, unless the user insists.

    Raises:
        UsageError: the address is not loopback.
    """
    if insecure_listen or is_loopback(host):
        return
    raise UsageError(
        f"Roster does not listen on {host}: nobody signs in yet, so everyone who reaches that "
        "address could sync and read every application.",
        remedy="Listen on 127.0.0.1, or say --insecure-listen where something else guards the way.",
    )


class LoopbackHosts:
    """ASGI middleware that answers only requests whose Host is loopback or one of `others`."""

    def __init__(self, app: ASGIApp, *, others: Collection[str] = ()) -> None:
        self._app = app
        self._others = frozenset(name.lower() for name in others)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] != "http" or self._is_ours(Headers(scope=scope).get("host", "")):
            await self._app(scope, receive, send)
            return
        problem = {
            "error": "UnknownHost",
            "message": "This address is answered only under a name of this machine.",
            "remedy": "Use localhost or 127.0.0.1.",
        }
        await JSONResponse(problem, status_code=421)(scope, receive, send)

    def _is_ours(self, header: str) -> bool:
        host = header if header.endswith("]") else header.rpartition(":")[0] or header
        return is_loopback(host) or host.lower() in self._others
