import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from conversing import AGENT, add, create
from flask.testing import FlaskClient


def test_events_come_in_the_order_in_which_they_were_sent(client: FlaskClient) -> None:
    create(client)
    answer = add(client, "s1", "z", "a")
    client.post("/api/sessions/s1/events", json={"id": "m", "data": '{"x": 1}'}, headers=AGENT)
    add(client, "s1", "a")  # again

    assert (answer.status_code, answer.get_json()["data"]) == (201, {"count": 2})
    events = client.get("/api/sessions/s1?order=asc", headers=AGENT).get_json()["data"]["events"]
    assert [(event["id"], event["sequence"]) for event in events] == [("z", 1), ("a", 2), ("m", 3)]
    assert events[2]["data"] == '{"x": 1}'
    assert isinstance(events[0]["data"], str)


def test_events_can_be_read_in_parts(client: FlaskClient) -> None:
    create(client)
    add(client, "s1", "a", "b", "c")

    def read(query: str) -> list[str]:
        answer = client.get(f"/api/sessions/s1?{query}", headers=AGENT)
        return [event["id"] for event in answer.get_json()["data"]["events"]]

    assert read("order=asc&limit=2") == ["a", "b"]
    assert read("order=asc&after_sequence=2") == ["c"]
    assert read("limit=1") == ["c"]
    assert read("order=asc&after=2020-01-01T00:00:00Z") == ["a", "b", "c"]
    assert read("order=asc&after=2999-01-01T00:00:00%2B01:00") == []


def test_every_event_says_the_revision_that_wrote_it(
    client: FlaskClient, make: SimpleNamespace
) -> None:
    create(client)
    add(client, "s1", "a")

    data = client.get("/api/sessions/s1", headers=AGENT).get_json()["data"]
    assert data["events"][0]["revision"] == make.revision
    assert data["session"]["revision"] == make.revision


def test_a_large_event_is_taken(client: FlaskClient) -> None:
    create(client)
    data = json.dumps({"content": {"parts": [{"text": "x" * 3_000_000}]}})

    assert client.post("/api/sessions/s1/events", json={"id": "e", "data": data}).status_code == 201


def test_a_caller_s_credentials_are_the_agent_s_for_a_turn_and_never_stored(
    client: FlaskClient, controller: Any, tmp_path: Path
) -> None:
    """kagent-adk reads the headers back to pass those on that a tool is allowed to get."""
    create(client)
    delta = {"headers": {"authorization": "Bearer s3cr3t", "x-tenant": "acme"}}
    data = json.dumps({"author": "system", "actions": {"state_delta": delta}})
    client.post("/api/sessions/s1/events", json={"id": "e", "data": data}, headers=AGENT)
    controller.conversations.documents.fold()

    (own,) = client.get("/api/sessions/s1", headers=AGENT).get_json()["data"]["events"]
    (others,) = client.get("/api/sessions/s1").get_json()["data"]["events"]
    assert own["data"] == data
    assert json.loads(others["data"])["actions"]["state_delta"]["headers"] == {"x-tenant": "acme"}
    assert "s3cr3t" not in client.get("/api/sessions/s1/export", headers=AGENT).get_data(
        as_text=True
    )
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert [path for path in files if b"s3cr3t" in path.read_bytes()] == []
