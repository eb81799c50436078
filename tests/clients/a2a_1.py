"""The A2A project's own client of protocol 1.0 at work; prints what it saw as JSON.

Runs in a virtual environment of its own, as a client would. Call: `python a2a_1.py URL`.
"""

import asyncio
import json
import sys
import uuid
from typing import Any

import httpx
from a2a.client import ClientConfig, create_client
from a2a.types import (
    CancelTaskRequest,
    GetTaskRequest,
    ListTasksRequest,
    Message,
    Part,
    Role,
    SendMessageRequest,
    TaskState,
)


def request(text: str) -> SendMessageRequest:
    """Say something."""
    said = Message(role=Role.ROLE_USER, message_id=uuid.uuid4().hex, parts=[Part(text=text)])
    return SendMessageRequest(message=said)


def text_of(task: Any) -> str:
    """The answer so far."""
    return "".join(part.text for artifact in task.artifacts for part in artifact.parts)


def state_of(task: Any) -> str:
    """The state by its name."""
    return str(TaskState.Name(task.status.state))


async def talk(url: str) -> dict[str, Any]:
    """Go through what a client does with an agent."""
    seen: dict[str, Any] = {}
    async with httpx.AsyncClient(timeout=30) as http:
        plain = await create_client(url, ClientConfig(streaming=False, httpx_client=http))
        async for event in plain.send_message(request("count to 3")):
            task = event.task
            seen["send"] = [state_of(task), text_of(task)]
        found = await plain.get_task(GetTaskRequest(id=task.id))
        seen["get"] = [state_of(found), text_of(found)]
        listed = await plain.list_tasks(ListTasksRequest(context_id=task.context_id))
        seen["list"] = [entry.id == task.id for entry in listed.tasks]
        streaming = await create_client(url, ClientConfig(streaming=True, httpx_client=http))
        text, last = "", ""
        async for event in streaming.send_message(request("count to 5")):
            if event.HasField("artifact_update"):
                text += event.artifact_update.artifact.parts[0].text
            if event.HasField("status_update"):
                last = state_of(event.status_update)
        seen["stream"] = [last, text]
        cancelled = None
        async for event in streaming.send_message(request("count to 900")):
            if cancelled is None and event.HasField("artifact_update"):
                wanted = CancelTaskRequest(id=event.artifact_update.task_id)
                cancelled = await plain.cancel_task(wanted)
        seen["cancel"] = state_of(cancelled) if cancelled else None
    return seen


if __name__ == "__main__":
    print(json.dumps(asyncio.run(talk(sys.argv[1]))))
