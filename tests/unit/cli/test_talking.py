"""`agent invoke` and `agent chat` as processes, against a scripted agent and a stub of the API."""

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

APPLICATION = {
    "metadata": {"name": "app"},
    "status": {
        "components": [
            {
                "kind": "Agent",
                "namespace": "agents",
                "name": "triage",
                "file": "a.yaml",
                "line": 1,
                "sync": "Synced",
                "health": {"status": "Healthy", "message": ""},
            }
        ]
    },
}
DELETE = {"id": "1", "name": "delete", "args": {"title": "x"}}


def status(state: str, *parts: Any) -> dict[str, Any]:
    message = {"message": {"parts": list(parts)}} if parts else {}
    return {
        "kind": "status-update",
        "taskId": "t",
        "contextId": "ctx",
        "status": {"state": state, **message},
    }


def words(*texts: str) -> list[dict[str, Any]]:
    return [
        {
            "kind": "artifact-update",
            "append": index > 0,
            "artifact": {"artifactId": "a", "parts": [{"kind": "text", "text": text}]},
        }
        for index, text in enumerate(texts)
    ]


def question(*calls: dict[str, Any]) -> dict[str, Any]:
    parts = [
        {
            "kind": "data",
            "data": {"name": "adk_request_confirmation", "args": {"originalFunctionCall": call}},
        }
        for call in calls
    ]
    return status("input-required", *parts)


@dataclass
class Agent:
    """Answers what the test says, and remembers what it was asked."""

    turns: list[list[dict[str, Any]]] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)
    hangs: bool = False
    cancelled: threading.Event = field(default_factory=threading.Event)

    def answer(self, request: Request) -> Response:
        body = request.get_json()
        self.asked.append(body)
        if body["method"] == "tasks/cancel":
            self.cancelled.set()
            return Response(json.dumps({"jsonrpc": "2.0", "id": 1, "result": {"kind": "task"}}))
        return Response(self._events(), content_type="text/event-stream")

    def _events(self) -> Iterator[bytes]:
        for result in self.turns.pop(0):
            yield f"data: {json.dumps({'jsonrpc': '2.0', 'id': 1, 'result': result})}\n\n".encode()
        if self.hangs:
            self.cancelled.wait(120)


@pytest.fixture
def agent() -> Agent:
    return Agent()


@pytest.fixture
def url(agent: Agent) -> Iterator[str]:
    with HTTPServer(host="127.0.0.1", port=0, threaded=True) as server:
        page = {"items": [APPLICATION], "metadata": {"continue": ""}}
        server.expect_request("/api/v1/applications").respond_with_json(page)
        server.expect_request("/api/v1/applications/app").respond_with_json(APPLICATION)
        server.expect_request("/api/a2a/agents/triage/").respond_with_handler(agent.answer)
        waiting = {"kind": "task", "id": "t", "contextId": "ctx", **question(DELETE)}
        server.expect_request("/api/sessions/ctx/tasks").respond_with_json(
            {"error": False, "data": [{**waiting, "kind": "task"}]}
        )
        yield server.url_for("").rstrip("/")


def roster(*arguments: str, url: str, answer: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "controller", "agent", *arguments, "--server", url],
        input=answer,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_an_answer_is_printed_as_it_comes(agent: Agent, url: str) -> None:
    agent.turns = [[status("working"), *words("It is ", "noon\x1b[2J."), status("completed")]]

    done = roster("invoke", "triage", "What time is it?", url=url)

    assert (done.returncode, done.stdout) == (0, "It is noon[2J.\n")


def test_a_failure_is_told_with_the_exit_code(agent: Agent, url: str) -> None:
    agent.turns = [[status("failed", {"kind": "text", "text": "The model is away."})]]

    done = roster("invoke", "triage", "Hi", url=url)

    assert (done.returncode, done.stdout) == (1, "The model is away.\n")
    assert "The task is failed." in done.stderr


def test_a_conversation_goes_on_in_its_session(agent: Agent, url: str) -> None:
    agent.turns = [[*words("Yes."), status("completed")]]

    done = roster("invoke", "triage", "And now?", "--session", "ctx", "-o", "json", url=url)

    assert json.loads(done.stdout)["contextId"] == "ctx"
    assert agent.asked[0]["params"]["message"]["contextId"] == "ctx"


def test_what_waits_for_an_approval_is_told_with_the_way_on(agent: Agent, url: str) -> None:
    agent.turns = [[question(DELETE)]]

    done = roster("invoke", "triage", "Delete x", url=url)

    assert done.returncode == 1
    assert 'approval of delete {"title": "x"}' in done.stdout
    assert "roster agent chat triage --session ctx" in done.stderr


def test_a_chat_asks_about_every_call_and_gives_reasons(agent: Agent, url: str) -> None:
    other = {"id": "2", "name": "rename", "args": {}}
    agent.turns = [[question(DELETE, other)], [*words("Done."), status("completed")]]

    done = roster("chat", "triage", url=url, answer="Delete x\ny\nn\nnot that one\n")

    assert "Done." in done.stdout
    decision = agent.asked[1]["params"]["message"]
    assert (decision["taskId"], decision["contextId"]) == ("t", "ctx")
    assert decision["parts"][0]["data"] == {
        "decision_type": "batch",
        "decisions": {"1": "approve", "2": "reject"},
        "rejection_reasons": {"2": "not that one"},
    }


def test_a_call_that_was_decided_is_not_told_again(agent: Agent, url: str) -> None:
    part = {"kind": "data", "data": DELETE, "metadata": {"kagent_type": "function_call"}}
    working = status("working", part)
    agent.turns = [
        [working, question(DELETE)],
        [working, *words("It stays."), status("completed")],
    ]

    done = roster("chat", "triage", url=url, answer="Delete x\nn\nno\n")

    assert done.stderr.count('· delete {"title": "x"}') == 1


def test_a_chat_answers_the_agents_questions(agent: Agent, url: str) -> None:
    asks = {
        "id": "9",
        "name": "ask_user",
        "args": {"questions": [{"question": "Which colour?", "choices": ["red", "blue"]}]},
    }
    agent.turns = [[question(asks)], [*words("Red it is."), status("completed")]]

    done = roster("chat", "triage", url=url, answer="Paint it\nred\n")

    assert "Which colour? (red, blue)" in done.stdout
    data = agent.asked[1]["params"]["message"]["parts"][0]["data"]
    assert data["ask_user_answers"] == [{"answer": ["red"]}]


def test_a_chat_goes_on_where_an_approval_was_left(agent: Agent, url: str) -> None:
    agent.turns = [[*words("Deleted."), status("completed")]]

    done = roster("chat", "triage", "--session", "ctx", url=url, answer="y\n")

    assert "Deleted." in done.stdout
    assert agent.asked[0]["params"]["message"]["taskId"] == "t"


def test_ctrl_c_cancels_the_task(agent: Agent, url: str) -> None:
    call = {"id": "1", "name": "clock", "args": {}}
    part = {"kind": "data", "data": call, "metadata": {"kagent_type": "function_call"}}
    agent.turns, agent.hangs = [[status("working", part)]], True
    command = [sys.executable, "-m", "controller", "agent", "invoke", "triage", "Hi"]
    running = subprocess.Popen([*command, "--server", url], stderr=subprocess.PIPE, text=True)

    assert running.stderr is not None
    assert running.stderr.readline() == "· clock {}\n"
    running.send_signal(signal.SIGINT)
    _, told = running.communicate(timeout=120)

    assert agent.cancelled.is_set(), told
    assert running.returncode == 130, told
    assert agent.asked[-1]["params"] == {"id": "t"}
