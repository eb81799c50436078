"""Saying something to an agent through the gateway, and following what it does."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from typing import Any

import httpx

from controller.a2a.turn import Step, Turn, said, text_part
from controller.errors import PermanentError

TIMEOUT = httpx.Timeout(600.0, connect=5.0)
"""An agent may use several tools, and ask other agents, before it says anything."""
_EVENTS = {"Accept": "text/event-stream"}


def request(method: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """Give a JSON-RPC request."""
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": dict(params)}


async def follow(
    client: httpx.AsyncClient, address: str, params: Mapping[str, Any], turn: Turn
) -> AsyncIterator[Step]:
    """Send a message and give what happens, until the agent has nothing more to say.

    Raises:
        PermanentError: the gateway or the agent refuses.
        httpx.TransportError: nobody answers.
    """
    body = request("message/stream", params)
    async with client.stream("POST", address, json=body, headers=_EVENTS, timeout=TIMEOUT) as got:
        if not is_stream(got):
            await got.aread()
            yield turn.feed(result(got))
            return
        async for line in got.aiter_lines():
            for found in results(line):
                yield turn.feed(found)


async def say(
    client: httpx.AsyncClient,
    address: str,
    text: str,
    context_id: str,
    progress: Callable[[str], Awaitable[None]],
) -> Turn:
    """Say something to an agent, tell what it does, and give the turn when it has ended.

    Raises:
        PermanentError: the gateway or the agent refuses.
        httpx.TransportError: nobody answers.
    """
    turn = Turn()
    params = said([text_part(text)], context_id=context_id)
    async for step in follow(client, address, params, turn):
        for call in step.called:
            await progress(f"calls {call.name}")
        if step.text:
            await progress(step.text)
    return turn


def is_stream(answer: httpx.Response) -> bool:
    """Tell whether an agent answers with a stream."""
    kind = answer.headers.get("content-type", "")
    return answer.is_success and bool(kind.startswith("text/event-stream"))


def results(line: str) -> Iterator[Mapping[str, Any]]:
    """Give the result in one line of a stream; nothing in lines that carry none.

    Raises:
        PermanentError: the line is an error.
    """
    if line.startswith("data:"):
        yield _checked(json.loads(line.removeprefix("data:")))


def result(answer: httpx.Response) -> Mapping[str, Any]:
    """Give the result of an answer that is no stream.

    Raises:
        PermanentError: the gateway or the agent refuses.
    """
    try:
        body = answer.json()
    except ValueError:
        body = {}
    if not isinstance(body, dict) or not (answer.is_success or isinstance(body.get("error"), str)):
        raise PermanentError(f"The agent answered with HTTP status {answer.status_code}.")
    return _checked(body)


def _checked(body: Mapping[str, Any]) -> Mapping[str, Any]:
    error = body.get("error")
    if isinstance(error, Mapping):
        raise PermanentError(f"The agent refused: {error.get('message', '')}")
    if error:
        raise PermanentError(str(body.get("message", error)), remedy=str(body.get("remedy", "")))
    found = body.get("result")
    if not isinstance(found, Mapping):
        raise PermanentError("The agent's answer does not follow the protocol.")
    return found
