"""What openai's client sends of a conversation that is ready to be sent."""

import asyncio
import json
from typing import Any

import httpx2

from controller.runtime.models.ready import ReadyOpenAI

MESSAGES = [
    {"role": "system", "content": "You help."},
    {
        "role": "user",
        "content": [
            {"type": "text", "text": "What is this?"},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}},
        ],
    },
]
TOOLS = [
    {
        "type": "function",
        "function": {"name": "look", "parameters": {"type": "object", "properties": {}}},
    }
]


def sent(**options: Any) -> Any:
    """The body of a request."""
    bodies = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        bodies.append(json.loads(request.content))
        return httpx2.Response(200, json={"id": "1", "choices": []})

    async def ask() -> None:
        async with httpx2.AsyncClient(transport=httpx2.MockTransport(answer)) as http:
            client = ReadyOpenAI(base_url="http://model/v1", api_key="none", http_client=http)
            await client.chat.completions.create(model="m", **options)

    asyncio.run(ask())
    return bodies[0]


def test_messages_and_tools_arrive_unchanged() -> None:
    body = sent(messages=iter(MESSAGES), tools=iter(TOOLS))

    assert body == {"model": "m", "messages": MESSAGES, "tools": TOOLS}


def test_other_options_and_fields_of_ones_own_arrive_too() -> None:
    body = sent(messages=MESSAGES, temperature=0.5, extra_body={"n": 1})

    assert body == {"model": "m", "messages": MESSAGES, "temperature": 0.5, "n": 1}
