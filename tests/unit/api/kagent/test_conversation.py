import json
from pathlib import Path
from typing import Any

import pytest

from controller.api.kagent import conversation
from controller.api.kagent.conversation import Approval, Turn
from controller.state.sessions import Event

TRANSCRIPTS = Path(__file__).parents[3] / "transcripts" / "runtime"


def turns(*events: dict[str, Any]) -> list[Turn]:
    stored = [
        Event(
            id=str(number),
            sequence=number,
            data=json.dumps(event),
            created_at="2026-01-02T03:04:05Z",
            revision=f"r{number}",
        )
        for number, event in enumerate(events, start=1)
    ]
    return conversation.turns(stored, user="ada")


def said(author: str, text: str, **more: Any) -> dict[str, Any]:
    role = "user" if author == "user" else "model"
    return {"author": author, "content": {"role": role, "parts": [{"text": text}]}, **more}


def recorded(*names: str) -> list[dict[str, Any]]:
    """The events that kagent's runtime stored."""
    return [
        json.loads(exchange["request"]["body"]["data"])
        for name in names
        for exchange in json.loads((TRANSCRIPTS / f"{name}.json").read_bytes())
        if exchange["request"]["path"].endswith("/events")
    ]


def test_a_turn_is_what_a_user_said_and_all_that_came_of_it() -> None:
    usage = {"usageMetadata": {"promptTokenCount": 3, "candidatesTokenCount": 2}}
    first, second = turns(
        said("user", "Hello"),
        said("agent", "Hi.", **usage),
        said("agent", "How are you?", **usage),
        said("user", "Well"),
    )

    assert (first.said, [step.text for step in first.steps]) == ("Hello", ["Hi.", "How are you?"])
    assert (first.input_tokens, first.output_tokens, first.revision) == (6, 4, "r3")
    assert (second.said, second.steps) == ("Well", [])


@pytest.mark.parametrize(
    ("name", "approval", "result"),
    [
        ("11-hitl-approve", Approval(state="approved", by="ada"), "deleted /etc/x"),
        ("13-hitl-reject", Approval(state="rejected", by="ada", reason="too dangerous"), None),
    ],
)
def test_kagent_s_approvals_stand_at_the_call_they_are_about(
    name: str, approval: Approval, result: str | None
) -> None:
    """The rejected call is another session's: its request was not recorded."""
    request = recorded("10-hitl-request")
    decided = recorded(name)
    asked = request[3]["content"]["parts"][0]["function_call"]["id"]
    if name == "13-hitl-reject":
        decided[0]["content"]["parts"][0]["function_response"]["id"] = asked
    (turn,) = turns(*request, *decided)
    (call,) = [step for step in turn.steps if step.kind == "call"]

    assert (call.tool, call.arguments) == ("delete_file", {"path": "/etc/x"})
    assert call.approval is not None
    assert call.approval.at
    call.approval.at = ""
    assert call.approval == approval
    if result is not None:
        assert result in json.dumps(call.result)


def test_a_call_waits_until_somebody_decides() -> None:
    (turn,) = turns(*recorded("10-hitl-request"))
    (call,) = turn.steps

    assert call.approval == Approval(state="waiting")
    assert call.result is None


def test_roster_s_approvals_say_who_decided_and_when() -> None:
    call = {"functionCall": {"id": "c1", "name": "delete_note", "args": {"title": "x"}}}
    asked = {
        "author": "agent",
        "content": {"role": "model", "parts": [call]},
        "customMetadata": {"roster": {"pending": [{"id": "c1", "name": "delete_note"}]}},
    }
    at = "2026-01-02T03:05:00+00:00"
    decision = {"callId": "c1", "decision": "reject", "reason": "no", "by": "bob", "at": at}
    told = said("agent", "Then not.", customMetadata={"roster": {"decisions": [decision]}})
    waiting = turns(said("user", "Delete x"), asked)
    decided = turns(said("user", "Delete x"), asked, told)

    assert waiting[0].steps[0].approval == Approval()
    assert decided[0].steps[0].approval == Approval(state="rejected", by="bob", at=at, reason="no")


def test_what_only_machines_read_is_left_out() -> None:
    assert turns({"author": "system", "actions": {"state_delta": {}}}) == []


def test_an_agent_may_begin_and_fail() -> None:
    (turn,) = turns({"author": "agent", "error_message": "model is away"})

    assert (turn.said, turn.error) == ("", "model is away")
