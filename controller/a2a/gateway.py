"""Passing requests on to agents."""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from controller.errors import PermanentError, TransientError

CARD = ".well-known/agent-card.json"
USER = "admin@kagent.dev"
"""Who asks while nobody signs in: kagent's user in its mode `unsecure`."""
_TAILS = frozenset({"", CARD})
"""What may follow an agent's address. Anything else could lead a relay elsewhere: `..` below the
API server's proxy is the API server itself."""
_PASSED_ON = frozenset(
    {"accept", "a2a-extensions", "a2a-version", "content-type", "last-event-id"}
    | {"traceparent", "tracestate"}
)
"""Request headers that reach an agent. Not among them: credentials, cookies, and any header that
says who asks."""
_PASSED_BACK = frozenset({"a2a-version", "cache-control", "content-type", "etag"})
_CONFINED = {
    "content-security-policy": "sandbox; default-src 'none'",
    "x-content-type-options": "nosniff",
}
"""What an agent answers must not act as a page of the dashboard, whose origin it shares."""
_TIMEOUT = httpx.Timeout(30.0, connect=5.0, read=None)
"""An agent may think for minutes; a client that gives up closes its connection."""
_CARD_LIMIT_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstream:
    """Where an agent answers."""

    url: str
    """With a slash at the end."""
    headers: Mapping[str, str]
    """For whatever relays the request; a relay keeps its own credentials to itself."""


Find = Callable[[str, str], Upstream]
"""Finds an agent by namespace and name. Raises PermanentError where there is none, TransientError
where it cannot answer now."""


class Gateway:
    """Answers for all agents."""

    def __init__(self, find: Find, client: Callable[[], httpx.AsyncClient]) -> None:
        """Prepare to pass on.

        Args:
            find: by namespace and name.
            client: makes the HTTP client, in the event loop that it is used in.
        """
        self._find = find
        self._make_client = client
        self._client: httpx.AsyncClient | None = None

    async def close(self) -> None:
        """Close the connections to agents."""
        if self._client is not None:
            await self._client.aclose()

    async def answer(self, request: Request) -> Response:
        """Pass one request on to the agent in its path."""
        namespace, name = request.path_params["namespace"], request.path_params["name"]
        if request.headers.get("sec-fetch-site") in {"cross-site", "same-site"}:
            return _problem(403, "ForeignOrigin", "A page of another site sent this.", "")
        if request.path_params.get("tail", "") not in _TAILS:
            return _problem(404, "NotFound", "An agent answers at its address and card only.", "")
        try:
            upstream = self._find(namespace, name)
        except PermanentError as error:
            return _problem(404, "UnknownAgent", error.message, error.remedy)
        except TransientError as error:
            return _problem(503, "AgentNotReady", error.message, error.remedy)
        try:
            return await self._relay(request, upstream)
        except httpx.TransportError as error:
            message = f"The agent {namespace}/{name} did not answer: {type(error).__name__}."
            return _problem(503, "AgentNotReady", message, "Its pod's log says more.")

    async def _relay(self, request: Request, upstream: Upstream) -> Response:
        tail = request.path_params.get("tail", "")
        client = self._client = self._client or self._make_client()
        sent = client.build_request(
            request.method,
            upstream.url + tail,
            headers={**_request_headers(request), **upstream.headers},
            content=await request.body(),
            timeout=_TIMEOUT,
        )
        answer = await client.send(sent, stream=True)
        if tail == CARD and answer.is_success:
            return await _card(request, answer)
        return StreamingResponse(
            answer.aiter_raw(),
            status_code=answer.status_code,
            headers=_answer_headers(answer),
            background=BackgroundTask(answer.aclose),
        )


def _request_headers(request: Request) -> dict[str, str]:
    passed = {name: value for name, value in request.headers.items() if name in _PASSED_ON}
    # Compressed answers could not be read here without changing their bytes.
    return {**passed, "x-user-id": USER, "accept-encoding": "identity"}


def _answer_headers(answer: httpx.Response) -> dict[str, str]:
    passed = {name: value for name, value in answer.headers.items() if name in _PASSED_BACK}
    return {**passed, **_CONFINED}


async def _card(request: Request, answer: httpx.Response) -> Response:
    """The agent's card, with the gateway's address in place of the agent's own."""
    try:
        card = httpx.Response(200, content=await _bounded(answer.aiter_bytes())).json()
    finally:
        await answer.aclose()
    place = f"{str(request.base_url).rstrip('/')}{request.url.path.removesuffix(CARD)}"
    return JSONResponse(rewritten(card, place))


async def _bounded(chunks: AsyncIterator[bytes]) -> bytes:
    content = b""
    async for chunk in chunks:
        content += chunk
        if len(content) > _CARD_LIMIT_BYTES:
            raise httpx.ReadError("the card is larger than 1 MiB")
    return content


def rewritten(card: Mapping[str, Any], url: str) -> dict[str, Any]:
    """Give the card with every address replaced; signatures, which would not fit any more, go."""
    changed = {key: value for key, value in card.items() if key != "signatures"}
    if "url" in changed:
        changed["url"] = url
    if isinstance(changed.get("supportedInterfaces"), list):
        changed["supportedInterfaces"] = [
            {**interface, "url": url} for interface in changed["supportedInterfaces"]
        ]
    return changed


def _problem(status: int, error: str, message: str, remedy: str) -> Response:
    body = {"error": error, "message": message, "remedy": remedy}
    return JSONResponse(body, status_code=status)
