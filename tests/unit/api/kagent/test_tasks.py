from typing import Any

import pytest
from flask.testing import FlaskClient

from controller.errors import PermanentError

AGENT = {"X-Agent-Name": "default__NS__agent_a"}
ADA = {**AGENT, "X-User-Id": "ada"}
BOB = {**AGENT, "X-User-Id": "bob"}


def task(key: str = "t1", state: str = "working", **more: Any) -> dict[str, Any]:
    return {"id": key, "contextId": "s1", "kind": "task", "status": {"state": state}, **more}


def test_a_task_comes_back_as_it_was_sent(client: FlaskClient) -> None:
    sent = task(history=[{"parts": [{"text": "é", "metadata": None}]}], artifacts=None)

    assert client.post("/api/tasks", json=sent, headers=ADA).status_code == 201
    answer = client.get("/api/tasks/t1", headers=ADA)
    assert answer.get_json() == {
        "error": False,
        "data": sent,
        "message": answer.get_json()["message"],
    }


def test_the_last_state_counts(client: FlaskClient) -> None:
    for state in ("submitted", "working", "completed"):
        client.post("/api/tasks", json=task(state=state), headers=ADA)

    data = client.get("/api/tasks/t1", headers=ADA).get_json()["data"]
    assert data["status"]["state"] == "completed"


def test_several_tasks_can_be_sent_at_once(client: FlaskClient) -> None:
    answer = client.post("/api/tasks", json={"items": [task("t1"), task("t2")]}, headers=ADA)

    assert (answer.status_code, answer.get_json()["data"]) == (201, {"count": 2})
    assert client.get("/api/tasks/t2", headers=ADA).get_json()["data"] == task("t2")


def test_tasks_of_a_session_come_in_order(client: FlaskClient) -> None:
    client.post("/api/sessions", json={"agent_ref": AGENT["X-Agent-Name"], "id": "s1"}, headers=ADA)
    for key in ("z", "a"):
        client.post("/api/tasks", json=task(key), headers=ADA)

    found = client.get("/api/sessions/s1/tasks", headers=ADA).get_json()["data"]
    assert [item["id"] for item in found] == ["z", "a"]


def test_somebody_else_s_task_is_as_if_it_were_not_there(client: FlaskClient) -> None:
    client.post("/api/tasks", json=task(), headers=ADA)
    other = {**ADA, "X-Agent-Name": "default__NS__agent_b"}

    for headers in (BOB, other):
        assert client.get("/api/tasks/t1", headers=headers).status_code == 404
        assert client.delete("/api/tasks/t1", headers=headers).status_code == 404
    assert (
        client.get("/api/tasks/never-was", headers=BOB).get_data()
        == client.get("/api/tasks/t1", headers=BOB).get_data()
    )


def test_another_user_s_task_of_the_same_id_is_another_task(client: FlaskClient) -> None:
    """A conflict would be answered by a failure, on which kagent-adk hangs."""
    client.post("/api/tasks", json=task(state="completed"), headers=ADA)

    assert client.post("/api/tasks", json=task(state="failed"), headers=BOB).status_code == 201
    data = client.get("/api/tasks/t1", headers=ADA).get_json()["data"]
    assert data["status"]["state"] == "completed"


def test_a_task_without_a_user_is_that_of_its_session(client: FlaskClient) -> None:
    """kagent-adk names the user A2A_USER_<session> in sessions, and nobody in tasks."""
    body = {"agent_ref": AGENT["X-Agent-Name"], "id": "s1"}
    client.post("/api/sessions?user_id=A2A_USER_s1", json=body, headers=AGENT)
    client.post("/api/tasks", json=task(), headers=AGENT)

    assert client.get("/api/tasks/t1", headers=AGENT).status_code == 200
    listed = client.get("/api/sessions/s1/tasks?user_id=A2A_USER_s1", headers=AGENT)
    assert len(listed.get_json()["data"]) == 1


def test_a_deleted_task_is_gone(client: FlaskClient) -> None:
    client.post("/api/tasks", json=task(), headers=ADA)

    assert client.delete("/api/tasks/t1", headers=ADA).status_code == 204
    assert client.get("/api/tasks/t1", headers=ADA).status_code == 404


def test_an_answer_of_400_tokens_writes_no_file(client: FlaskClient, controller: Any) -> None:
    metadata = {"kagent_adk_partial": True}
    for number in range(400):
        body = task(metadata=metadata, history=["token"] * number)
        assert client.post("/api/tasks", json=body, headers=ADA).status_code == 201

    assert controller.conversations.documents.writes == 0


