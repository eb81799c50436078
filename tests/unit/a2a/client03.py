"""A conversation by the A2A project's client of protocol 0.3; runs in an environment of its own.

Run: `python client03.py ADDRESS` with `a2a-sdk<1` installed. Prints, as JSON, what the client made
of the answers, and every exchange as it went over the wire.
"""

# ruff: noqa: T201 - what it prints is its result

import asyncio
import json
import sys
import uuid

import httpx
from a2a.client import A2ACardResolver, ClientConfig, ClientFactory
from a2a.client.errors import A2AClientJSONRPCError
from a2a.types import Message, Part, Role, TaskIdParams, TaskQueryParams, TextPart

EXCHANGES: list[dict[str, object]] = []


async def record(response: httpx.Response) -> None:
    await response.aread()
    request = response.request
    EXCHANGES.append(
        {
            "method": request.method,
            "path": request.url.raw_path.decode(),
            "accept": request.headers.get("accept", ""),
            "body": json.loads(request.content) if request.content else None,
            "status": response.status_code,
            "type": response.headers.get("content-type", "").partition(";")[0],
            "answer": response.text,
        }
    )


def message(text: str) -> Message:
    part = Part(root=TextPart(text=text))
    return Message(role=Role.user, message_id=str(uuid.uuid4()), parts=[part])


async def main(address: str) -> None:
    hooks = {"response": [record]}
    async with httpx.AsyncClient(timeout=30, event_hooks=hooks, trust_env=False) as http:
        card = await A2ACardResolver(http, address).get_agent_card()
        results = {"url": card.url, "protocol": card.protocol_version}
        for name, streaming in (("stream", True), ("send", False)):
            config = ClientConfig(streaming=streaming, httpx_client=http)
            client = ClientFactory(config).create(card)
            events = [event async for event in client.send_message(message("hi"))]
            task = events[-1][0]
            again = await client.get_task(TaskQueryParams(id=task.id))
            words = "".join(part.root.text for part in again.artifacts[0].parts)
            results[name] = [len(events), again.status.state.value, words]
        try:
            await client.cancel_task(TaskIdParams(id=task.id))
        except A2AClientJSONRPCError as error:
            results["cancel"] = [type(error).__name__, error.error.code]
        print(json.dumps({"results": results, "exchanges": EXCHANGES}))


asyncio.run(main(sys.argv[1]))
