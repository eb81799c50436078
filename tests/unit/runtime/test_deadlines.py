"""Questions to people have a time limit; what nobody decides in time counts as rejected."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from waiting import eventually

from controller.runtime.deadlines import Deadlines
from controller.runtime.sessions import Past
from controller.runtime.turns import Decision, PendingCall, Turn

CALL = PendingCall(id="1", name="delete_note", arguments={})


def test_a_call_that_nobody_decides_about_is_rejected_and_the_turn_goes_on(
    start: Callable[..., Any],
    mcp: Callable[..., Any],
    tools_url: str,
    answer_of: Callable[..., str],
) -> None:
    agent = start(
        environment={"ROSTER_APPROVAL_SECONDS": "2"},
        http_tools=mcp(tools_url, require_approval=("delete_note",)),
    )
    agent.send("save a note called todo: buy milk")
    waiting = agent.send("delete the note todo")

    def ended() -> dict[str, Any] | None:
        task: dict[str, Any] = agent.rpc("tasks/get", {"id": waiting["id"]})["result"]
        return task if task["status"]["state"] == "completed" else None

    task = eventually(ended)

    assert waiting["status"]["state"] == "input-required"
    assert "Nobody decided within 2 s." in answer_of(task)
    assert task["metadata"]["roster_decisions"][0]["by"] == "nobody"
    assert answer_of(agent.send("list notes")) == "list notes: todo"


def test_a_decision_that_comes_too_late_is_the_rejection() -> None:
    late = Turn(
        context_id="c", task_id="t", decisions={"1": Decision(approved=True)}, decided_by="bob"
    )

    applied = Deadlines(60).applied(late, Past(pending=(CALL,), pending_since=1.0))

    assert applied.decisions is not None
    assert not applied.decisions["1"].approved
    assert applied.decisions["1"].reason == "Nobody decided within 1 min."
    assert applied.decided_by == "nobody"


@pytest.mark.parametrize("answered", [False, True], ids=["unanswered", "answered"])
def test_an_answer_stops_the_clock(answered: bool) -> None:
    over: list[str] = []

    async def reject(turn: Turn) -> None:
        over.append(turn.task_id)

    async def run() -> None:
        deadlines = Deadlines(0.01)
        deadlines.when_over(reject)
        deadlines.start(Turn(context_id="c", task_id="t"))
        if answered:
            deadlines.stop("t")
        await asyncio.sleep(0.05)
        await deadlines.close()

    asyncio.run(run())

    assert over == ([] if answered else ["t"])
