from typing import Any

import pytest
from flask.testing import FlaskClient

AGENT = {"X-Agent-Name": "default__NS__agent_a"}
ADA = {**AGENT, "X-User-Id": "ada"}
BOB = {**AGENT, "X-User-Id": "bob"}
PATH = "/api/tasks/t1/pushconfigs"
BODY = {"id": "p1", "config": {"url": "https://ada.example", "token": "s3cr3t"}}


@pytest.fixture
def kept(client: FlaskClient) -> FlaskClient:
    task = {"id": "t1", "contextId": "s1", "kind": "task", "status": {"state": "working"}}
    client.post("/api/sessions", json={"agent_ref": "default/agent-a", "id": "s1"}, headers=ADA)
    client.post("/api/tasks", json=task, headers=ADA)
    assert client.post(PATH, json=BODY, headers=ADA).status_code == 201
    return client


def listed(client: FlaskClient, headers: dict[str, str]) -> Any:
    answer = client.get(PATH, headers=headers)
    return answer.get_json()["data"] if answer.status_code == 200 else answer.status_code


def test_an_agent_gets_all_wishes_or_one_users(kept: FlaskClient) -> None:
    kept.post(PATH, json=BODY, headers=BOB)

    assert [wish["user_id"] for wish in listed(kept, AGENT)] == ["ada", "bob"]
    assert listed(kept, ADA) == [{**BODY, "user_id": "ada"}]


def test_nobody_else_sees_the_secrets(kept: FlaskClient) -> None:
    made = kept.post("/api/sessions/s1/shares", json={}, headers=ADA).get_json()["data"]

    assert listed(kept, {"X-Agent-Name": "default__NS__agent_b"}) == []
    assert listed(kept, BOB) == []
    assert listed(kept, {}) == 404
    assert listed(kept, {**AGENT, "X-Share-Token": made["token"]}) == 404
    shown = [
        kept.get("/api/sessions/s1/export").get_data(as_text=True),
        kept.get("/api/tasks/t1").get_data(as_text=True),
        kept.get("/api/sessions/s1", headers=ADA).get_data(as_text=True),
    ]
    assert not any("s3cr3t" in text for text in shown)


def test_a_user_drops_his_own_wish(kept: FlaskClient) -> None:
    assert kept.delete(f"{PATH}/p1", headers=BOB).status_code == 200
    assert len(listed(kept, AGENT)) == 1

    assert kept.delete(f"{PATH}/p1", headers=ADA).status_code == 200
    assert listed(kept, AGENT) == []


def test_the_next_process_hears_whom_to_tell_of_the_ending(kept: FlaskClient) -> None:
    task = {"id": "t1", "contextId": "s1", "kind": "task", "status": {"state": "working"}}
    kept.post("/api/tasks", json=task, headers={**ADA, "X-Roster-Process": "a-1/old"})
    new = {**AGENT, "X-Roster-Process": "a-1/new"}

    assert kept.post("/api/tasks/interrupted", headers=new).get_json()["data"] == ["t1"]
    assert kept.post("/api/tasks/interrupted", headers=new).get_json()["data"] == []
