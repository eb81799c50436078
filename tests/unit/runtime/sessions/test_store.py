"""An agent with a controller: what is kept there, and what another process makes of it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from heldmodel import held_model
from waiting import PATIENCE_S, eventually

from controller.definitions import agentconfig
from controller.runtime import tasks
from controller.runtime.sessions import store

ALICE = {"x-user-id": "alice@example.com"}


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer waits a second until it is stored; a loaded machine may need longer."""
    monkeypatch.setattr(store, "_SETTLE_S", PATIENCE_S)


@pytest.fixture
def _impatient(_patient: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """As it is where the controller is away."""
    monkeypatch.setattr(store, "_SETTLE_S", 0.5)


@pytest.fixture
def born(start: Callable[..., Any], controller: Any) -> Callable[..., Any]:
    """Start the agent (once more: what a killed pod is followed by)."""
    return lambda **fields: start(environment=controller.environment(), **fields)


def test_a_turn_is_kept_as_events_of_its_session(born: Any, controller: Any) -> None:
    task = born().send("My name is Ada", **ALICE)

    context = task["contextId"]
    assert controller.sessions[context, "alice@example.com"] == {
        "user_id": "alice@example.com",
        "agent_ref": "team_a__NS__note_keeper",
        "id": context,
        "name": "My name is Ada",
    }
    asked, answered = controller.told(context, "alice@example.com")
    assert asked["author"] == "user"
    assert asked["content"] == {"role": "user", "parts": [{"text": "My name is Ada"}]}
    assert answered["author"] == "team_a__NS__note_keeper"
    assert answered["content"]["role"] == "model"
    assert answered["content"]["parts"][0]["text"].startswith("Hello Ada")
    assert answered["usageMetadata"]["totalTokenCount"] > 0
    assert task["metadata"]["roster_stored"] is True


def test_a_conversation_that_begins_here_is_not_asked_for(born: Any, controller: Any) -> None:
    context = born().send("hi", **ALICE)["contextId"]

    assert ("GET", f"/api/sessions/{context}") not in controller.requests


def test_the_history_outlives_the_process(
    born: Any, controller: Any, answer_of: Callable[..., str]
) -> None:
    context = born().send("My name is Ada", **ALICE)["contextId"]

    later = born().send("What is my name?", context=context, **ALICE)

    assert answer_of(later) == "Your name is Ada."
    assert len(controller.told(context, "alice@example.com")) == 4


def test_another_user_cannot_go_on_with_it(born: Any, answer_of: Callable[..., str]) -> None:
    agent = born()
    context = agent.send("My name is Ada", **ALICE)["contextId"]

    task = agent.send("What is my name?", context=context, **{"x-user-id": "mallory"})

    assert answer_of(task) == "You have not told me."


def test_tool_calls_are_restored_exactly(
    born: Any, mcp: Any, tools_url: str, controller: Any, answer_of: Callable[..., str]
) -> None:
    context = born(http_tools=mcp(tools_url)).send("calculate 6*7", **ALICE)["contextId"]

    kept = controller.told(context, "alice@example.com")
    later = born().send("What did I say?", context=context, **ALICE)

    shapes = [[list(part) for part in event["content"]["parts"]] for event in kept]
    assert shapes == [[["text"]], [["functionCall"]], [["functionResponse"]], [["text"]]]
    assert kept[2]["content"]["parts"][0]["functionResponse"]["response"]["return_value"] == "42"
    assert answer_of(later) == "You said: “calculate 6*7”"


def test_one_write_a_step_and_none_a_token(born: Any, controller: Any) -> None:
    agent = born()
    first = agent.send("hi", **ALICE)
    context = first["contextId"]
    settle(controller, first)
    controller.requests.clear()

    settle(controller, agent.send("count to 400", context=context, **ALICE))

    assert controller.writes.count(f"/api/sessions/{context}/events") == 1
    assert len(controller.writes) <= 3


def test_of_a_short_turn_that_nobody_follows_the_end_is_kept(
    born: Any, controller: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "LINGER_S", 0)
    monkeypatch.setattr(tasks, "LONG_LINGER_S", 600)

    settle(controller, born().send("calculate 6*7", **ALICE))

    assert controller.writes.count("/api/tasks") == 1


def test_a_task_that_a_client_knows_is_kept_while_it_runs(
    born: Any, controller: Any, to_message: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "LONG_LINGER_S", 600)
    params = {**to_message("count to 30"), "configuration": {"blocking": False}}
    with held_model() as model, model.held():
        agent = born(model=agentconfig.OpenAI(model="demo", base_url=model.url))
        task = agent.rpc("message/send", params, **ALICE)["result"]
        eventually(
            lambda: (
                controller.tasks.get(task["id"], {}).get("status", {}).get("state") == "working"
            ),
            what="the task of the running turn",
        )


def test_the_task_is_kept_and_found_by_another_process(born: Any, controller: Any) -> None:
    task = born().send("hi", **ALICE)
    settle(controller, task)

    found = born().rpc("tasks/get", {"id": task["id"]})["result"]

    assert found["status"]["state"] == "completed"
    assert found["artifacts"][0]["parts"] == task["artifacts"][0]["parts"]
    assert controller.tasks[task["id"]]["metadata"]["kagent_user_id"] == "alice@example.com"


def test_an_approval_outlives_the_process(
    born: Any, mcp: Any, tools_url: str, controller: Any, answer_of: Callable[..., str]
) -> None:
    fields = {"http_tools": mcp(tools_url, require_approval=("delete_note",))}
    agent = born(**fields)
    agent.send("save a note called todo: buy milk", **ALICE)
    waiting = agent.send("delete the note todo", **ALICE)
    settle(controller, waiting)

    decision = {"decision_type": "approve"}
    done = born(**fields).send(
        decision, context=waiting["contextId"], task=waiting["id"], **{"x-user-id": "bob"}
    )

    assert waiting["status"]["state"] == "input-required"
    assert done["status"]["state"] == "completed"
    assert answer_of(done) == "delete note: Deleted the note “todo”."
    (record,) = done["metadata"]["roster_decisions"]
    assert (record["tool"], record["decision"], record["by"]) == ("delete_note", "approve", "bob")
    told = controller.told(waiting["contextId"], "alice@example.com")
    assert any("decisions" in event["customMetadata"]["roster"] for event in told)


@pytest.mark.usefixtures("_impatient")
def test_without_the_controller_it_answers_and_catches_up(
    born: Any, controller: Any, answer_of: Callable[..., str]
) -> None:
    agent = born()
    controller.is_away = True
    first = agent.send("My name is Ada", **ALICE)
    second = agent.send("What is my name?", context=first["contextId"], **ALICE)
    behind = httpx.get(f"{agent.url}/ready").json()["storage"]

    controller.is_away = False
    stored = (first["contextId"], "alice@example.com")
    eventually(lambda: len(controller.events.get(stored, ())) == 4)

    assert first["metadata"]["roster_stored"] is False
    assert answer_of(second) == "Your name is Ada."
    assert behind["controller"] == "away"
    assert behind["waiting"] >= 4
    eventually(
        lambda: controller.tasks.get(second["id"], {}).get("status", {}).get("state") == "completed"
    )


@pytest.mark.usefixtures("_impatient")
def test_a_controller_that_refuses_connections_does_not_stop_it(
    start: Callable[..., Any], answer_of: Callable[..., str]
) -> None:
    nowhere = {"KAGENT_URL": "http://127.0.0.1:9", "KAGENT_NAME": "a"}

    task = start(environment=nowhere).send("hi")

    assert task["status"]["state"] == "completed"
    assert task["metadata"]["roster_stored"] is False


def test_a_failed_turn_leaves_a_history_to_go_on_from(
    born: Any, model_url: str, answer_of: Callable[..., str]
) -> None:
    away = agentconfig.OpenAI(model="demo", base_url="http://127.0.0.1:9/v1", timeout=2)
    failed = born(model=away).send("My name is Ada", **ALICE)

    later = born().send("What is my name?", context=failed["contextId"], **ALICE)

    assert failed["status"]["state"] == "failed"
    assert answer_of(later) == "Your name is Ada."


def test_the_agent_says_who_it_is_and_reads_its_token_anew(
    start: Callable[..., Any], controller: Any, tmp_path: Path
) -> None:
    token = tmp_path / "token"
    token.write_text("first\n")
    agent = start(environment=controller.environment(token))
    settle(controller, agent.send("hi", **ALICE))
    token.write_text("second")

    agent.send("hi", **ALICE)

    assert controller.headers[0]["x-agent-name"] == "team_a__NS__note_keeper"
    assert controller.headers[0]["x-user-id"] == "alice@example.com"
    assert controller.headers[0]["authorization"] == "Bearer first"
    assert controller.headers[-1]["authorization"] == "Bearer second"


def test_a_session_that_was_deleted_is_made_again(born: Any, controller: Any) -> None:
    agent = born()
    context = agent.send("hi", **ALICE)["contextId"]
    controller.sessions.clear()
    controller.events.clear()

    agent.send("hello", context=context, **ALICE)

    assert len(controller.told(context, "alice@example.com")) == 2


def test_a_callers_session_of_an_agent_says_so(born: Any, controller: Any) -> None:
    task = born().send("hi", **{"x-kagent-source": "agent"})

    (session,) = controller.sessions.values()
    assert session["source"] == "agent"
    assert session["user_id"] == f"A2A_USER_{task['contextId']}"


def settle(controller: Any, task: dict[str, Any]) -> None:
    """Wait until a task is stored as it is now: that comes a moment after the answer."""
    state = task["status"]["state"]
    eventually(
        lambda: controller.tasks.get(task["id"], {}).get("status", {}).get("state") == state,
        what="the stored task",
    )
