import asyncio
from typing import Any

import pytest

from controller.a2a import shares
from controller.a2a.calls import Call
from controller.a2a.shares import Link, LinkRefusedError


def link(*, is_read_only: bool = False) -> Link:
    return Link(
        context="c1", user="ada", is_read_only=is_read_only, has_task=lambda task: task == "t1"
    )


def check(method: str, params: dict[str, Any], *, is_read_only: bool = False) -> None:
    call = Call(id=1, method=method, params=params)
    asyncio.run(shares.check(link(is_read_only=is_read_only), call))


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A task that is missing is missing at the second look, too."""
    monkeypatch.setattr(shares, "_LOOKS", 2)
    monkeypatch.setattr(shares, "_LOOK_S", 0)


SENT = {
    "message": {"contextId": "c1", "parts": []},
    "configuration": {"acceptedOutputModes": ["text"]},
}
IN_TASK = {"message": {"contextId": "c1", "taskId": "t1", "referenceTaskIds": ["t1"]}}


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("message/send", SENT),
        ("message/stream", SENT),
        ("SendMessage", IN_TASK),
        ("SendStreamingMessage", IN_TASK),
        ("tasks/cancel", {"id": "t1"}),
        ("CancelTask", {"id": "t1"}),
    ],
)
def test_a_link_for_writing_sends_and_cancels_in_its_conversation(
    method: str, params: dict[str, Any]
) -> None:
    check(method, params)
    with pytest.raises(LinkRefusedError, match="for reading only"):
        check(method, params, is_read_only=True)


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("tasks/get", {"id": "t1"}),
        ("GetTask", {"id": "t1", "historyLength": 3}),
        ("tasks/resubscribe", {"id": "t1"}),
        ("SubscribeToTask", {"id": "t1"}),
        ("ListTasks", {"contextId": "c1"}),
        ("GetExtendedAgentCard", {}),
    ],
)
def test_a_link_for_reading_looks_at_its_conversation(method: str, params: dict[str, Any]) -> None:
    check(method, params, is_read_only=True)


@pytest.mark.parametrize(
    ("method", "params"),
    [
        pytest.param("message/send", {"message": {"contextId": "c2"}}, id="other-context"),
        pytest.param("message/send", {"message": {"parts": []}}, id="new-context"),
        pytest.param("message/send", {"message": {"contextId": ["c1"]}}, id="no-text"),
        pytest.param("ListTasks", {}, id="all-tasks"),
        pytest.param(
            "SendMessage", {"message": {"contextId": "c1", "taskId": "t2"}}, id="other-task"
        ),
        pytest.param(
            "SendMessage",
            {"message": {"contextId": "c1", "referenceTaskIds": ["t1", "t2"]}},
            id="reference-to-other-task",
        ),
        pytest.param("tasks/get", {"id": "t2"}, id="get-other-task"),
        pytest.param("tasks/get", {"id": {"t1": 1}}, id="id-is-no-text"),
        pytest.param("tasks/get", {}, id="get-nothing"),
        pytest.param(
            "SendMessage", {"message": {"contextId": "c1", "context_id": "c2"}}, id="protobuf"
        ),
        pytest.param("SendMessage", {**SENT, "MESSAGE": {"contextID": "c2"}}, id="go"),
        pytest.param("tasks/pushNotificationConfig/get", {"id": "t1"}, id="push-secrets"),
        pytest.param(
            "message/send",
            {**SENT, "configuration": {"pushNotificationConfig": {"url": "https://1.1.1.1/"}}},
            id="push",
        ),
        pytest.param(
            "SendMessage",
            {**SENT, "configuration": {"task_push_notification_config": {}}},
            id="push-1.0",
        ),
        pytest.param("", {}, id="several-at-once"),
    ],
)
def test_nothing_else_can_be_reached(method: str, params: dict[str, Any]) -> None:
    with pytest.raises(LinkRefusedError):
        check(method, params)


def test_a_task_that_the_agent_stores_in_a_moment_is_waited_for() -> None:
    looked: list[str] = []

    def has_task(task: str) -> bool:
        looked.append(task)
        return len(looked) == 2

    found = Link(context="c1", user="ada", is_read_only=True, has_task=has_task)
    asyncio.run(shares.check(found, Call(method="tasks/get", params={"id": "t1"})))

    assert looked == ["t1", "t1"]
