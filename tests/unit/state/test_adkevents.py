import json

import pytest

from controller.state import adkevents

SNAKE = {
    "invocation_id": "i1",
    "author": "agent_a",
    "timestamp": 1795468958.0,
    "content": {
        "role": "model",
        "parts": [
            {"text": "Let me ", "thought": None},
            {"text": "hm", "thought": True},
            {"text": "look."},
            {"function_call": {"id": "c1", "name": "look", "args": {"at": "x"}}},
            {"function_response": {"id": "c0", "name": "past", "response": {"result": 1}}},
        ],
    },
    "usage_metadata": {"prompt_token_count": 11, "candidates_token_count": None},
    "custom_metadata": {"decided_by": "ada"},
}
CAMEL = {
    "invocationId": "i1",
    "author": "agent_a",
    "timestamp": 1795468958.0,
    "content": {
        "role": "model",
        "parts": [
            {"text": "Let me look."},
            {"text": "hm", "thought": True},
            {"functionCall": {"id": "c1", "name": "look", "args": {"at": "x"}}},
            {"functionResponse": {"id": "c0", "name": "past", "response": {"result": 1}}},
        ],
    },
    "usageMetadata": {"promptTokenCount": 11},
    "customMetadata": {"decided_by": "ada"},
}


@pytest.mark.parametrize("data", [SNAKE, CAMEL], ids=["snake_case", "camelCase"])
def test_both_spellings_say_the_same(data: dict[str, object]) -> None:
    event = adkevents.parse(json.dumps(data))

    assert (event.author, event.role, event.invocation) == ("agent_a", "model", "i1")
    assert (event.text, event.thought) == ("Let me look.", "hm")
    assert event.calls == (adkevents.Call(id="c1", name="look", value={"at": "x"}),)
    assert event.responses == (adkevents.Call(id="c0", name="past", value={"result": 1}),)
    assert (event.input_tokens, event.output_tokens) == (11, 0)
    assert event.metadata == {"decided_by": "ada"}
    assert event.time is not None
    assert event.time.year == 2026


@pytest.mark.parametrize(
    "data", ["not json", '["a list"]', "7", '{"content": "text"}', '{"timestamp": 1e300}', "{}"]
)
def test_what_is_no_event_is_read_without_complaint(data: str) -> None:
    event = adkevents.parse(data)

    assert event.calls == ()
    assert event.time is None


def test_a_time_may_be_a_text() -> None:
    event = adkevents.parse('{"timestamp": "2026-01-02T03:04:05Z"}')

    assert event.time is not None
    assert event.time.isoformat() == "2026-01-02T03:04:05+00:00"


@pytest.mark.parametrize("delta", ["state_delta", "stateDelta"])
def test_credentials_in_headers_are_left_out(delta: str) -> None:
    headers = {"Authorization": "Bearer s3cr3t", "cookie": "s3cr3t", "x-tenant": "acme"}
    stored = adkevents.without_credentials(json.dumps({"actions": {delta: {"headers": headers}}}))

    assert "s3cr3t" not in stored
    assert json.loads(stored)["actions"][delta]["headers"] == {"x-tenant": "acme"}


def test_an_event_without_credentials_stays_as_it_came() -> None:
    data = '{"actions": {"state_delta":  {"headers": {"x-tenant": "acme"}}}}'

    assert adkevents.without_credentials(data) == data
    assert adkevents.without_credentials('"headers" but no json') == '"headers" but no json'
