from typing import Any

import pytest
from conversing import AGENT, OTHER_AGENT, OTHER_USER, add, create, ids
from flask.testing import FlaskClient

from controller.api import flask_app


def test_a_new_session_has_a_list_of_no_events(client: FlaskClient) -> None:
    """kagent-adk takes null for a failure."""
    create(client)

    data = client.get("/api/sessions/s1?order=asc&limit=-1", headers=AGENT).get_json()["data"]
    assert data["events"] == []
    assert data["session"]["agent_id"] == "default__NS__agent_a"


def test_creating_twice_is_creating_once(client: FlaskClient) -> None:
    assert create(client, name="one").status_code == 201
    add(client, "s1", "hello")
    again = create(client)

    assert again.status_code == 201
    assert (again.get_json()["data"]["name"], again.get_json()["data"]["events"]) == ("one", 1)


def test_a_session_without_an_id_gets_one(client: FlaskClient) -> None:
    body = {"agent_ref": "default__NS__agent_a"}

    assert client.post("/api/sessions", json=body, headers=AGENT).get_json()["data"]["id"]


@pytest.mark.parametrize("headers", [OTHER_AGENT, OTHER_USER], ids=["agent", "user"])
def test_somebody_else_s_session_is_as_if_it_were_not_there(
    client: FlaskClient, headers: dict[str, str]
) -> None:
    create(client)

    for key in ("s1", "never-was"):
        requests = [
            client.get(f"/api/sessions/{key}", headers=headers),
            client.delete(f"/api/sessions/{key}", headers=headers),
            add(client, key, "x", headers=headers),
            client.get(f"/api/sessions/{key}/tasks", headers=headers),
            client.get(f"/api/sessions/{key}/export", headers=headers),
            client.post(f"/api/sessions/{key}/shares", json={}, headers=headers),
        ]
        assert [answer.status_code for answer in requests] == [404] * 6
        assert len({answer.get_data() for answer in requests}) == 1


def test_another_user_may_use_the_same_id(client: FlaskClient) -> None:
    create(client, name="hers")
    assert create(client, name="his", headers=OTHER_USER).get_json()["data"]["name"] == "his"

    assert (
        client.get("/api/sessions/s1", headers=AGENT).get_json()["data"]["session"]["name"]
        == "hers"
    )


def test_a_plus_sign_in_a_user_s_name_survives_either_spelling(client: FlaskClient) -> None:
    """kagent-adk encodes it in some addresses and not in others."""
    headers = {**AGENT, "X-User-Id": "ada+test@example.com"}
    body = {"agent_ref": "default__NS__agent_a", "id": "s1"}
    client.post("/api/sessions?user_id=ada%2Btest%40example.com", json=body, headers=headers)
    event = {"id": "e", "data": "{}"}
    path = "/api/sessions/s1/events?user_id=ada+test@example.com"

    assert client.post(path, json=event, headers=headers).status_code == 201


def test_the_user_of_the_query_comes_before_that_of_the_header(client: FlaskClient) -> None:
    body = {"agent_ref": "default__NS__agent_a", "id": "s1"}
    client.post("/api/sessions?user_id=eve", json=body, headers=AGENT)

    assert client.get("/api/sessions/s1", headers={**AGENT, "X-User-Id": "eve"}).status_code == 200


def test_lists_are_the_caller_s_own(client: FlaskClient) -> None:
    create(client, "mine")
    create(client, "his", headers=OTHER_USER)
    create(client, "the-other-agent-s", headers=OTHER_AGENT)

    assert ids(client.get("/api/sessions?user_id=ada", headers=AGENT)) == ["mine"]
    assert client.get("/api/sessions?agent=default/agent-b", headers=AGENT).status_code == 404
    assert len(ids(client.get("/api/sessions"))) == 3  # the operator's
    assert ids(client.get("/api/sessions?user_id=bob")) == ["his"]
    assert ids(client.get("/api/sessions?agent=default/agent-b")) == ["the-other-agent-s"]


