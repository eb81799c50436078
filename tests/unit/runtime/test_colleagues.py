"""Other agents as tools: one conversation with each, and an end to their work when ours ends."""

from collections.abc import Callable
from typing import Any

import pytest
from waiting import eventually

from controller.definitions import agentconfig

NAME = "agents__NS__clerk"


def colleague(url: str, **fields: Any) -> tuple[agentconfig.RemoteAgent, ...]:
    return (agentconfig.RemoteAgent(name=NAME, url=url, description="Helps", **fields),)


def test_a_second_question_builds_on_the_first(
    start: Callable[..., Any], answer_of: Callable[..., str]
) -> None:
    desk = start(remote_agents=colleague(start().url))
    context = desk.send('ask the clerk "my name is Ada"')["contextId"]

    same = desk.send('ask the clerk "what is my name"', context=context)
    other = desk.send('ask the clerk "what is my name"')

    assert "Your name is Ada." in answer_of(same)
    assert "You have not told me." in answer_of(other)


def test_isolated_sessions_do_not(start: Callable[..., Any], answer_of: Callable[..., str]) -> None:
    desk = start(remote_agents=colleague(start().url, isolate_sessions=True))
    context = desk.send('ask the clerk "my name is Ada"')["contextId"]

    task = desk.send('ask the clerk "what is my name"', context=context)

    assert "You have not told me." in answer_of(task)


def test_cancelling_a_turn_cancels_the_colleagues_task(
    start: Callable[..., Any], slow_model_url: str, to_message: Callable[..., Any]
) -> None:
    clerk = start(model=agentconfig.OpenAI(model="demo", base_url=slow_model_url))
    desk = start(remote_agents=colleague(clerk.url))
    with desk.stream("message/stream", to_message("ask the clerk to count to 999")) as events:
        task_id = next(events)["id"]
        eventually(lambda: bool(tasks(clerk, "TASK_STATE_WORKING")))
        desk.rpc("tasks/cancel", {"id": task_id})
        list(events)

    eventually(lambda: bool(tasks(clerk, "TASK_STATE_CANCELED")))

    assert not tasks(clerk, "TASK_STATE_WORKING")


def test_a_colleague_that_takes_too_long_is_a_tool_error(
    start: Callable[..., Any], slow_model_url: str, answer_of: Callable[..., str]
) -> None:
    clerk = start(model=agentconfig.OpenAI(model="demo", base_url=slow_model_url))
    desk = start(remote_agents=colleague(clerk.url, timeout=2.0))

    task = desk.send("ask the clerk to count to 999")

    assert task["status"]["state"] == "completed"
    assert "did not answer within 2 s" in answer_of(task)
    eventually(lambda: bool(tasks(clerk, "TASK_STATE_CANCELED")))


@pytest.mark.parametrize("url", ["http://127.0.0.1:9"])
def test_a_colleague_that_is_away_is_a_tool_error(
    start: Callable[..., Any], answer_of: Callable[..., str], url: str
) -> None:
    task = start(remote_agents=colleague(url)).send("ask the clerk for help")

    assert task["status"]["state"] == "completed"
    assert "not available" in answer_of(task)


def tasks(agent: Any, state: str) -> list[dict[str, Any]]:
    answer = agent.rpc("ListTasks", {"status": state}, **{"a2a-version": "1.0"})
    found: list[dict[str, Any]] = answer["result"].get("tasks", [])
    return found
