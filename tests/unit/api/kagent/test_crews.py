from flask.testing import FlaskClient

AGENT = {"X-Agent-Name": "default__NS__crew", "X-User-Id": "ada"}
BOB = {**AGENT, "X-User-Id": "bob"}


def test_a_crew_finds_its_memories_newest_first_until_they_are_reset(client: FlaskClient) -> None:
    path = "/api/crewai/memory"
    for score in (1, 2, 3):
        body = {"thread_id": "t", "memory_data": {"task_description": "Sort mail", "score": score}}
        assert client.post(path, json=body, headers=AGENT).status_code == 201

    found = client.get(f"{path}?thread_id=t&q=sort&limit=2", headers=AGENT).get_json()["data"]
    assert [item["memory_data"]["score"] for item in found] == [3, 2]
    assert client.get(f"{path}?thread_id=t&q=paint", headers=AGENT).get_json()["data"] == []
    assert client.get(f"{path}?thread_id=t&q=sort", headers=BOB).get_json()["data"] == []
    assert client.get(f"{path}?thread_id=t", headers=AGENT).status_code == 400
    assert client.delete(f"{path}?thread_id=t", headers=AGENT).status_code == 200
    assert client.get(f"{path}?thread_id=t&q=sort", headers=AGENT).get_json()["data"] == []


def test_a_flow_has_its_last_state(client: FlaskClient) -> None:
    path = "/api/crewai/flows/state"
    for step in (1, 2):
        state = {"thread_id": "t", "method_name": "run", "state_data": {"step": step}}
        assert client.post(path, json=state, headers=AGENT).status_code == 201

    assert client.get(f"{path}?thread_id=t", headers=AGENT).get_json()["data"] == state
    client.delete("/api/crewai/memory?thread_id=t", headers=AGENT)
    assert client.get(f"{path}?thread_id=t", headers=AGENT).status_code == 200
    assert client.get(f"{path}?thread_id=t", headers=BOB).status_code == 404
