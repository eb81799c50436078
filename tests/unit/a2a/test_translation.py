import asyncio
import json
import uuid
from typing import Any

import httpx
import pytest
from a2a.client import ClientConfig, create_client
from a2a.types import (
    CancelTaskRequest,
    GetTaskRequest,
    Message,
    Part,
    Role,
    SendMessageRequest,
    TaskState,
)

AGENTS = ["old", "new", "both"]


def said(text: str, version: str, **more: Any) -> dict[str, Any]:
    message = {"messageId": uuid.uuid4().hex, **more}
    if version == "1.0":
        return {"message": {**message, "role": "ROLE_USER", "parts": [{"text": text}]}}
    parts = [{"kind": "text", "text": text}]
    return {"message": {**message, "kind": "message", "role": "user", "parts": parts}}


def events(world: Any, name: str, method: str, params: Any, version: str) -> list[Any]:
    body = {"jsonrpc": "2.0", "id": 7, "method": method, "params": params}
    headers = {"A2A-Version": version, "Accept": "text/event-stream"}
    with httpx.stream("POST", world.place(name), json=body, headers=headers, timeout=30) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["content-security-policy"].startswith("sandbox")
        lines = [line for line in answer.iter_lines() if line.startswith("data:")]
    return [json.loads(line.removeprefix("data:")) for line in lines]


@pytest.mark.parametrize("name", AGENTS)
def test_a_client_of_03_gets_its_task_in_03(world: Any, name: str) -> None:
    task = world.rpc(name, "message/send", said("hi", "0.3"), "0.3")["result"]

    assert (task["kind"], task["status"]["state"]) == ("task", "completed")
    assert task["status"]["message"]["parts"] == [{"kind": "text", "text": "you said hi"}]
    assert [part["text"] for part in task["artifacts"][0]["parts"]] == [
        "hello ",
        "from ",
        "the agent",
    ]


@pytest.mark.parametrize("name", AGENTS)
def test_a_client_of_10_gets_its_task_in_10(world: Any, name: str) -> None:
    task = world.rpc(name, "SendMessage", said("hi", "1.0"), "1.0")["result"]["task"]

    assert task["status"]["state"] == "TASK_STATE_COMPLETED"
    assert task["status"]["message"]["parts"] == [{"text": "you said hi"}]
    assert [part["text"] for part in task["artifacts"][0]["parts"]] == [
        "hello ",
        "from ",
        "the agent",
    ]


@pytest.mark.parametrize("name", AGENTS)
def test_a_stream_of_03_has_the_events_of_03(world: Any, name: str) -> None:
    found = events(world, name, "message/stream", said("hi", "0.3"), "0.3")

    kinds = [event["result"]["kind"] for event in found]
    assert kinds == ["task", "status-update", *["artifact-update"] * 3, "status-update"]
    assert {event["id"] for event in found} == {7}
    assert found[-1]["result"]["final"] is True


@pytest.mark.parametrize("name", AGENTS)
def test_a_stream_of_10_has_the_events_of_10(world: Any, name: str) -> None:
    found = events(world, name, "SendStreamingMessage", said("hi", "1.0"), "1.0")

    kinds = [next(iter(event["result"])) for event in found]
    assert kinds == ["task", "statusUpdate", *["artifactUpdate"] * 3, "statusUpdate"]
    assert {event["id"] for event in found} == {7}


@pytest.mark.parametrize("name", AGENTS)
@pytest.mark.parametrize(
    ("method", "version"), [("tasks/get", "0.3"), ("GetTask", "1.0")], ids=["0.3", "1.0"]
)
def test_a_task_that_is_unknown_is_told_with_its_code(
    world: Any, name: str, method: str, version: str
) -> None:
    error = world.rpc(name, method, {"id": "nothing"}, version)["error"]

    assert error["code"] == -32001


def test_a_method_that_03_does_not_have_is_refused_with_the_reason(world: Any) -> None:
    error = world.rpc("old", "ListTasks", {}, "1.0")["error"]

    assert error["code"] == -32004
    assert "0.3" in error["message"]


@pytest.mark.parametrize("name", AGENTS)
def test_the_card_lists_both_versions_at_the_gateway(world: Any, name: str) -> None:
    card = world.card(name)

    assert {entry["protocolVersion"] for entry in card["supportedInterfaces"]} == {"1.0", "0.3"}
    assert {entry["url"] for entry in card["supportedInterfaces"]} == {world.place(name)}
    assert (card["url"], card["protocolVersion"]) == (world.place(name), "0.3.0")


def test_an_old_card_keeps_its_security_in_both_spellings(world: Any) -> None:
    card = world.card("old")

    assert card["security"] == [{"key": []}]
    assert card["securityRequirements"] == [{"schemes": {"key": {}}}]
    scheme = card["securitySchemes"]["key"]
    assert (scheme["type"], scheme["in"], scheme["name"]) == ("apiKey", "header", "X-Key")
    assert scheme["apiKeySecurityScheme"]["name"] == "X-Key"


@pytest.mark.parametrize("name", AGENTS)
@pytest.mark.parametrize("streaming", [True, False], ids=["stream", "send"])
def test_the_sdks_own_client_talks_to_every_agent(world: Any, name: str, streaming: bool) -> None:
    async def talk() -> list[Any]:
        async with httpx.AsyncClient(timeout=30) as http:
            config = ClientConfig(streaming=streaming, httpx_client=http)
            client = await create_client(world.place(name), config)
            message = Message(
                role=Role.ROLE_USER, message_id=uuid.uuid4().hex, parts=[Part(text="hi")]
            )
            found = [
                event async for event in client.send_message(SendMessageRequest(message=message))
            ]
            first = found[0]
            task = await client.get_task(GetTaskRequest(id=first.task.id))
            return [*found, task]

    *found, task = asyncio.run(talk())

    assert task.status.state == TaskState.TASK_STATE_COMPLETED
    assert "".join(part.text for part in task.artifacts[0].parts) == "hello from the agent"
    assert len(found) == (6 if streaming else 1)


@pytest.mark.parametrize("name", AGENTS)
def test_a_running_task_is_followed_and_cancelled_by_the_sdks_client(world: Any, name: str) -> None:
    async def talk() -> tuple[Any, list[Any]]:
        async with httpx.AsyncClient(timeout=30) as http:
            client = await create_client(
                world.place(name), ClientConfig(streaming=True, httpx_client=http)
            )
            message = Message(
                role=Role.ROLE_USER, message_id=uuid.uuid4().hex, parts=[Part(text="wait")]
            )
            stream = client.send_message(SendMessageRequest(message=message))
            first = await anext(stream)
            cancelled = await client.cancel_task(CancelTaskRequest(id=first.task.id))
            return cancelled, [event async for event in stream]

    cancelled, rest = asyncio.run(talk())

    assert cancelled.status.state == TaskState.TASK_STATE_CANCELED
    assert rest[-1].status_update.status.state == TaskState.TASK_STATE_CANCELED
