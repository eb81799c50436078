"""A Roster whose API answers what a test says."""

from collections.abc import Iterator
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

APPLICATION = "/api/v1/applications/examples"


def node(kind: str, name: str, parent: str = "", **rest: Any) -> dict[str, Any]:
    """One object of the tree, as the API gives it."""
    return {
        "group": {"Deployment": "apps", "ReplicaSet": "apps"}.get(kind, ""),
        "kind": kind,
        "namespace": "agents",
        "name": name,
        "version": "v1",
        "uid": f"u-{name}",
        "parentRefs": [{"uid": parent, "kind": "", "name": "", "group": "", "namespace": ""}]
        if parent
        else [],
        "info": [],
        "images": [],
        "resourceVersion": "1",
        "health": {"status": "Healthy", "message": ""},
        "createdAt": None,
        "status": None if parent else "Synced",
        "component": "" if parent else "Agent agents/triage",
        "file": "" if parent else "agents/[triage].yaml",
        "line": 0 if parent else 3,
        **rest,
    }


NODES = (
    node("Deployment", "triage"),
    node("ReplicaSet", "triage-old", "u-triage"),
    node("ReplicaSet", "triage-new", "u-triage"),
    node(
        "Pod",
        "triage-new-x",
        "u-triage-new",
        health={"status": "Degraded", "message": "Container kagent: CrashLoopBackOff"},
    ),
    node("Service", "front"),
)
RESOURCES = [
    {
        **{name: NODES[0][name] for name in ("group", "kind", "namespace", "name")},
        "version": "v1",
        "status": "Synced",
        "health": {"status": "Degraded", "message": "Pod triage-new-x: it crashes"},
        "hook": False,
        "requiresPruning": False,
        "syncWave": 0,
        "component": "Agent agents/triage",
        "file": "agents/[triage].yaml",
        "line": 3,
    }
]
COMPONENT = {
    "id": "Agent agents/triage",
    "kind": "Agent",
    "namespace": "agents",
    "name": "triage",
    "file": "agents/[triage].yaml",
    "line": 3,
    "sync": "Synced",
    "health": {"status": "Degraded", "message": "Pod triage-new-x: it crashes"},
}
LAST = {"metadata": {"continue": "", "resourceVersion": "1", "remainingItemCount": 0}}


@pytest.fixture(scope="module")
def listening() -> Iterator[HTTPServer]:
    """One server a module: each takes half a second to stop."""
    with HTTPServer(host="127.0.0.1", port=0, threaded=True) as server:
        yield server


@pytest.fixture
def roster(listening: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[HTTPServer]:
    """A Roster with one application, which the command line finds."""
    listening.clear()
    monkeypatch.setenv("ROSTER_SERVER", listening.url_for("").rstrip("/"))
    application = {
        "metadata": {"name": "examples"},
        "status": {"resources": RESOURCES, "components": [COMPONENT]},
    }
    listening.expect_request("/api/v1/applications").respond_with_json(
        {**LAST, "items": [application]}
    )
    listening.expect_request(APPLICATION).respond_with_json(application)
    listening.expect_request(f"{APPLICATION}/resource-tree").respond_with_json(
        {**LAST, "nodes": NODES, "orphanedNodes": []}
    )
    yield listening
    listening.clear()
