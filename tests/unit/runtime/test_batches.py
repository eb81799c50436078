"""Several calls that wait at once, decided one by one: gateway, runtime, MCP server, all real."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from mcp import Client
from starlette.applications import Starlette
from starlette.routing import Route
from waiting import PATIENCE_S, eventually

from controller.a2a.gateway import Gateway
from controller.a2a.upstream import Upstream
from controller.definitions import agentconfig
from controller.runtime.sessions import routes

CALLS = [
    ("list_notes", {}),
    ("delete_note", {"title": "old"}),
    ("delete_note", {"title": "dear"}),
]
"""What the model asks for at once: the first needs nobody's word."""


@pytest.fixture
def notes(tools_url: str) -> Callable[[], set[str]]:
    """Give the notes that the server has, and let it have two in the beginning."""
    for title in ("old", "dear"):
        asyncio.run(_call(tools_url, "save_note", title=title, text="x"))
    return lambda: set(asyncio.run(_call(tools_url, "list_notes"))["result"])


async def _call(url: str, tool: str, **arguments: str) -> Any:
    async with Client(url) as client:
        answer = await client.call_tool(tool, arguments)
    assert not answer.is_error, answer
    return answer.structured_content


@pytest.fixture
def process(
    start: Callable[..., Any],
    tools_url: str,
    scripted: Any,
    controller: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[[], Any]:
    """Start a process of an agent that asks before it deletes; it waits for slow machines."""
    monkeypatch.setattr(routes, "_TIMEOUT_S", PATIENCE_S)
    server = agentconfig.HttpMcpServer(
        params=agentconfig.HttpConnection(url=tools_url, timeout=PATIENCE_S),
        tools=(),
        require_approval=("delete_note",),
    )
    return lambda: start(
        http_tools=(server,),
        environment=controller.environment(),
        model=agentconfig.OpenAI(model="m", base_url=scripted.url),
        stream=False,
    )


@pytest.fixture
def behind_gateway(serve: Callable[..., str], process: Callable[[], Any]) -> Callable[[], Any]:
    """Start a process of the agent, and give it as the gateway has it."""

    def started() -> Any:
        agent = process()
        url = serve(lambda _url: _gateway(f"{agent.url}/"))
        return type(agent)(f"{url}/api/a2a/agents/keeper")

    return started


def _gateway(agent: str) -> Starlette:
    gateway = Gateway(lambda _namespace, _name: Upstream(url=agent, headers={}), httpx.AsyncClient)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await gateway.close()

    route = Route("/api/a2a/{namespace}/{name}/", gateway, methods=["POST"])
    return Starlette(routes=[route], lifespan=lifespan)


@pytest.fixture
def keeper(behind_gateway: Callable[[], Any], scripted: Any) -> Any:
    scripted.replies = [CALLS, "Done."]
    return behind_gateway()


def pending(task: dict[str, Any]) -> dict[str, str]:
    """The ids of the calls that wait, by the title they are about."""
    assert task["status"]["state"] == "input-required", task["status"]
    asked = [part["data"] for part in task["status"]["message"]["parts"] if "data" in part]
    assert {part["name"] for part in asked} == {"adk_request_confirmation"}
    calls = [part["args"]["originalFunctionCall"] for part in asked]
    return {call["args"]["title"]: call["id"] for call in calls}


def decide(agent: Any, task: dict[str, Any], calls: dict[str, str]) -> dict[str, Any]:
    """Let the old note go, and keep the dear one."""
    decision = {
        "decision_type": "batch",
        "decisions": {calls["old"]: "approve", calls["dear"]: "reject"},
        "rejection_reasons": {calls["dear"]: "I still need it."},
    }
    done: dict[str, Any] = agent.send(decision, context=task["contextId"], task=task["id"])
    return done


def told(scripted: Any) -> list[str]:
    """What the model was told of its calls, in their order."""
    messages: Sequence[dict[str, Any]] = scripted.requests[-1]["messages"]
    return [str(message["content"]) for message in messages if message["role"] == "tool"]


def test_one_call_is_made_and_the_other_is_not(
    keeper: Any, notes: Callable[[], set[str]], scripted: Any
) -> None:
    task = keeper.send("tidy up")
    calls = pending(task)
    assert set(calls) == {"old", "dear"}
    assert notes() == {"old", "dear"}

    done = decide(keeper, task, calls)

    assert done["status"]["state"] == "completed"
    assert notes() == {"dear"}
    listed, deleted, refused = told(scripted)
    assert "old" in listed
    assert "Deleted" in deleted
    assert refused == "Tool call was rejected by user. Reason: I still need it."


def test_the_task_says_what_became_of_each_call(
    keeper: Any, notes: Callable[[], set[str]], history_of: Callable[..., Any]
) -> None:
    task = keeper.send("tidy up")
    calls = pending(task)

    done = decide(keeper, task, calls)

    decisions = {one["callId"]: one for one in done["metadata"]["roster_decisions"]}
    assert {key: one["decision"] for key, one in decisions.items()} == {
        calls["old"]: "approve",
        calls["dear"]: "reject",
    }
    assert decisions[calls["dear"]]["reason"] == "I still need it."
    answered = [data["id"] for data in history_of(done) if "response" in data]
    assert sorted(answered) == sorted(set(answered))
    assert set(calls.values()) <= set(answered)
    assert notes() == {"dear"}


def test_a_batch_that_forgets_a_call_changes_nothing(
    keeper: Any, notes: Callable[[], set[str]]
) -> None:
    task = keeper.send("tidy up")
    calls = pending(task)
    half = {"decision_type": "batch", "decisions": {calls["old"]: "approve"}}

    again = keeper.send(half, context=task["contextId"], task=task["id"])

    assert pending(again) == calls
    assert notes() == {"old", "dear"}
    assert decide(keeper, again, calls)["status"]["state"] == "completed"
    assert notes() == {"dear"}


def test_a_decision_reaches_the_next_process(
    keeper: Any,
    behind_gateway: Callable[[], Any],
    notes: Callable[[], set[str]],
    scripted: Any,
    controller: Any,
) -> None:
    task = keeper.send("tidy up")
    calls = pending(task)
    eventually(
        lambda: (
            controller.tasks.get(task["id"], {}).get("status", {}).get("state") == "input-required"
        )
    )

    done = decide(behind_gateway(), task, calls)

    assert done["status"]["state"] == "completed"
    assert notes() == {"dear"}
    assert told(scripted)[-1].endswith("I still need it.")


def test_one_word_for_all_still_counts(keeper: Any, notes: Callable[[], set[str]]) -> None:
    task = keeper.send("tidy up")
    pending(task)

    rejected = {"decision_type": "reject", "rejection_reason": "No."}
    done = keeper.send(rejected, context=task["contextId"], task=task["id"])

    assert done["status"]["state"] == "completed"
    assert notes() == {"old", "dear"}
