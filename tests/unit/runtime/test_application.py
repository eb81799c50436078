"""An agent over the wire: protocol 0.3 as raw JSON-RPC, 1.0 by the a2a-sdk's own client."""

import asyncio
import uuid
from collections.abc import Callable
from itertools import groupby
from typing import Any

import httpx
import pytest
from a2a.client import ClientConfig, create_client
from a2a.types import Message, Part, Role, SendMessageRequest, TaskState
from heldmodel import held_model

from controller.definitions import agentconfig
from controller.errors import PermanentError
from controller.runtime import application, engine, serving
from controller.runtime.limits import Limits
from controller.runtime.sessions import Sessions
from controller.runtime.turns import Finished, TextDelta, Turn


def test_a_question_is_answered(start: Callable[..., Any], answer_of: Callable[..., str]) -> None:
    task = start().send("hi")

    assert task["status"]["state"] == "completed"
    assert answer_of(task) == "Hello! I am a helper. I have no tools."


@pytest.mark.parametrize("stream", [True, False], ids=["model streams", "model does not stream"])
def test_tools_are_called_and_shown_in_the_history(
    start: Callable[..., Any],
    mcp: Callable[..., Any],
    tools_url: str,
    answer_of: Callable[..., str],
    history_of: Callable[..., Any],
    *,
    stream: bool,
) -> None:
    task = start(stream=stream, http_tools=mcp(tools_url)).send("calculate 6*7")

    assert answer_of(task) == "calculate: 42"
    call, response = history_of(task)
    assert call == {"id": call["id"], "name": "calculate", "args": {"expression": "6*7"}}
    assert response == {
        "id": call["id"],
        "name": "calculate",
        "response": {"result": "42", "isError": False},
    }


def test_the_answer_is_one_text(start: Callable[..., Any]) -> None:
    task = start().send("count to 20")

    (artifact,) = task["artifacts"]
    assert artifact["parts"] == [{"kind": "text", "text": " ".join(map(str, range(1, 21)))}]


def test_a_conversation_is_remembered_by_context(
    start: Callable[..., Any], answer_of: Callable[..., str]
) -> None:
    agent = start()
    first = agent.send("My name is Ada")

    same = agent.send("What is my name?", context=first["contextId"])
    other = agent.send("What is my name?")

    assert answer_of(same) == "Your name is Ada."
    assert answer_of(other) == "You have not told me."


def test_text_is_streamed_whole_and_in_order(
    start: Callable[..., Any], to_message: Callable[..., dict[str, Any]]
) -> None:
    """In how many pieces depends on how many tokens wait when the agent reads."""
    agent = start()

    with agent.stream("message/stream", to_message("count to 5")) as events:
        seen = list(events)

    pieces = [e for e in seen if e["kind"] == "artifact-update"]
    assert "".join(e["artifact"]["parts"][0]["text"] for e in pieces) == "1 2 3 4 5"
    assert [e["append"] for e in pieces] == [False, *[True] * (len(pieces) - 1)]
    assert seen[-1]["status"]["state"] == "completed"
    assert seen[-1]["final"] is True


def test_usage_is_told_at_the_end(
    start: Callable[..., Any], to_message: Callable[..., dict[str, Any]]
) -> None:
    with start().stream("message/stream", to_message("count to 5")) as events:
        last = list(events)[-1]

    usage = last["metadata"]["kagent_usage_metadata"]
    assert usage["candidatesTokenCount"] == 5
    assert usage["totalTokenCount"] == usage["promptTokenCount"] + 5


def test_a_running_task_is_cancelled(
    start: Callable[..., Any], slow_model_url: str, to_message: Callable[..., dict[str, Any]]
) -> None:
    agent = start(model=agentconfig.OpenAI(model="demo", base_url=slow_model_url))
    with agent.stream("message/stream", to_message("count to 1000")) as events:
        first = next(events)
        next(event for event in events if event["kind"] == "artifact-update")

        cancelled = agent.rpc("tasks/cancel", {"id": first["id"]})["result"]
        rest = list(events)

    assert cancelled["status"]["state"] == "canceled"
    assert rest[-1]["status"]["state"] == "canceled"
    assert agent.rpc("tasks/get", {"id": first["id"]})["result"]["status"]["state"] == "canceled"


def test_a_conversation_goes_on_after_a_cancelled_turn(
    start: Callable[..., Any],
    slow_model_url: str,
    to_message: Callable[..., dict[str, Any]],
    answer_of: Callable[..., str],
) -> None:
    agent = start(model=agentconfig.OpenAI(model="demo", base_url=slow_model_url))
    context = agent.send("My name is Ada")["contextId"]
    with agent.stream("message/stream", to_message("count to 999", context=context)) as events:
        first = next(events)
        next(event for event in events if event["kind"] == "artifact-update")
        agent.rpc("tasks/cancel", {"id": first["id"]})

    assert answer_of(agent.send("What is my name?", context=context)) == "Your name is Ada."


def test_a_watcher_who_left_can_come_back(
    start: Callable[..., Any], to_message: Callable[..., dict[str, Any]]
) -> None:
    with held_model() as model, model.held():
        agent = start(model=agentconfig.OpenAI(model="demo", base_url=model.url))
        with agent.stream("message/stream", to_message("count to 40")) as events:
            task_id = next(events)["id"]
            next(event for event in events if event["kind"] == "artifact-update")

        with agent.stream("tasks/resubscribe", {"id": task_id}) as events:
            rest = [next(events)]
            model.release()
            rest += events

    assert rest[0]["kind"] == "task"
    seen = "".join(p["text"] for a in rest[0].get("artifacts", ()) for p in a["parts"])
    seen += "".join(
        e["artifact"]["parts"][0]["text"] for e in rest if e["kind"] == "artifact-update"
    )
    assert seen == " ".join(map(str, range(1, 41)))
    assert rest[-1]["status"]["state"] == "completed"


