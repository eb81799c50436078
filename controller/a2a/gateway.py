"""All agents of the cluster under one address: `/api/a2a/{namespace}/{name}/`.

An agent that speaks the client's protocol version gets the client's bytes and the client the
agent's; between versions the a2a-sdk translates. Whoever cannot be served is told why.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import lru_cache
from time import perf_counter
from types import ModuleType
from typing import Any

import httpx
import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from controller import telemetry
from controller.a2a import calls, cards, headers, relay, shares, sites
from controller.a2a.calls import Call, UnknownVersionError, Version
from controller.a2a.relay import Reply
from controller.a2a.shares import FindLink, Link, LinkRefusedError
from controller.a2a.upstream import Find, Upstream
from controller.a2a.versions import Versions
from controller.errors import PermanentError, TransientError

CARD = ".well-known/agent-card.json"
MAX_BODY_BYTES = 16 * 1024 * 1024
"""A message may carry files. Whoever mounts the gateway bounds bodies with this."""
_TAILS = {"": "", CARD: CARD, ".well-known/agent.json": CARD}
"""What may follow an agent's address, and what stands for it. Anything else could lead a relay
elsewhere: `..` below the API server's proxy is the API server itself."""
_CARD_LIMIT_BYTES = 1024 * 1024
_REFUSAL_LIMIT_BYTES = 64 * 1024
_INTERNAL_ERROR = -32603
_BUSY_RETRY_S = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """A request with everything that is known before its agent is asked."""

    request: Request
    agent: str
    """`namespace/name`."""
    upstream: Upstream
    onward: Mapping[str, str]
    """Headers of the request to the agent."""
    content: bytes
    """Body of the request to the agent."""
    call: Call
    version: Version
    """That the client speaks."""

    @property
    def place(self) -> str:
        """The agent's address at the gateway, as the client knows it."""
        return f"{str(self.request.base_url).rstrip('/')}/api/a2a/{self.agent}/"


class _RefusedError(Exception):
    """The request ends with this answer."""

    def __init__(self, response: Response) -> None:
        super().__init__()
        self.response = response


