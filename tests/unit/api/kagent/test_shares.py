from conversing import AGENT, add, create, ids
from flask.testing import FlaskClient


def test_a_link_shows_one_session_to_whoever_has_it(client: FlaskClient) -> None:
    create(client)
    create(client, "other")
    made = client.post("/api/sessions/s1/shares", json={"read_only": True}, headers=AGENT)
    token = made.get_json()["data"]["token"]
    shown = {"X-Share-Token": token, "X-User-Id": "bob"}

    assert made.status_code == 201
    assert client.get("/api/sessions/s1", headers=shown).status_code == 200
    assert client.get("/api/sessions/other", headers=shown).status_code == 404
    assert ids(client.get("/api/sessions", headers=shown)) == ["s1"]
    assert client.get("/api/sessions/s1/shares", headers=shown).status_code == 404
    assert client.delete("/api/sessions/s1", headers=shown).status_code == 403
    assert client.get("/api/tasks/t1", headers=shown).status_code == 404


def test_a_link_for_writing_lets_events_be_added(client: FlaskClient) -> None:
    create(client)
    made = client.post("/api/sessions/s1/shares", json={"read_only": False}, headers=AGENT)
    shown = {"X-Share-Token": made.get_json()["data"]["token"]}

    assert add(client, "s1", "x", headers=shown).status_code == 201


def test_a_withdrawn_link_leads_nowhere(client: FlaskClient) -> None:
    create(client)
    token = client.post("/api/sessions/s1/shares", json={}).get_json()["data"]["token"]
    (listed,) = client.get("/api/sessions/s1/shares").get_json()["data"]
    removed = client.delete(f"/api/sessions/s1/shares/{token}")

    assert listed["token"] == token
    assert removed.status_code == 200
    assert client.get("/api/sessions/s1", headers={"X-Share-Token": token}).status_code == 403
    assert client.get("/api/sessions/s1", headers={"X-Share-Token": "x"}).status_code == 403
