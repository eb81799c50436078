"""What agents ask a controller for about their sessions."""

from typing import Any

from flask.testing import FlaskClient

AGENT = {"X-Agent-Name": "default__NS__agent_a", "X-User-Id": "ada"}
OTHER_AGENT = {"X-Agent-Name": "default__NS__agent_b", "X-User-Id": "ada"}
OTHER_USER = {"X-Agent-Name": "default__NS__agent_a", "X-User-Id": "bob"}


def create(client: FlaskClient, key: str = "s1", **more: Any) -> Any:
    headers = more.pop("headers", AGENT)
    body = {"agent_ref": headers["X-Agent-Name"], "id": key, **more}
    return client.post("/api/sessions", json=body, headers=headers)


def add(client: FlaskClient, key: str, *texts: str, headers: Any = AGENT) -> Any:
    items = [
        {"id": text, "data": {"author": "user", "content": {"parts": [{"text": text}]}}}
        for text in texts
    ]
    return client.post(f"/api/sessions/{key}/events", json={"items": items}, headers=headers)


def ids(answer: Any) -> list[str]:
    return [item["id"] for item in answer.get_json()["data"]]
