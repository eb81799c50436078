from typing import Any

from controller.a2a.turn import Call, Turn, decision_part, said


def status(state: str, *parts: dict[str, Any]) -> dict[str, Any]:
    message = {"message": {"parts": list(parts)}} if parts else {}
    return {
        "kind": "status-update",
        "taskId": "t",
        "contextId": "c",
        "status": {"state": state, **message},
    }


def artifact(text: str, *, append: bool = False) -> dict[str, Any]:
    return {
        "kind": "artifact-update",
        "append": append,
        "artifact": {"artifactId": "a", "parts": [{"kind": "text", "text": text}]},
    }


def asks(call: dict[str, Any], **confirmation: Any) -> dict[str, Any]:
    arguments = {"originalFunctionCall": call, "toolConfirmation": confirmation}
    return {"kind": "data", "data": {"name": "adk_request_confirmation", "args": arguments}}


DELETE = {"id": "1", "name": "delete", "args": {"title": "x"}}


def test_pieces_of_an_answer_come_one_by_one() -> None:
    turn = Turn()

    told = [
        turn.feed(event).text
        for event in (
            status("working"),
            artifact("It is "),
            artifact("noon.", append=True),
            status("completed"),
        )
    ]

    assert told == ["", "It is ", "noon.", ""]
    assert (turn.text, turn.state, turn.task_id, turn.context_id) == (
        "It is noon.",
        "completed",
        "t",
        "c",
    )
    assert turn.has_ended


def test_a_whole_artifact_after_its_pieces_repeats_nothing() -> None:
    turn = Turn()
    turn.feed(artifact("It is "))

    told = turn.feed(artifact("It is noon."))

    assert (told.text, turn.text) == ("noon.", "It is noon.")


def test_a_last_message_is_the_answer_where_there_is_no_artifact() -> None:
    turn = Turn()

    told = turn.feed(status("completed", {"kind": "text", "text": "Done."}))

    assert (told.text, turn.text) == ("Done.", "Done.")


def test_a_bare_message_is_an_answer() -> None:
    turn = Turn()

    turn.feed({"kind": "message", "contextId": "c", "parts": [{"kind": "text", "text": "Hi."}]})

    assert (turn.text, turn.state, turn.context_id) == ("Hi.", "completed", "c")


def test_a_whole_task_is_a_turn() -> None:
    turn = Turn()

    told = turn.feed(
        {
            "kind": "task",
            "id": "t",
            "contextId": "c",
            "status": {"state": "completed"},
            "artifacts": [{"artifactId": "a", "parts": [{"kind": "text", "text": "Noon."}]}],
        }
    )

    assert (told.text, turn.text, turn.task_id) == ("Noon.", "Noon.", "t")


def test_calls_of_tools_are_told_as_they_happen() -> None:
    part = {"kind": "data", "data": DELETE, "metadata": {"kagent_type": "function_call"}}

    told = Turn().feed(status("working", part))

    assert told.called == (Call(id="1", name="delete", arguments={"title": "x"}),)


def test_calls_that_wait_are_known() -> None:
    turn = Turn()

    turn.feed(status("input-required", asks(DELETE)))

    assert turn.is_waiting
    assert turn.waiting_for == (Call(id="1", name="delete", arguments={"title": "x"}),)


def test_a_colleagues_call_waits_under_the_id_of_the_call_to_it() -> None:
    turn = Turn()
    outer = {"id": "9", "name": "agents__NS__writer", "args": {}}
    payload = {"subagent_name": "writer", "hitl_parts": [asks(DELETE)]}

    turn.feed(status("input-required", asks(outer, payload=payload)))

    assert turn.waiting_for == (Call(id="9", name="writer: delete", arguments={"title": "x"}),)


def test_a_decision_has_kagents_form() -> None:
    part = decision_part({"1": True, "2": False}, {"2": "not now"}, ["red"])

    assert part["data"] == {
        "decision_type": "batch",
        "decisions": {"1": "approve", "2": "reject"},
        "rejection_reasons": {"2": "not now"},
        "ask_user_answers": [{"answer": ["red"]}],
    }


def test_a_message_names_the_context_where_there_is_one() -> None:
    first, next_ = said([])["message"], said([], context_id="c")["message"]

    assert "contextId" not in first
    assert next_["contextId"] == "c"
    assert first["messageId"] != next_["messageId"]
