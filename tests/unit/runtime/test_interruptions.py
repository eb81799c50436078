"""Turns whose process ends in their middle, told by their own process, or by another one."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from controller.definitions import agentconfig
from controller.runtime import application, handler
from controller.runtime.sessions import store


def announced(controller: Any) -> list[str]:
    """The processes that said that they begin, as they named themselves."""
    return [
        headers["x-roster-process"]
        for (_, path), headers in zip(controller.requests, controller.headers, strict=True)
        if path == "/api/tasks/interrupted"
    ]


def test_a_process_says_that_it_begins_before_it_answers(
    start: Callable[..., Any], controller: Any
) -> None:
    for _ in range(2):
        start(environment=controller.pod("helper-1")).send("hello")

    first, second = announced(controller)
    assert first.startswith("helper-1/")
    assert second.startswith("helper-1/")
    assert first != second


def test_a_process_signs_what_it_stores(start: Callable[..., Any], controller: Any) -> None:
    start(environment=controller.pod("helper-1")).send("hello")

    (process,) = announced(controller)
    assert controller.writes
    assert {headers.get("x-roster-process") for headers in controller.headers} == {process}


def test_outside_of_a_pod_no_process_ends_anothers_tasks(
    start: Callable[..., Any], controller: Any
) -> None:
    start(environment={**controller.environment(), "HOSTNAME": "laptop"}).send("hello")

    assert announced(controller) == []
    assert all("x-roster-process" not in headers for headers in controller.headers)


def test_a_process_begins_without_its_controller_and_tells_it_later(
    start: Callable[..., Any], controller: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "_FIRST_RETRY_S", 0.05)
    controller.is_away = True
    agent = start(environment=controller.pod("helper-1"))
    assert agent.send("hello")["status"]["state"] == "completed"
    tries = len(announced(controller))

    controller.is_away = False
    while len(announced(controller)) == tries:
        threading.Event().wait(0.02)


def test_a_turn_that_the_end_of_its_process_cuts_off_says_so(
    start_and_stop: Callable[..., Any],
    slow_model_url: str,
    controller: Any,
    to_message: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The test's agent gets no time to finish, and all of it to say so."""
    monkeypatch.setattr(application, "_LAST_WORDS_S", 60.0)
    monkeypatch.setattr(store, "_CLOSE_S", 60.0)
    model = agentconfig.OpenAI(model="demo", base_url=slow_model_url)
    with start_and_stop(controller.pod("helper-1"), model=model) as agent:
        params = {**to_message("count to 1000"), "configuration": {"blocking": False}}
        task = agent.rpc("message/send", params)["result"]
        while "artifacts" not in agent.rpc("tasks/get", {"id": task["id"]})["result"]:
            threading.Event().wait(0.02)

    status = controller.tasks[task["id"]]["status"]
    assert status["state"] == "failed"
    assert "was stopped in the middle of this task" in status["message"]["parts"][0]["text"]


@pytest.mark.parametrize("state", ["failed", "completed", "input-required"])
def test_whoever_watches_a_task_of_another_process_sees_its_ending(
    start: Callable[..., Any], controller: Any, monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    monkeypatch.setattr(handler, "LOOK_S", 0.05)
    working = {"id": "t1", "contextId": "c1", "kind": "task", "status": {"state": "working"}}
    controller.tasks["t1"] = working
    agent = start(environment=controller.pod("helper-2"))

    with agent.stream("tasks/resubscribe", {"id": "t1"}) as events:
        first = next(events)
        controller.tasks["t1"] = {**working, "status": {"state": state}}
        rest = list(events)

    assert first["status"]["state"] == "working"
    assert [event["status"]["state"] for event in rest] == [state]