class Gateway:
    """Answers for all agents, as an ASGI application."""

    def __init__(
        self,
        find: Find,
        client: Callable[[], httpx.AsyncClient],
        *,
        find_link: FindLink = shares.nowhere,
        max_open: int = 256,
        is_stopping: Callable[[Scope], bool] = lambda _: False,
    ) -> None:
        """Prepare to pass on.

        Args:
            find: by namespace and name.
            client: makes the HTTP client, in the event loop that it is used in.
            find_link: what a token of a shared conversation leads to.
            max_open: requests that one agent may have under way, streams included.
            is_stopping: whether the server that has this request is about to stop.
        """
        self._find = find
        self._find_link = find_link
        self._make_client = client
        self._made_client: httpx.AsyncClient | None = None
        self._max_open = max_open
        self._is_stopping = is_stopping
        self._open: Counter[str] = Counter()
        self._versions = Versions()

    async def close(self) -> None:
        """Close the connections to agents."""
        if self._made_client is not None:
            await self._made_client.aclose()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; a client that goes away closes its connection to the agent."""
        reply, request = Reply(send), Request(scope, receive)
        await request.body()

        def is_stopping() -> bool:
            return self._is_stopping(scope)

        try:
            await relay.while_present(self._answer(request, reply), receive, is_stopping)
        except httpx.TransportError:
            # The answer had begun: all that can be done is to cut it off.
            return
        if not reply.status and is_stopping():
            await _problem(503, "Stopping", "Roster is stopping.", "Ask again in a moment.")(
                scope, receive, send
            )

    async def _answer(self, request: Request, reply: Reply) -> None:
        started = perf_counter()
        labels = {"agent": "none", "version": "none", "translated": "false"}
        try:
            asked = await self._asked(request)
            labels |= {"agent": asked.agent, "version": asked.version}
            with self._counted(asked):
                response = await self._ask(asked, reply, labels)
                if response is not None:
                    await response(request.scope, request.receive, reply)
        except _RefusedError as refused:
            await refused.response(request.scope, request.receive, reply)
        finally:
            telemetry.A2A_REQUEST_DURATION.labels(**labels, code=reply.status).observe(
                perf_counter() - started
            )

    async def _asked(self, request: Request) -> _Asked:
        """Look at everything that can be refused without asking the agent."""
        given = request.headers
        if sites.is_foreign(
            site=given.get("sec-fetch-site"), origin=given.get("origin"), host=given.get("host", "")
        ):
            raise _refused(403, "ForeignOrigin", "A page of another site sent this.", "")
        if request.path_params.get("tail", "") not in _TAILS:
            raise _refused(404, "NotFound", "An agent answers at its address and card only.", "")
        namespace, name = request.path_params["namespace"], request.path_params["name"]
        try:
            upstream = self._find(namespace, name)
        except PermanentError as error:
            raise _refused(404, "UnknownAgent", error.message, error.remedy) from error
        except TransientError as error:
            raise _refused(503, "AgentNotReady", error.message, error.remedy) from error
        content = await request.body()
        call = Call.of(content)
        link = await self._link(request, call)
        return _Asked(
            request=request,
            agent=f"{namespace}/{name}",
            upstream=upstream,
            onward=headers.onward(
                request.headers,
                passes=upstream.passes,
                relay=upstream.headers,
                owner=link.user if link else None,
            ),
            content=call.body() if link and content else content,
            call=call,
            version=_version(request, call),
        )

    async def _link(self, request: Request, call: Call) -> Link | None:
        """Give the conversation in which the client acts by a token, None where it shows none."""
        token = request.headers.get(headers.TOKEN_HEADER)
        if token is None:
            return None
        place = request.path_params["namespace"], request.path_params["name"]
        link = await asyncio.to_thread(self._find_link, token, *place)
        if link is None:
            raise _refused(403, "Forbidden", "This link leads nowhere.", "Ask for another.")
        if request.method == "POST":
            try:
                await shares.check(link, call)
            except LinkRefusedError as error:
                raise _refused(403, "Forbidden", error.message, error.remedy) from error
        return link

    @contextmanager
    def _counted(self, asked: _Asked) -> Iterator[None]:
        """Bound what one agent has under way."""
        if self._open[asked.agent] >= self._max_open:
            message = f"The agent {asked.agent} has {self._max_open} requests under way already."
            raise _refused(
                429, "TooManyRequests", message, "Ask again in a moment.", retry_s=_BUSY_RETRY_S
            )
        self._open[asked.agent] += 1
        streams = telemetry.A2A_OPEN_STREAMS.labels(agent=asked.agent)
        streams.inc(int(asked.call.is_stream))
        try:
            yield
        finally:
            streams.dec(int(asked.call.is_stream))
            self._open[asked.agent] -= 1
            if not self._open[asked.agent]:
                del self._open[asked.agent]

    async def _ask(self, asked: _Asked, reply: Reply, labels: dict[str, str]) -> Response | None:
        """Ask the agent, and give the answer, or send it on as it arrives and give none."""
        try:
            if _TAILS[asked.request.path_params.get("tail", "")] == CARD:
                return await self._card(asked)
            spoken = asked.version
            if asked.request.method == "POST":
                spoken = await self._versions.spoken(
                    asked.upstream.url, asked.version, lambda: self._fetched_card(asked)
                )
            if spoken is not asked.version:
                labels["translated"] = "true"
                return await self._translate(asked, spoken)
            return await self._relay(asked, reply)
        except httpx.TransportError as error:
            if reply.status:
                raise
            raise _unanswered(asked, error) from error

    async def _relay(self, asked: _Asked, reply: Reply) -> Response | None:
        def broken(error: BaseException) -> Any:
            if isinstance(error, asyncio.CancelledError):
                if not self._is_stopping(asked.request.scope):
                    return None  # nobody is there to read it
                return asked.call.error(_INTERNAL_ERROR, "Roster is stopping; resubscribe.")
            name = type(error).__name__
            message = f"The agent broke off ({name}); the task says how it ends: get it."
            return asked.call.error(_INTERNAL_ERROR, message)

        async with self._opened(asked, "") as answer:
            if asked.call.asks_for_card:
                return await _card_within(asked, answer)
            await relay.pass_back(answer, reply, broken)
        return None

    async def _translate(self, asked: _Asked, spoken: Version) -> Response:
        translation = await asyncio.to_thread(_translation)
        target = translation.Target(
            client=self._client,
            url=asked.upstream.url,
            onward=asked.onward,
            spoken=spoken,
            shown_at=asked.place,
        )
        response: Response = await translation.answer(asked.request, target)
        response.headers.update(headers.CONFINED)
        return response

    async def _card(self, asked: _Asked) -> Response:
        """The agent's card, with the gateway's address in place of the agent's own."""
        async with self._opened(asked, CARD) as answer:
            content = await relay.bounded(answer, _CARD_LIMIT_BYTES)
        card = _parsed(content) if answer.is_success else None
        if card is None:
            return Response(content, answer.status_code, headers=_without_length(answer))
        return JSONResponse(await _shown(card, asked.place), headers=headers.CONFINED)

    async def _fetched_card(self, asked: _Asked) -> Mapping[str, Any] | None:
        async with self._opened(asked, CARD) as answer:
            content = await relay.bounded(answer, _CARD_LIMIT_BYTES)
        return _parsed(content) if answer.is_success else None

    @asynccontextmanager
    async def _opened(self, asked: _Asked, tail: str) -> AsyncIterator[httpx.Response]:
        """Open the agent's answer, and close it with the block.

        Raises:
            _RefusedError: the API server could not reach the agent.
            httpx.TransportError: nobody answered.
        """
        sent = self._client.build_request(
            "GET" if tail == CARD else asked.request.method,
            _url(asked.upstream.url + tail),
            headers=asked.onward,
            content=asked.content if tail != CARD else b"",
        )
        answer = await self._client.send(sent, stream=True)
        try:
            if asked.upstream.is_relayed and not answer.is_success:
                await _refuse_for_relay(asked, answer)
            yield answer
        finally:
            await answer.aclose()

    @property
    def _client(self) -> httpx.AsyncClient:
        if self._made_client is None:
            self._made_client = self._make_client()
        return self._made_client


