from typing import Any

from flask.testing import FlaskClient

AGENT = {"X-Agent-Name": "default__NS__agent_a", "X-User-Id": "ada"}


def memory(content: str = "likes tea", vector: list[float] | None = None, **more: Any) -> Any:
    return {
        "agent_name": "default__NS__agent_a",
        "user_id": "ada",
        "content": content,
        "vector": vector or [1.0, 0.0],
        **more,
    }


def search(client: FlaskClient, headers: Any = AGENT, **more: Any) -> Any:
    body = {"agent_name": "default__NS__agent_a", "user_id": "ada", "vector": [1.0, 0.0], **more}
    return client.post("/api/memories/search", json=body, headers=headers)


def test_a_memory_is_found_again_in_a_bare_list(client: FlaskClient) -> None:
    added = client.post("/api/memories/sessions", json=memory(metadata={"s": 1}), headers=AGENT)
    (found,) = search(client).get_json()

    assert (added.status_code, list(added.get_json())) == (201, ["id"])
    assert found["id"] == added.get_json()["id"]
    assert (found["content"], found["metadata"]) == ("likes tea", {"s": 1})
    assert found["score"] > 0.99


def test_nothing_found_is_an_empty_list(client: FlaskClient) -> None:
    answer = search(client, limit=5, min_score=0.3)

    assert (answer.status_code, answer.get_json()) == (200, [])


def test_several_memories_can_be_added_at_once(client: FlaskClient) -> None:
    items = [memory(str(number)) for number in range(3)]
    answer = client.post("/api/memories/sessions/batch", json={"items": items}, headers=AGENT)

    assert (answer.status_code, answer.get_json()) == (201, {"count": 3})
    assert len(search(client).get_json()) == 3
    for wrong in ([], [memory()] * 51, [{}]):
        body = {"items": wrong}
        assert client.post("/api/memories/sessions/batch", json=body).status_code == 400


def test_an_agent_has_its_own_memories_only(client: FlaskClient) -> None:
    other = {**AGENT, "X-Agent-Name": "default__NS__agent_b"}

    assert client.post("/api/memories/sessions", json=memory(), headers=other).status_code == 404
    assert search(client, headers=other).status_code == 404


def test_memories_can_be_listed_and_cleared(client: FlaskClient) -> None:
    client.post("/api/memories/sessions", json=memory(), headers=AGENT)
    query = "/api/memories?agent_name=default/agent-a&user_id=ada"
    (listed,) = client.get(query).get_json()

    assert listed["content"] == "likes tea"
    assert listed["expires_at"] > listed["created_at"]
    assert client.delete(query).status_code == 200
    assert client.get(query).get_json() == []
    assert client.get("/api/memories").status_code == 400
