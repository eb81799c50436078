"""What kagent-adk 0.10.4 sent to a controller, sent again: what it read of the answers is the same.

The recordings are those of a runtime that worked. Of an answer it reads the status and, depending
on the request, a few fields (`READ`); the rest is compared nowhere, because it is the controller's.
"""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

TRANSCRIPTS = Path(__file__).parents[3] / "transcripts" / "runtime"
ORDER = sorted(TRANSCRIPTS.glob("*.json"))
"""Later recordings go on with sessions of earlier ones."""

DIFFERENT: dict[str, str] = {
    "/api/a2a/": "the gateway's, which needs an agent behind it",
}
"""Requests whose answers differ by design, with the reason."""


def test_every_recorded_request_gets_the_answer_that_the_runtime_needs(
    client: FlaskClient,
) -> None:
    asked = 0
    for path in ORDER:
        exchanges = json.loads(path.read_bytes())
        before(client, exchanges)
        for number, exchange in enumerate(exchanges):
            if is_different(exchange["request"]):
                continue
            where = f"{path.name}[{number}] {exchange['request']['method']} "
            where += exchange["request"]["path"]
            asked += 1
            compare(send(client, exchange["request"]), exchange["response"], exchange, where)

    assert asked > 150


def is_different(request: dict[str, Any]) -> bool:
    return any(request["path"].startswith(start) for start in DIFFERENT)


def before(client: FlaskClient, exchanges: list[dict[str, Any]]) -> None:
    """Store what a recording finds there already, and no earlier recording has stored."""
    seen: set[str] = set()
    for exchange in exchanges:
        request, response = exchange["request"], exchange["response"]
        if request["method"] != "GET" or request["path"] in seen or is_different(request):
            continue
        seen.add(request["path"])
        if response["status"] == 200 and send(client, request).status_code == 404:
            store(client, request, response["body"]["data"])


def store(client: FlaskClient, request: dict[str, Any], data: dict[str, Any]) -> None:
    if data.get("kind") == "task":
        send(client, {**request, "method": "POST", "path": "/api/tasks", "body": data})
        return
    session = data["session"]
    body = {"id": session["id"], "agent_ref": session["agent_id"], "name": session["name"]}
    send(client, {**request, "method": "POST", "path": "/api/sessions", "body": body})
    path = f"/api/sessions/{session['id']}/events"
    items = [{"id": event["id"], "data": event["data"]} for event in data["events"]]
    send(client, {**request, "method": "POST", "path": path, "body": {"items": items}})


def send(client: FlaskClient, request: dict[str, Any]) -> Any:
    body = json.dumps(request["body"]).replace('"<vector 768>"', json.dumps([0.5] * 768))
    return client.open(
        request["path"],
        method=request["method"],
        query_string=request["query"],
        headers={**request["headers"], "content-type": "application/json"},
        data=None if request["body"] is None else body,
    )


def compare(answer: Any, recorded: dict[str, Any], exchange: dict[str, Any], where: str) -> None:
    assert answer.status_code == recorded["status"], (where, answer.get_data(as_text=True))
    request = exchange["request"]
    if recorded["status"] != 404:
        assert read(request, answer.get_json()) == read(request, recorded["body"]), where


def read(request: dict[str, Any], body: Any) -> Any:
    """Give what the runtime reads of an answer to a request."""
    for pattern, fields in READ.items():
        if re.fullmatch(pattern, f"{request['method']} {request['path']}"):
            return fields(body)
    return None


def session_and_events(body: Any) -> Any:
    data = body["data"]
    owner = {name: data["session"][name] for name in ("id", "user_id")}
    return owner, [json.loads(event["data"]) for event in data["events"]]


READ: dict[str, Callable[[Any], Any]] = {
    r"POST /api/sessions": lambda body: {name: body["data"][name] for name in ("id", "user_id")},
    r"GET /api/sessions/[^/]+": session_and_events,
    r"GET /api/tasks/[^/]+": lambda body: (body["error"], body["data"]),
    r"POST /api/memories/search": lambda body: body,
    r"POST /api/memories/sessions": list,
    r"POST /api/sessions/[^/]+/shares": lambda body: bool(body["data"]["token"]),
}
"""What the runtime reads, by method and path; of other answers only the status."""


@pytest.mark.parametrize("path", ORDER, ids=[path.stem for path in ORDER])
def test_no_recorded_request_is_redirected(client: FlaskClient, path: Path) -> None:
    """kagent-adk takes a redirect for a failure."""
    for exchange in json.loads(path.read_bytes()):
        answer = send(client, {**exchange["request"], "path": exchange["request"]["path"] + "/"})
        assert not 300 <= answer.status_code < 400