def test_lists_come_in_pages(client: FlaskClient) -> None:
    for number in range(5):
        create(client, f"s{number}")
    first = client.get("/api/sessions?limit=2").get_json()
    create(client, "new")
    add(client, "s0", "moved to the front")
    second = client.get(f"/api/sessions?limit=9&continue={first['continue']}").get_json()

    assert [item["id"] for item in first["data"]] == ["s4", "s3"]
    assert [item["id"] for item in second["data"]] == ["s2", "s1"]
    assert second["continue"] == ""
    assert client.get("/api/sessions?continue=junk!").status_code == 400


def test_sessions_can_be_searched(client: FlaskClient) -> None:
    create(client, "weather")
    create(client, "time")
    add(client, "weather", "Will it rain in Paris?")

    assert ids(client.get("/api/sessions?q=paris+rain")) == ["weather"]


def test_sessions_of_an_agent_leave_out_those_other_agents_began(client: FlaskClient) -> None:
    create(client, "people-s")
    create(client, "agent-s", source="agent")

    assert ids(client.get("/api/sessions/agent/default/agent-a")) == ["people-s"]
    assert ids(client.get("/api/sessions?source=agent")) == ["agent-s"]


def test_people_begin_sessions_only_with_agents_that_exist(client: FlaskClient) -> None:
    known = client.post("/api/sessions", json={"agent_ref": "default/agent-a", "name": "hi"})

    assert known.get_json()["data"]["user_id"] == "admin@kagent.dev"
    assert known.get_json()["data"]["agent_id"] == "default__NS__agent_a"
    for name in ("default/agent-z", "no-slash", "../../x/y"):
        assert client.post("/api/sessions", json={"agent_ref": name}).status_code == 400


def test_an_agent_begins_sessions_before_anybody_knows_it(client: FlaskClient) -> None:
    """Its pod may be faster than the database."""
    headers = {"X-Agent-Name": "default__NS__brand_new"}

    assert create(client, headers=headers).status_code == 201
    body = {"agent_ref": "default__NS__agent_a"}
    assert client.post("/api/sessions", json=body, headers=headers).status_code == 404


@pytest.mark.parametrize("method", ["put", "patch"])
def test_a_session_can_be_renamed(client: FlaskClient, method: str) -> None:
    create(client)
    answer = getattr(client, method)("/api/sessions/s1", json={"name": "better"})

    assert answer.get_json()["data"]["name"] == "better"


def test_a_deleted_session_is_gone(client: FlaskClient) -> None:
    create(client)

    assert client.delete("/api/sessions/s1", headers=AGENT).status_code == 200
    assert client.get("/api/sessions/s1", headers=AGENT).status_code == 404


def test_an_export_has_everything(client: FlaskClient) -> None:
    create(client, name="whole")
    add(client, "s1", "a", "b")
    client.post("/api/tasks", json={"id": "t1", "contextId": "s1"}, headers=AGENT)
    found = client.get("/api/sessions/s1/export").get_json()

    assert found["session"]["name"] == "whole"
    assert [event["id"] for event in found["events"]] == ["a", "b"]
    assert found["tasks"] == [{"id": "t1", "contextId": "s1"}]


def test_an_agent_has_to_prove_who_it_is(controller: Any) -> None:
    controller.verify_agent = lambda token, agent: (token, agent) == ("good", AGENT["X-Agent-Name"])
    client = flask_app.create(controller.services()).test_client()

    def status(authorization: str | None, headers: dict[str, str] = AGENT) -> int:
        proof = {"Authorization": authorization} if authorization else {}
        return create(client, headers={**headers, **proof}).status_code

    assert status("Bearer good") == 201
    assert status("bearer good") == 201
    assert status("Bearer bad") == 401
    assert status("Basic good") == 401
    assert status(None) == 401
    assert status("Bearer good", OTHER_AGENT) == 401