def test_turns_of_one_conversation_wait_for_each_other(model_url: str) -> None:
    settings = agentconfig.AgentConfig(
        model=agentconfig.OpenAI(model="demo", base_url=model_url),
        description="d",
        instruction="i",
        stream=True,
    )

    async def order() -> list[int]:
        told: list[int] = []
        async with engine.Engine(settings, {}, Sessions(None), Limits()) as agent:

            async def take(number: int) -> None:
                turn = Turn(context_id="c", task_id=str(number), text=f"count to {number}")
                async for event in agent.run(turn):
                    if isinstance(event, TextDelta | Finished):
                        told.append(number)  # noqa: PERF401 - the order among turns counts

            await asyncio.gather(*(take(number) for number in (3, 2, 4)))
        return [number for number, _ in groupby(told)]

    assert asyncio.run(order()) == [3, 2, 4]


def test_the_model_being_away_fails_the_task_with_the_reason(start: Callable[..., Any]) -> None:
    away = agentconfig.OpenAI(model="demo", base_url="http://127.0.0.1:9/v1", timeout=2)

    task = start(model=away).send("hi")

    assert task["status"]["state"] == "failed"
    assert "could not answer" in task["status"]["message"]["parts"][0]["text"]


def test_the_models_refusal_is_told(start: Callable[..., Any], serve: Callable[..., str]) -> None:
    async def refuse(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 401, "headers": headers})
        await send({"type": "http.response.body", "body": b'{"error": {"message": "bad key"}}'})

    url = serve(lambda _: refuse)
    task = start(model=agentconfig.OpenAI(model="m", base_url=f"{url}/v1")).send("hi")

    text = task["status"]["message"]["parts"][0]["text"]
    assert "HTTP 401" in text
    assert "bad key" in text


def test_a_dead_tool_server_is_a_tool_error(
    start: Callable[..., Any], mcp: Callable[..., Any], answer_of: Callable[..., str]
) -> None:
    agent = start(http_tools=mcp("http://127.0.0.1:9/mcp", "calculate"))

    task = agent.send("calculate 6*7")

    assert task["status"]["state"] == "completed"
    assert "not available" in answer_of(task)
    assert "http://127.0.0.1:9/mcp" in httpx.get(f"{agent.url}/ready").json()["unavailable"]


def test_only_the_named_tools_are_offered(
    start: Callable[..., Any], mcp: Callable[..., Any], tools_url: str, answer_of: Any
) -> None:
    agent = start(http_tools=mcp(tools_url, "calculate", "list_notes"))

    assert answer_of(agent.send("what can you do")) == "I can use: calculate, list notes."


def test_card_health_and_readiness_are_served(start: Callable[..., Any]) -> None:
    agent = start(served_as="http://helper.agents:8080")

    served = httpx.get(f"{agent.url}/.well-known/agent-card.json").json()

    assert served["url"] == "http://helper.agents:8080"
    assert served["protocolVersion"] == "0.3"
    assert [i["protocolVersion"] for i in served["supportedInterfaces"]] == ["0.3", "1.0"]
    assert httpx.get(f"{agent.url}/health").text == "OK"
    assert httpx.get(f"{agent.url}/ready").json() == {
        "ready": True,
        "unavailable": {},
        "hidden": [],
        "storage": {"controller": "none"},
        "ignored": [],
        "skills": {},
    }


def test_what_this_runtime_does_not_have_is_named(start: Callable[..., Any]) -> None:
    memory = agentconfig.Memory(embedding=agentconfig.Embedding(provider="openai", model="e"))
    agent = start(execute_code=True, share_tools=True, memory=memory)

    assert httpx.get(f"{agent.url}/ready").json()["ignored"] == [
        "execute_code",
        "share_tools",
        "memory (there is no controller)",
    ]


def test_a_card_of_the_older_protocol_gets_both_interfaces() -> None:
    card = agentconfig.AgentCard(name="n", description="d", url="http://a:1")

    interfaces = application.wire_card(card).supported_interfaces

    assert [i.protocol_version for i in interfaces] == ["0.3", "1.0"]


def test_the_sdks_client_speaks_1_0(start: Callable[..., Any]) -> None:
    agent = start()

    async def talk() -> tuple[int, str]:
        async with httpx.AsyncClient(timeout=30) as http:
            card = application.wire_card(
                agentconfig.AgentCard(name="n", description="d", url=agent.url)
            )
            del card.supported_interfaces[0]
            client = await create_client(card, ClientConfig(streaming=True, httpx_client=http))
            message = Message(
                role=Role.ROLE_USER, message_id=uuid.uuid4().hex, parts=[Part(text="count to 3")]
            )
            text = ""
            state = 0
            async for event in client.send_message(SendMessageRequest(message=message)):
                if event.HasField("artifact_update"):
                    text += event.artifact_update.artifact.parts[0].text
                if event.HasField("status_update"):
                    state = event.status_update.status.state
            return state, text

    assert asyncio.run(talk()) == (TaskState.TASK_STATE_COMPLETED, "1 2 3")


def test_unsupported_providers_are_refused_with_a_remedy() -> None:
    config = agentconfig.AgentConfig(
        model=agentconfig.SAPAICore(model="m"), description="d", instruction="i"
    )
    card = agentconfig.AgentCard(name="n", description="d", url="http://a:1")

    with pytest.raises(PermanentError, match="kagent's runtime image"):
        application.create(config, card, {}, drain=serving.Drain(0))
