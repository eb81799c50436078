"""The second address: for agents in a cluster, and for nothing but what they store.

The first one is for people, and stays on loopback while nobody can sign in. Here every caller has
to be an agent, and to prove it.
"""

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from controller.api.bodies import is_conversation

SCOPE = "roster.agents_only"
"""Key of the ASGI scope by which views know that a request came in here."""


class AgentsOnly:
    """ASGI middleware that passes on what agents ask a controller for, marked as such."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer 404."""
        if scope["type"] != "http" or is_conversation(scope["path"]):
            await self._app({**scope, SCOPE: True}, receive, send)
            return
        problem = {
            "error": "NotFound",
            "message": "This address is for what agents store.",
            "remedy": "Dashboard and API are at the address that `listen` names.",
        }
        await JSONResponse(problem, status_code=404)(scope, receive, send)
