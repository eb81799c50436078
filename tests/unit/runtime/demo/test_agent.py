"""The agent that somebody brought, in both protocol versions."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from controller.runtime.demo import agent


@pytest.fixture
def url(serve: Callable[..., str]) -> str:
    return serve(agent.create)


def test_it_answers_in_the_older_protocol(url: str, to_message: Callable[..., Any]) -> None:
    body = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "message/send",
        "params": to_message("10 miles in km"),
    }

    task = httpx.post(f"{url}/", json=body).json()["result"]

    assert task["status"]["state"] == "completed"
    assert task["artifacts"][0]["parts"][0]["text"] == "10 miles = 16.0934 km"


def test_it_answers_in_the_newer_protocol(url: str) -> None:
    message = {"role": "ROLE_USER", "messageId": "1", "parts": [{"text": "3 lb to kg"}]}
    body = {"jsonrpc": "2.0", "id": 1, "method": "SendMessage", "params": {"message": message}}

    task = httpx.post(f"{url}/", json=body, headers={"A2A-Version": "1.0"}).json()["result"]["task"]

    assert task["artifacts"][0]["parts"][0]["text"] == "3 lb = 1.36078 kg"


def test_its_card_names_where_it_is_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAGENT_NAME", "unit-converter")
    monkeypatch.setenv("KAGENT_NAMESPACE", "agents")

    assert agent.own_url("0.0.0.0", 8080) == "http://unit-converter.agents:8080/"


def test_alone_it_names_its_own_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KAGENT_NAME", raising=False)

    assert agent.own_url("127.0.0.1", 9) == "http://127.0.0.1:9/"
