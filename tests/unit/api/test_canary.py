"""No endpoint shows a Secret's value or a URL's credentials: every route is asked for."""

from types import SimpleNamespace
from typing import Any

import flask
import httpx
import pytest
from flask.testing import FlaskClient
from pytest_httpserver import HTTPServer

from controller.api.serve import Server

APPLICATION = "staging"
AGENTS_ONLY = "/api/tasks/t1/pushconfigs"
"""It holds secrets of callers, so nobody but their agent is answered."""
PLACES = {
    "/api/agents/<namespace>/<name>": "/api/agents/agents/triage",
    "/api/modelconfigs/<namespace>/<name>": "/api/modelconfigs/agents/claude",
    "/api/sessions/agent/<namespace>/<name>": "/api/sessions/agent/agents/triage",
    "/chat/<namespace>/<name>": "/chat/agents/triage",
    "/sessions/<path:key>": "/sessions/s1",
    "/api/tasks/<task_id>": "/api/tasks/t1",
    "/api/tasks/<task_id>/pushconfigs": AGENTS_ONLY,
    "/api/memories": "/api/memories?agent_name=agents/triage&user_id=ada",
    "/api/langgraph/checkpoints": "/api/langgraph/checkpoints?thread_id=t",
    "/api/crewai/memory": "/api/crewai/memory?thread_id=t&q=x",
    "/api/crewai/flows/state": "/api/crewai/flows/state?thread_id=t",
}
"""Addresses of routes that name something other than an application."""
KEYS = ("Secret agents/claude-key", "Secret agents/researcher", "apps/Deployment agents/triage")
SECRET = "kind=Secret&namespace=agents&resourceName=researcher"
POD = "kind=Pod&namespace=agents&resourceName=triage-7d9f-abcde"
QUERIES = {"resources.get_resource": (SECRET, POD)}
"""What a route cannot do without."""
NAMES = {
    "<name>": APPLICATION,
    "<session_id>": "s1",
    "<int:number>": "10",
    "<before>": "main",
    "<after>": "main",
}
PROTOCOLS = ("/api/a2a/", "/mcp")
"""What is answered there are agents' and clients' own words, passed on byte for byte."""
ACCEPTS = ("application/json", "text/html")


def paths(app: flask.Flask) -> list[str]:
    """Every GET route, with every kind of object where a route names one."""
    found = []
    for rule in app.url_map.iter_rules():
        if rule.endpoint == "static" or "GET" not in (rule.methods or ()):
            continue
        if rule.rule in PLACES:
            found.append(PLACES[rule.rule])
            continue
        for key in KEYS if {"key", "path:key"} & rule.arguments else ("",):
            path = rule.rule
            for name, value in {**NAMES, "<path:key>": key}.items():
                path = path.replace(name, value)
            found += [f"{path}?{query}" for query in QUERIES.get(rule.endpoint, ("",))]
    return found


def talk(client: FlaskClient | httpx.Client, secret: str) -> None:
    """Have an agent store a session in which a caller's credentials were."""
    headers = {"X-Agent-Name": "agents__NS__triage", "X-User-Id": "ada"}
    seen = {"authorization": f"Bearer {secret}", "cookie": secret}
    event = {"author": "system", "actions": {"state_delta": {"headers": seen}}}
    body = {"agent_ref": "agents__NS__triage", "id": "s1"}
    client.post("/api/sessions", json=body, headers=headers)
    client.post("/api/sessions/s1/events", json={"id": "e1", "data": event}, headers=headers)
    client.post("/api/tasks", json={"id": "t1", "contextId": "s1"}, headers=headers)
    client.post(AGENTS_ONLY, json={"id": "p1", "config": {"token": secret}}, headers=headers)
    state = {"thread_id": "t", "method_name": "run", "state_data": {}}
    client.post("/api/crewai/flows/state", json=state)


def status(path: str) -> int:
    return 404 if path == AGENTS_ONLY else 200


@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize("accept", ACCEPTS)
def test_no_route_leaks(
    app: flask.Flask, client: FlaskClient, make: SimpleNamespace, accept: str
) -> None:
    talk(client, make.canary)
    for path in paths(app):
        response = client.get(path, headers={"Accept": accept})
        text = response.get_data(as_text=True)

        assert response.status_code == status(path), path
        assert [word for word in make.canaries if word in text] == [], path


def test_no_documented_way_leaks(
    reading: Server, cluster: HTTPServer, make: SimpleNamespace
) -> None:
    """Every GET of the OpenAPI document, also those that the ASGI shell answers."""
    log = "/api/v1/namespaces/agents/pods/triage-7d9f-abcde/log"
    cluster.expect_request(log).respond_with_data(f"T1 the key is {make.canary}\n")
    document = httpx.get(f"{reading.url}/api/openapi.json").json()
    with httpx.Client(base_url=reading.url) as agent:
        talk(agent, make.canary)

    for template, item in document["paths"].items():
        if "get" not in item or template.startswith(PROTOCOLS):
            continue
        path = PLACES.get(template.replace("{", "<").replace("}", ">"), template)
        query = f"?{SECRET}" if path.endswith("/resource") else ""
        for name, value in NAMES.items():
            path = path.replace(name.replace("<", "{").replace(">", "}"), value)
        url = reading.url + path + query
        with httpx.stream("GET", url, timeout=60) as response:
            text = next(response.iter_text())

        assert response.status_code == status(path), path
        assert [word for word in make.canaries if word in text] == [], path


@pytest.mark.parametrize("path", ["/api/v1/applications/broken/diff", "/applications/broken/diff"])
def test_failures_do_not_leak(
    client: FlaskClient, controller: Any, make: SimpleNamespace, path: str
) -> None:
    controller.store.put(make.well("broken"))
    response = client.get(path)

    assert response.status_code == 409
    assert "hunter2" not in response.get_data(as_text=True)


def test_stream_does_not_leak(server: Server, make: SimpleNamespace) -> None:
    with httpx.stream("GET", f"{server.url}/api/v1/stream/applications") as response:
        text = next(response.iter_text())

    assert "staging" in text
    assert [word for word in make.canaries if word in text] == []


def test_repository_with_credentials_is_shown_without(
    client: FlaskClient, controller: Any, make: SimpleNamespace
) -> None:
    controller.store.put(make.well("a", repo_url="https://bot:hunter2@github.com/acme/agents.git"))

    for path in ("/", "/applications/a", "/api/v1/applications", "/api/v1/applications/a"):
        text = client.get(path).get_data(as_text=True)

        assert "hunter2" not in text
        assert "github.com/acme/agents" in text
