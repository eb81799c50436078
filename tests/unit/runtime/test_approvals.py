"""Human approval: the form of question and decision, and what a decision leads to."""

from collections.abc import Callable
from typing import Any

import pytest

from controller.definitions import agentconfig
from controller.runtime import approvals
from controller.runtime.turns import PendingCall

PENDING = (
    PendingCall(id="1", name="delete_note", arguments={"title": "a"}),
    PendingCall(id="2", name="delete_note", arguments={"title": "b"}),
)


@pytest.fixture
def keeper(start: Callable[..., Any], mcp: Callable[..., Any], tools_url: str) -> Any:
    """An agent that keeps notes and asks before it deletes one."""
    return start(http_tools=mcp(tools_url, require_approval=("delete_note",)))


@pytest.fixture
def front_desk(start: Callable[..., Any], keeper: Any) -> Any:
    """An agent whose colleague keeps notes."""
    colleague = agentconfig.RemoteAgent(
        name="agents__NS__note_keeper", url=keeper.url, description="Keeps notes"
    )
    return start(remote_agents=(colleague,))


@pytest.fixture
def waiting(keeper: Any) -> dict[str, Any]:
    """Its task once it waits for a yes or no."""
    context = keeper.send("save a note called todo: buy milk")["contextId"]
    return keeper.send("delete the note todo", context=context)


def decide(agent: Any, task: dict[str, Any], **decision: Any) -> dict[str, Any]:
    return agent.send(decision, context=task["contextId"], task=task["id"])


def test_the_question_has_kagents_form(waiting: dict[str, Any]) -> None:
    assert waiting["status"]["state"] == "input-required"
    (part,) = waiting["status"]["message"]["parts"]
    assert part["metadata"] == {"kagent_type": "function_call", "kagent_is_long_running": True}
    assert part["data"]["name"] == "adk_request_confirmation"
    asked = part["data"]["args"]
    assert asked["originalFunctionCall"]["name"] == "delete_note"
    assert asked["originalFunctionCall"]["args"] == {"title": "todo"}
    assert asked["toolConfirmation"] == {
        "hint": "Tool 'delete_note' requires approval before execution.",
        "confirmed": False,
    }


def test_an_approved_call_is_made(
    keeper: Any, waiting: dict[str, Any], answer_of: Callable[..., str]
) -> None:
    done = decide(keeper, waiting, decision_type="approve")

    assert done["id"] == waiting["id"]
    assert done["status"]["state"] == "completed"
    assert answer_of(done) == "delete note: Deleted the note “todo”."
    assert answer_of(keeper.send("list notes")) == "list notes: none"


def test_a_rejected_call_is_not_made_and_the_model_hears_why(
    keeper: Any, waiting: dict[str, Any], answer_of: Callable[..., str]
) -> None:
    done = decide(keeper, waiting, decision_type="reject", rejection_reason="still needed")

    assert done["status"]["state"] == "completed"
    assert answer_of(done).endswith("Tool call was rejected by user. Reason: still needed")
    assert answer_of(keeper.send("list notes")) == "list notes: todo"


def test_a_text_instead_of_a_decision_is_a_new_question(
    keeper: Any, waiting: dict[str, Any], answer_of: Callable[..., str]
) -> None:
    task = keeper.send("calculate 1+1", context=waiting["contextId"], task=waiting["id"])

    assert task["status"]["state"] == "completed"
    assert "calculate: 2" in answer_of(task)
    assert answer_of(keeper.send("list notes")) == "list notes: todo"


def test_a_decision_that_is_none_repeats_the_question(
    keeper: Any, waiting: dict[str, Any], answer_of: Callable[..., str]
) -> None:
    again = decide(keeper, waiting, decision_type="perhaps")

    assert again["status"]["state"] == "input-required"
    question, hint = again["status"]["message"]["parts"]
    assert question["data"]["args"]["originalFunctionCall"]["name"] == "delete_note"
    assert "approve, reject or batch" in hint["text"]
    done = decide(keeper, again, decision_type="approve")
    assert "Deleted" in answer_of(done)


def test_a_waiting_task_can_be_cancelled(keeper: Any, waiting: dict[str, Any]) -> None:
    cancelled = keeper.rpc("tasks/cancel", {"id": waiting["id"]})["result"]

    assert cancelled["status"]["state"] == "canceled"


