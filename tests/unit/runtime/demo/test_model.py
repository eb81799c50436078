"""The demo model's protocol."""

import json
from typing import Any

import httpx
import pytest


def ask(url: str, **body: Any) -> httpx.Response:
    messages = [{"role": "user", "content": "count to 5"}]
    return httpx.post(
        f"{url}/chat/completions", json={"model": "demo", "messages": messages, **body}, timeout=10
    )


def test_an_answer_comes_at_once(model_url: str) -> None:
    answer = ask(model_url).json()

    assert answer["choices"][0]["message"] == {"role": "assistant", "content": "1 2 3 4 5"}
    assert answer["choices"][0]["finish_reason"] == "stop"
    assert answer["usage"]["completion_tokens"] == 5


def test_an_answer_comes_word_by_word(model_url: str) -> None:
    answer = ask(model_url, stream=True, stream_options={"include_usage": True})

    lines = [line.removeprefix("data: ") for line in answer.text.split("\n\n") if line]
    chunks = [json.loads(line) for line in lines[:-1]]
    words = [c["choices"][0]["delta"].get("content") for c in chunks if c["choices"]]
    assert lines[-1] == "[DONE]"
    assert [word for word in words if word] == ["1 ", "2 ", "3 ", "4 ", "5"]
    assert chunks[-1]["usage"]["total_tokens"] == 8


def test_the_length_is_limited(model_url: str) -> None:
    choice = ask(model_url, max_tokens=2).json()["choices"][0]

    assert choice["message"]["content"] == "1 2 "
    assert choice["finish_reason"] == "length"


def test_models_are_listed(model_url: str) -> None:
    listed = httpx.get(f"{model_url}/models").json()

    assert [model["id"] for model in listed["data"]] == ["demo", "demo-verbose"]


@pytest.mark.parametrize("body", [b"{", b"[]", b"{}", b'{"messages": 1, "model": "demo"}'])
def test_a_wrong_request_is_answered_in_the_protocols_form(model_url: str, body: bytes) -> None:
    answer = httpx.post(f"{model_url}/chat/completions", content=body)

    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "invalid_request_error"
