"""Messages as ADK events and back: ours without loss, kagent's from their parts."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic_ai.messages import (
    BinaryImage,
    ModelMessage,
    ModelRequest,
    ModelResponse,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)
from pydantic_ai.usage import RequestUsage

from controller.runtime.sessions import events
from controller.runtime.sessions.conversations import Entry, Past

KAGENTS = Path(__file__).parents[3] / "golden" / "kagent-adk-history.json"

QUESTION = ModelRequest(
    parts=[
        UserPromptPart(["Look at this", BinaryImage(data=b"png", media_type="image/png")]),
    ],
    instructions="You are secret.",
)
CALL = ModelResponse(
    parts=[
        ThinkingPart("hm", signature="s"),
        TextPart("I look."),
        ToolCallPart("look", {"x": 1}, "1"),
    ],
    usage=RequestUsage(input_tokens=3, output_tokens=4),
    model_name="m",
)
RETURN = ModelRequest(parts=[ToolReturnPart("look", "a cat", "1")])
ANSWER = ModelResponse(parts=[TextPart("A cat.")], model_name="m")


def told(*messages: ModelMessage, **extra: Any) -> list[dict[str, Any]]:
    """Messages as events, by way of JSON; `extra` goes with the last."""
    last = len(messages) - 1
    shaped = [
        events.event(
            Entry(id=str(place), message=message),
            agent="helper",
            turn_id="t",
            at=1.0,
            extra=extra if place == last else None,
        )
        for place, message in enumerate(messages)
    ]
    return list(json.loads(json.dumps(shaped)))


def test_a_message_comes_back_as_it_was() -> None:
    past = events.past(told(QUESTION, CALL, RETURN, ANSWER))

    assert past.messages == [replace(QUESTION, instructions=None), CALL, RETURN, ANSWER]


def test_the_system_prompt_is_not_kept() -> None:
    assert "secret" not in json.dumps(told(QUESTION))


def test_readers_of_adk_see_texts_calls_and_answers() -> None:
    _, call, returned, _ = told(QUESTION, CALL, RETURN, ANSWER)

    assert call["author"] == "helper"
    assert call["content"]["parts"] == [
        {"text": "I look."},
        {"functionCall": {"id": "1", "name": "look", "args": {"x": 1}}},
    ]
    assert call["usageMetadata"]["totalTokenCount"] == 7
    assert returned["content"]["parts"][0]["functionResponse"]["name"] == "look"


def test_a_call_that_nobody_answered_is_closed() -> None:
    past = events.past(told(QUESTION, CALL))

    assert isinstance(past.messages[-1], ModelRequest)
    (closed,) = past.messages[-1].parts
    assert isinstance(closed, ToolReturnPart)
    assert closed.tool_call_id == "1"


def test_a_call_that_waits_for_a_person_goes_on_waiting() -> None:
    waiting = [{"id": "1", "name": "look", "arguments": {"x": 1}, "payload": {}}]

    past = events.past(told(QUESTION, CALL, pending=waiting))

    assert past.messages[-1] == CALL
    assert [call.id for call in past.pending] == ["1"]
    assert past.pending_since == 1.0


def test_a_summary_takes_the_place_of_what_it_sums_up() -> None:
    summary = ModelRequest(parts=[UserPromptPart("Earlier: a cat.")])
    later = told(QUESTION, CALL, RETURN, ANSWER)
    marked = events.event(
        Entry(id="s", message=summary), agent="a", turn_id="t", at=2.0, extra={"replaces": "2"}
    )

    past = events.past([*later, marked])

    assert past.messages == [summary, ANSWER]
    assert [entry.id for entry in past.entries] == ["s", "3"]


def test_contexts_with_colleagues_are_remembered() -> None:
    past = events.past(told(QUESTION, ANSWER, colleagues={"clerk": "c-1"}))

    assert past.colleague_contexts == {"clerk": "c-1"}


def test_a_history_of_kagents_runtime_is_read_from_its_parts() -> None:
    past = events.past(json.loads(KAGENTS.read_text()))

    asked, called, returned, answered = past.messages
    assert isinstance(asked.parts[0], UserPromptPart)
    assert isinstance(called.parts[0], ToolCallPart)
    assert isinstance(returned.parts[0], ToolReturnPart)
    assert returned.parts[0].content["structuredContent"] == {"result": "deleted /etc/x"}
    assert answered.parts == [TextPart("FINAL tool-result=deleted /etc/x")]


def test_nothing_told_is_nothing_known() -> None:
    assert events.past([]) == Past()
