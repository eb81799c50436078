"""A real process with a controller: what SIGTERM and SIGKILL leave behind."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from loopback import spare_port
from waiting import eventually

from controller.definitions import agentconfig

ROOT = Path(__file__).parents[4]
ALICE = {"x-user-id": "alice"}


@contextmanager
def process(
    folder: Path, model_url: str, controller: Any
) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """An agent's process and its address."""
    model = agentconfig.OpenAI(model="demo", base_url=model_url)
    config = agentconfig.AgentConfig(
        model=model, description="helps", instruction="You help.", stream=True
    )
    card = agentconfig.AgentCard(name="helper", description="helps", url="http://helper:8080")
    (folder / "config.json").write_text(config.dump())
    (folder / "agent-card.json").write_text(card.dump())
    port = spare_port()
    command = [sys.executable, "-m", "controller.runtime", "--port", str(port)]
    with subprocess.Popen(
        [*command, "--filepath", str(folder)],
        cwd=ROOT,
        env={**os.environ, **controller.environment()},
    ) as started:
        try:
            eventually(lambda: answers(f"http://127.0.0.1:{port}"))
            yield started, f"http://127.0.0.1:{port}"
        finally:
            started.kill()


def answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health", timeout=1).status_code == 200
    except httpx.TransportError:
        return False


def send(url: str, params: dict[str, Any]) -> dict[str, Any]:
    body = {"jsonrpc": "2.0", "id": 1, "method": "message/send", "params": params}
    answer: dict[str, Any] = httpx.post(url, json=body, headers=ALICE, timeout=60).json()["result"]
    return answer


def test_sigterm_lets_a_turn_finish_that_nobody_watches(
    tmp_path: Path, slow_model_url: str, controller: Any, to_message: Any
) -> None:
    with process(tmp_path, slow_model_url, controller) as (running, url):
        params = {**to_message("count to 20"), "configuration": {"blocking": False}}
        task = send(url, params)

        running.send_signal(signal.SIGTERM)
        running.wait(60)

    kept = controller.tasks[task["id"]]
    assert kept["status"]["state"] == "completed"
    assert kept["artifacts"][0]["parts"][0]["text"] == " ".join(map(str, range(1, 21)))
    assert len(controller.told(task["contextId"], "alice")) == 2


def test_a_killed_process_leaves_every_turn_that_it_ended(
    tmp_path: Path, model_url: str, controller: Any, to_message: Any
) -> None:
    with process(tmp_path, model_url, controller) as (running, url):
        task = send(url, to_message("My name is Ada"))
        running.kill()

    with process(tmp_path, model_url, controller) as (_, url):
        later = send(url, to_message("What is my name?", context=task["contextId"]))

    assert later["artifacts"][0]["parts"][0]["text"] == "Your name is Ada."