@lru_cache(maxsize=1024)
def _url(text: str) -> httpx.URL:
    """Read an address; that takes a tenth of a millisecond, for every request the same."""
    return httpx.URL(text)


def _translation() -> ModuleType:
    from controller.a2a import translation  # noqa: PLC0415 - takes a second, seldom needed

    return translation


def _version(request: Request, call: Call) -> Version:
    try:
        return calls.version(request.headers.get(headers.VERSION_HEADER, ""))
    except UnknownVersionError as error:
        body = call.error(calls.VERSION_NOT_SUPPORTED, str(error))
        raise _RefusedError(JSONResponse(body, status_code=400)) from error


async def _card_within(asked: _Asked, answer: httpx.Response) -> Response:
    """Give a JSON-RPC answer with the card in it rewritten."""
    content = await relay.bounded(answer, _CARD_LIMIT_BYTES)
    body = _parsed(content)
    if body is None or not isinstance(body.get("result"), dict):
        return Response(content, answer.status_code, headers=_without_length(answer))
    shown = await _shown(body["result"], asked.place)
    return JSONResponse({**body, "result": shown}, headers=headers.CONFINED)


async def _shown(card: Mapping[str, Any], place: str) -> dict[str, Any]:
    if len(cards.spoken(card)) < len(Version):
        card = (await asyncio.to_thread(_translation)).card(card, place)
    return cards.shown(card, place)


async def _refuse_for_relay(asked: _Asked, answer: httpx.Response) -> None:
    """Refuse where the API server answers in place of an agent that it could not reach.

    Its errors are `Status` objects of Kubernetes, which agents have no reason to send.
    """
    content = await relay.bounded(answer, _REFUSAL_LIMIT_BYTES)
    status = _parsed(content)
    if status is None or status.get("kind") != "Status" or "apiVersion" not in status:
        raise _RefusedError(Response(content, answer.status_code, headers=_without_length(answer)))
    said = str(status.get("message", "")).rstrip(".")
    message = f"The agent {asked.agent} cannot be reached: {said}. {asked.upstream.state}"
    if answer.status_code in {401, 403}:
        remedy = "Allow Roster's account to create services/proxy in that namespace."
    else:
        remedy = "Its pods' logs and events say more."
    raise _refused(503, "AgentNotReady", message.rstrip(), remedy)


def _unanswered(asked: _Asked, error: httpx.TransportError) -> _RefusedError:
    reason = type(error).__name__
    if isinstance(error, httpx.TimeoutException) and not isinstance(error, httpx.ConnectTimeout):
        message = f"The agent {asked.agent} did not answer in time ({reason})."
        return _refused(504, "AgentTimeout", message, "Ask for a stream, or for less at once.")
    message = f"The agent {asked.agent} did not answer ({reason}). {asked.upstream.state}"
    return _refused(503, "AgentNotReady", message.rstrip(), "Its pods' logs and events say more.")


def _without_length(answer: httpx.Response) -> dict[str, str]:
    """Give the headers of an answer that was read, and whose coding is undone."""
    dropped = {"content-length", "content-encoding"}
    return {name: value for name, value in headers.back(answer).items() if name not in dropped}


def _parsed(content: bytes) -> dict[str, Any] | None:
    try:
        found = orjson.loads(content)
    except orjson.JSONDecodeError:
        return None
    return found if isinstance(found, dict) else None


def _refused(
    status: int, error: str, message: str, remedy: str, *, retry_s: int | None = None
) -> _RefusedError:
    return _RefusedError(_problem(status, error, message, remedy, retry_s=retry_s))


def _problem(
    status: int, error: str, message: str, remedy: str, *, retry_s: int | None = None
) -> Response:
    body = {"error": error, "message": message, "remedy": remedy}
    after = {} if retry_s is None else {"Retry-After": str(retry_s)}
    return JSONResponse(body, status_code=status, headers=after)
