"""The A2A project's own clients, each in its own virtual environment, talk to an agent."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from controller.definitions import agentconfig

CLIENTS = Path(__file__).parents[2] / "clients"


def seen_by(client: str, script: str, url: str) -> dict[str, Any]:
    """What a client saw of an agent."""
    python = Path(sys.prefix) / "clients" / client / "bin/python"
    assert python.exists(), "Install the clients: python tests/clients/install.py (make test does)."
    done = subprocess.run(
        [python, CLIENTS / script, url], capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stderr
    seen: dict[str, Any] = json.loads(done.stdout)
    return seen


@pytest.fixture
def agent(start: Callable[..., Any], slow_model_url: str) -> str:
    url: str = start(model=agentconfig.OpenAI(model="demo", base_url=slow_model_url)).url
    return url


def test_the_client_of_0_3_sends_streams_gets_and_cancels(agent: str) -> None:
    assert seen_by("a2a-0.3", "a2a_0_3.py", agent) == {
        "card": "helper",
        "send": ["completed", "1 2 3"],
        "get": ["completed", "1 2 3"],
        "stream": ["completed", "1 2 3 4 5", True],
        "cancel": "canceled",
    }


def test_the_client_of_1_x_sends_streams_gets_lists_and_cancels(agent: str) -> None:
    assert seen_by("a2a-1", "a2a_1.py", agent) == {
        "send": ["TASK_STATE_COMPLETED", "1 2 3"],
        "get": ["TASK_STATE_COMPLETED", "1 2 3"],
        "list": [True],
        "stream": ["TASK_STATE_COMPLETED", "1 2 3 4 5"],
        "cancel": "TASK_STATE_CANCELED",
    }