@pytest.mark.parametrize(
    ("decision", "expected"),
    [
        ({"decision_type": "approve"}, ("Deleted the note “x”.", "none")),
        ({"decision_type": "reject", "rejection_reason": "no"}, ("Reason: no", "x")),
    ],
    ids=["approved", "rejected"],
)
def test_a_colleagues_question_reaches_the_person_and_the_decision_the_colleague(
    keeper: Any,
    front_desk: Any,
    answer_of: Callable[..., str],
    decision: dict[str, Any],
    expected: tuple[str, str],
) -> None:
    outcome, left = expected
    desk = front_desk
    context = desk.send("ask the note keeper to save a note called x: y")["contextId"]
    waiting = desk.send('ask the note keeper to delete the note "x"', context=context)
    (part,) = waiting["status"]["message"]["parts"]
    payload = part["data"]["args"]["toolConfirmation"]["payload"]

    done = decide(desk, waiting, **decision)

    assert payload["subagent_name"] == "agents__NS__note_keeper"
    assert payload["hitl_parts"][0]["name"] == "adk_request_confirmation"
    assert done["status"]["state"] == "completed"
    assert outcome in answer_of(done)
    assert answer_of(keeper.send("list notes")) == f"list notes: {left}"


def test_approve_decides_every_call() -> None:
    decided = approvals.decisions([{"decision_type": "approve"}], PENDING)

    assert decided is not None
    assert {id_: decision.approved for id_, decision in decided.items()} == {"1": True, "2": True}


def test_a_batch_decides_each_call() -> None:
    batch = {
        "decision_type": "batch",
        "decisions": {"1": "approve", "2": "reject"},
        "rejection_reasons": {"2": "mine"},
    }

    decided = approvals.decisions([batch], PENDING)

    assert decided is not None
    assert decided["1"].approved
    assert not decided["2"].approved
    assert decided["2"].reason == "mine"
    assert decided["2"].message == {"decision_type": "reject", "rejection_reason": "mine"}


def test_a_batch_that_leaves_a_call_out_is_refused() -> None:
    batch = {"decision_type": "batch", "decisions": {"1": "approve"}}

    with pytest.raises(approvals.DecisionError, match="call 2"):
        approvals.decisions([batch], PENDING)


def test_other_data_is_no_decision() -> None:
    assert approvals.decisions([{"color": "red"}], PENDING) is None


def test_the_agent_asks_its_user_and_gets_the_answer(
    start: Callable[..., Any], answer_of: Callable[..., str]
) -> None:
    agent = start()
    waiting = agent.send("ask me which database we use")

    done = decide(
        agent, waiting, decision_type="approve", ask_user_answers=[{"answer": ["postgres"]}]
    )

    asked = waiting["status"]["message"]["parts"][0]["data"]["args"]
    assert waiting["status"]["state"] == "input-required"
    assert asked["originalFunctionCall"]["name"] == "ask_user"
    assert asked["originalFunctionCall"]["args"]["questions"][0]["question"] == (
        "which database we use?"
    )
    assert asked["toolConfirmation"]["hint"] == "which database we use?"
    assert done["status"]["state"] == "completed"
    assert "postgres" in answer_of(done)


def test_who_decided_and_when_is_kept_with_the_task(keeper: Any, waiting: dict[str, Any]) -> None:
    decision = {"decision_type": "reject", "rejection_reason": "no"}
    done = keeper.send(
        decision, context=waiting["contextId"], task=waiting["id"], **{"x-user-id": "bob"}
    )

    (record,) = done["metadata"]["roster_decisions"]
    assert record["by"] == "bob"
    assert record["decision"] == "reject"
    assert record["reason"] == "no"
    assert record["tool"] == "delete_note"
    assert record["at"].endswith("+00:00")


def test_whoever_decides_by_a_link_is_not_taken_for_the_owner(
    keeper: Any, waiting: dict[str, Any]
) -> None:
    shared = {"x-user-id": "ada", "x-roster-shared": "true"}
    done = keeper.send(
        {"decision_type": "approve"}, context=waiting["contextId"], task=waiting["id"], **shared
    )

    (record,) = done["metadata"]["roster_decisions"]
    assert record["by"] == "a shared link"
