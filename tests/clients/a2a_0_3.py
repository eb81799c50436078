"""The A2A project's own client of protocol 0.3 at work; prints what it saw as JSON.

Runs in a virtual environment of its own: a2a-sdk 0.3 and the 1.x that Roster needs exclude each
other. Call: `python a2a_0_3.py URL`.
"""

import asyncio
import json
import sys
import uuid
from typing import Any

import httpx
from a2a.client import A2ACardResolver, ClientConfig, ClientFactory
from a2a.types import Message, Part, Role, TaskIdParams, TaskQueryParams, TextPart


def message(text: str) -> Message:
    """Say something."""
    return Message(
        role=Role.user, message_id=uuid.uuid4().hex, parts=[Part(root=TextPart(text=text))]
    )


def text_of(task: Any) -> str:
    """The answer so far."""
    return "".join(part.root.text for artifact in task.artifacts or () for part in artifact.parts)


async def talk(url: str) -> dict[str, Any]:
    """Go through what a client does with an agent."""
    seen: dict[str, Any] = {}
    async with httpx.AsyncClient(timeout=30) as http:
        card = await A2ACardResolver(http, url).get_agent_card()
        seen["card"] = card.name
        plain = ClientFactory(ClientConfig(streaming=False, httpx_client=http)).create(card)
        async for task, _ in plain.send_message(message("count to 3")):
            seen["send"] = [task.status.state, text_of(task)]
        found = await plain.get_task(TaskQueryParams(id=task.id))
        seen["get"] = [found.status.state, text_of(found)]
        streaming = ClientFactory(ClientConfig(streaming=True, httpx_client=http)).create(card)
        pieces = 0
        async for task, update in streaming.send_message(message("count to 5")):
            pieces += getattr(update, "kind", "") == "artifact-update"
            seen["stream"] = [task.status.state, text_of(task), pieces > 0]
        cancelled = None
        async for task, update in streaming.send_message(message("count to 900")):
            if cancelled is None and getattr(update, "kind", "") == "artifact-update":
                cancelled = await plain.cancel_task(TaskIdParams(id=task.id))
        seen["cancel"] = cancelled.status.state if cancelled else None
    return seen


if __name__ == "__main__":
    print(json.dumps(asyncio.run(talk(sys.argv[1]))))