def test_storing_a_task_does_not_fail_with_the_database(
    client: FlaskClient, controller: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """kagent-adk leaves its caller without an answer for ever when it does."""

    def fail(*_: Any, **__: Any) -> None:
        raise PermanentError("broken")

    monkeypatch.setattr(controller.conversations.tasks, "put", fail)

    assert client.post("/api/tasks", json=task(), headers=ADA).status_code == 201


def test_what_is_no_task_is_refused(client: FlaskClient) -> None:
    for body in ({}, {"id": ""}, {"items": [{}]}, []):
        assert client.post("/api/tasks", json=body, headers=ADA).status_code == 400


def process(pod: str, start: str, **more: str) -> dict[str, str]:
    return {**ADA, "X-Roster-Process": f"{pod}/{start}", **more}


def state(client: FlaskClient, key: str) -> str:
    data = client.get(f"/api/tasks/{key}", headers=AGENT).get_json()["data"]
    return str(data["status"]["state"])


def test_a_process_that_begins_ends_what_its_predecessor_left_and_nothing_else(
    client: FlaskClient,
) -> None:
    other_agent = {"X-Agent-Name": "default__NS__agent_b"}
    for key, headers, at in (
        ("left", process("a-1", "old"), "working"),
        ("waits", process("a-1", "old"), "input-required"),
        ("replica", process("a-2", "old"), "working"),
        ("own", process("a-1", "new"), "working"),
        ("unsigned", ADA, "working"),
    ):
        client.post("/api/tasks", json=task(key, at), headers=headers)
    others = process("a-1", "old", **other_agent)
    client.post("/api/tasks", json=task("other-agent"), headers=others)

    answer = client.post("/api/tasks/interrupted", headers=process("a-1", "new"))

    assert (answer.status_code, answer.get_json()["data"]) == (200, [])
    assert state(client, "left") == "failed"
    assert state(client, "waits") == "input-required"
    assert {state(client, key) for key in ("replica", "own", "unsigned")} == {"working"}
    found = client.get("/api/tasks/other-agent", headers=other_agent).get_json()["data"]
    assert found["status"]["state"] == "working"


@pytest.mark.parametrize(
    "headers", [{"X-Roster-Process": "a-1/x"}, AGENT, {**AGENT, "X-Roster-Process": "nothing"}]
)
def test_only_a_process_of_an_agent_ends_tasks(
    client: FlaskClient, headers: dict[str, str]
) -> None:
    assert client.post("/api/tasks/interrupted", headers=headers).status_code == 400


def test_tasks_are_listed_by_pages(client: FlaskClient) -> None:
    for key in ("t1", "t2", "t3"):
        client.post("/api/tasks", json=task(key), headers=ADA)
    client.post("/api/tasks", json=task("his"), headers=BOB)

    first = client.get("/api/tasks?limit=2", headers=ADA).get_json()
    token = first["continue"]
    second = client.get(f"/api/tasks?limit=2&continue={token}", headers=ADA).get_json()

    assert [found["id"] for found in first["data"]] == ["t3", "t2"]
    assert [found["id"] for found in second["data"]] == ["t1"]
    assert (first["total"], second["continue"]) == (3, "")


def test_a_list_of_tasks_is_narrowed(client: FlaskClient) -> None:
    status = {"state": "completed", "timestamp": "2026-01-02T03:04:05Z"}
    client.post("/api/tasks", json={**task("t1"), "status": status}, headers=ADA)
    client.post("/api/tasks", json=task("t2"), headers=ADA)

    def ids(query: str) -> list[str]:
        found = client.get(f"/api/tasks?{query}", headers=ADA).get_json()["data"]
        return [one["id"] for one in found]

    assert ids("state=completed") == ["t1"]
    assert ids("since=2026-01-02T03:04:05Z") == ["t1"]
    assert ids("since=2026-01-02T03:04:06Z") == []
    assert ids("context_id=other") == []


@pytest.mark.parametrize(
    "query", ["continue=%21", "limit=0", "since=yesterday", "since=2026-01-01"]
)
def test_a_list_that_nobody_can_give_is_refused(client: FlaskClient, query: str) -> None:
    assert client.get(f"/api/tasks?{query}", headers=ADA).status_code in {400, 422}
