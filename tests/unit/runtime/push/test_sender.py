"""Push notifications over the wire: what arrives, how often it is tried, and where it may go."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from waiting import eventually

from controller.runtime.push import sender

ALLOWED = {"ROSTER_PUSH_TARGETS": "127.0.0.1"}


@dataclass
class Hook:
    """Somebody who wants to be told; answers 503 to the first `failures` calls."""

    url: str = ""
    failures: int = 0
    calls: int = 0
    told: list[dict[str, Any]] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)

    def app(self, url: str) -> Starlette:
        self.url = f"{url}/hook"
        return Starlette(routes=[Route("/hook", self._told, methods=["POST"])])

    async def _told(self, request: Request) -> Response:
        self.calls += 1
        if self.calls <= self.failures:
            return Response(status_code=503)
        self.headers = dict(request.headers)
        self.told.append(await request.json())
        return Response(status_code=204)


@pytest.fixture
def hook(serve: Callable[..., str]) -> Hook:
    listening = Hook()
    serve(listening.app)
    return listening


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sender, "FIRST_RETRY_S", 0.01)


def older(agent: Any, to_message: Any, hook: Hook, **fields: Any) -> dict[str, Any]:
    """Send a message by protocol 0.3 that asks to be told at `hook`."""
    config = {"url": hook.url, "token": "t0k", **fields}
    params = {**to_message("count to 3"), "configuration": {"pushNotificationConfig": config}}
    answer: dict[str, Any] = agent.rpc("message/send", params)
    return answer


def test_a_client_of_0_3_is_told_the_task(
    start: Callable[..., Any], to_message: Any, hook: Hook
) -> None:
    proof = {"authentication": {"schemes": ["Bearer"], "credentials": "abc"}}
    task = older(start(environment=ALLOWED), to_message, hook, **proof)["result"]

    eventually(lambda: bool(hook.told) and hook.told[-1]["status"]["state"] == "completed")

    assert hook.told[-1]["id"] == task["id"]
    assert hook.told[-1]["artifacts"][0]["parts"][0]["text"] == "1 2 3"
    assert hook.headers["x-a2a-notification-token"] == "t0k"
    assert hook.headers["authorization"] == "Bearer abc"
    assert [told["status"]["state"] for told in hook.told][:2] == ["submitted", "working"]


def test_a_client_of_1_0_is_told_the_event(start: Callable[..., Any], hook: Hook) -> None:
    agent = start(environment=ALLOWED)
    message = {"role": "ROLE_USER", "messageId": "m", "parts": [{"text": "hi"}]}
    configuration = {"taskPushNotificationConfig": {"url": hook.url}}
    params = {"message": message, "configuration": configuration}
    agent.rpc("SendMessage", params, **{"a2a-version": "1.0"})

    eventually(lambda: bool(hook.told) and "COMPLETED" in str(hook.told[-1]))

    assert hook.told[-1]["statusUpdate"]["status"]["state"] == "TASK_STATE_COMPLETED"


def test_a_hook_that_is_busy_is_tried_again(
    start: Callable[..., Any], to_message: Any, hook: Hook
) -> None:
    hook.failures = 2
    older(start(environment=ALLOWED), to_message, hook)

    eventually(lambda: bool(hook.told) and hook.told[-1]["status"]["state"] == "completed")

    assert [told["status"]["state"] for told in hook.told] == ["submitted", "working", "completed"]


def test_an_address_inside_is_refused_at_once(
    start: Callable[..., Any], to_message: Any, hook: Hook
) -> None:
    answer = older(start(), to_message, hook)

    assert answer["error"]["code"] == -32602
    assert hook.calls == 0


def test_configurations_can_be_listed_and_deleted(
    start: Callable[..., Any], to_message: Any, hook: Hook
) -> None:
    agent = start(environment=ALLOWED)
    task = older(agent, to_message, hook, id="mine")["result"]
    named = {"id": task["id"], "pushNotificationConfigId": "mine"}

    listed = agent.rpc("tasks/pushNotificationConfig/list", {"id": task["id"]})["result"]
    agent.rpc("tasks/pushNotificationConfig/delete", named)
    after = agent.rpc("tasks/pushNotificationConfig/list", {"id": task["id"]})["result"]

    assert [entry["pushNotificationConfig"]["id"] for entry in listed] == ["mine"]
    assert after == []


def ask(agent: Any, verb: str, user: str, **params: str) -> dict[str, Any]:
    method = f"tasks/pushNotificationConfig/{verb}"
    answer: dict[str, Any] = agent.rpc(method, params, **{"x-user-id": user})
    return answer


def ended_in_a_former_process(controller: Any, hook: Hook, **more: Any) -> None:
    controller.tasks["t1"] = {
        "id": "t1",
        "contextId": "c1",
        "kind": "task",
        "status": {"state": "failed", "timestamp": "2026-01-02T03:04:05Z"},
    }
    config = {"taskId": "t1", "id": "p1", "url": hook.url, "token": "t0k", **more}
    controller.pushes["t1"] = [{"id": "p1", "user_id": "ada", "config": config}]


def test_a_wish_is_kept_at_the_controller_and_dropped_there(
    start: Callable[..., Any], to_message: Any, hook: Hook, controller: Any
) -> None:
    agent = start(environment={**ALLOWED, **controller.environment()})
    params = {
        **to_message("count to 3"),
        "configuration": {"pushNotificationConfig": {"url": hook.url, "token": "t0k"}},
    }
    task = agent.rpc("message/send", params, **{"x-user-id": "ada"})["result"]

    (kept,) = controller.pushes[task["id"]]
    assert (kept["user_id"], kept["config"]["url"]) == ("ada", hook.url)
    assert kept["config"]["token"] == "t0k"
    dropped = ask(agent, "delete", "ada", id=task["id"], pushNotificationConfigId=kept["id"])
    assert "error" not in dropped
    assert controller.pushes[task["id"]] == []


def test_the_next_process_knows_the_wishes_and_shows_each_user_his(
    start: Callable[..., Any], hook: Hook, controller: Any
) -> None:
    ended_in_a_former_process(controller, hook)
    agent = start(environment={**ALLOWED, **controller.environment()})

    (found,) = ask(agent, "list", "ada", id="t1")["result"]
    assert found["pushNotificationConfig"]["token"] == "t0k"
    assert ask(agent, "list", "bob", id="t1")["result"] == []


def test_whoever_wants_it_is_told_of_a_task_that_died_with_its_process(
    start: Callable[..., Any], hook: Hook, controller: Any
) -> None:
    ended_in_a_former_process(controller, hook, rosterOlder=True)
    controller.untold = ["t1"]
    start(environment={**ALLOWED, **controller.pod("helper-1")}).send("hello")

    eventually(lambda: bool(hook.told))

    assert (hook.told[0]["id"], hook.told[0]["status"]["state"]) == ("t1", "failed")
    assert hook.headers["x-a2a-notification-token"] == "t0k"


def test_a_wish_counts_while_the_controller_is_away(
    start: Callable[..., Any], to_message: Any, hook: Hook, controller: Any
) -> None:
    controller.is_away = True
    older(start(environment={**ALLOWED, **controller.environment()}), to_message, hook)

    eventually(lambda: bool(hook.told) and hook.told[-1]["status"]["state"] == "completed")
