"""Whose tasks a client is shown, from which store."""

from collections.abc import Callable
from typing import Any

ADA, BOB = {"x-user-id": "ada"}, {"x-user-id": "bob"}


def listed(agent: Any, user: dict[str, str], **params: Any) -> dict[str, Any]:
    answer = agent.rpc("ListTasks", params, **{**user, "a2a-version": "1.0"})
    assert "result" in answer, answer
    result: dict[str, Any] = answer["result"]
    return result


def ids(page: dict[str, Any]) -> list[str]:
    return [task["id"] for task in page.get("tasks", ())]


def test_tasks_of_all_processes_are_listed_and_of_one_user(
    start: Callable[..., Any], controller: Any
) -> None:
    """Those of this process are there at once, however late they are written."""
    former = start(environment=controller.environment()).send("hello", **ADA)
    agent = start(environment=controller.environment())
    own, his = agent.send("hello", **ADA), agent.send("hello", **BOB)

    assert set(ids(listed(agent, ADA))) == {former["id"], own["id"]}
    assert ids(listed(agent, BOB)) == [his["id"]]


def test_filters_and_tokens_are_the_controllers(start: Callable[..., Any], controller: Any) -> None:
    agent = start(environment=controller.environment())

    page = listed(
        agent,
        ADA,
        contextId="c1",
        status="TASK_STATE_INPUT_REQUIRED",
        pageSize=5,
        pageToken="before",
        statusTimestampAfter="2026-01-02T03:04:05Z",
    )

    assert controller.listed == [
        {
            "user_id": "ada",
            "limit": "5",
            "context_id": "c1",
            "state": "input-required",
            "since": "2026-01-02T03:04:05Z",
            "continue": "before",
        }
    ]
    assert (page["nextPageToken"], page["totalSize"], page["pageSize"]) == ("next", 7, 5)


def test_artifacts_are_shown_on_request_only(start: Callable[..., Any], controller: Any) -> None:
    agent = start(environment=controller.environment())
    agent.send("hello", **ADA)

    (without,) = listed(agent, ADA)["tasks"]
    (within,) = listed(agent, ADA, includeArtifacts=True)["tasks"]

    assert "artifacts" not in without
    assert within["artifacts"][0]["parts"][0]["text"]


def test_a_process_alone_lists_its_own_and_says_that_there_may_be_more(
    start: Callable[..., Any], controller: Any
) -> None:
    agent = start(environment=controller.environment())
    controller.is_away = True
    own, _ = agent.send("hello", **ADA), agent.send("hello", **BOB)

    (task,) = listed(agent, ADA)["tasks"]

    assert task["id"] == own["id"]
    assert task["metadata"]["roster_list_incomplete"] is True


def test_without_a_controller_each_user_has_his_list(start: Callable[..., Any]) -> None:
    agent = start()
    own, anonymous = agent.send("hello", **ADA), agent.send("hello")

    (task,) = listed(agent, ADA)["tasks"]

    assert task["id"] == own["id"]
    assert "roster_list_incomplete" not in task["metadata"]
    assert ids(listed(agent, {})) == [anonymous["id"]]
    assert ids(listed(agent, {}, contextId=anonymous["contextId"])) == [anonymous["id"]]
    assert ids(listed(agent, ADA, contextId=anonymous["contextId"])) == []
