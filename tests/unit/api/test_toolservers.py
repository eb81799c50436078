from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from flask.testing import FlaskClient

from controller.api import flask_app
from controller.definitions.findings import DefinitionId
from controller.definitions.grants import Grant
from controller.errors import TransientError
from controller.mcp.way import Answer
from controller.reconcile.tools.served import Served
from controller.reconcile.tools.toolbox import ApprovalRequiredError, Shown
from controller.render.toolservers import ToolServer
from controller.state.toolservers import ToolRecord, ToolServerRecord

NOW = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)
ID = DefinitionId("MCPServer", "agents", "calc")
SHOWN = Shown(
    served=Served(server=ToolServer(id=ID, url="http://calc.agents:3000/mcp"), application="app"),
    record=ToolServerRecord(
        id=str(ID),
        status="Ready",
        server_name="calculator",
        server_version="2.0",
        latency_ms=12.5,
        connected_at=NOW,
        tools=(
            ToolRecord(
                name="add",
                description="Add two numbers.",
                input_schema={"type": "object"},
                hash="abc",
                seen_at=NOW,
            ),
            ToolRecord(name="old", input_schema={}, hash="x", seen_at=NOW, withdrawn_at=NOW),
        ),
    ),
    grants=(
        Grant(
            agent=DefinitionId("Agent", "agents", "a"),
            server=ID,
            tools=("add",),
            approval=("add",),
        ),
    ),
)


@dataclass
class Toolbox:
    """Tool servers without a cluster."""

    failure: Exception | None = None

    def all(self) -> tuple[Shown, ...]:
        return (SHOWN,)

    def call(self, shown: Shown, tool: str, arguments: Any, *, confirmed: bool) -> Answer:
        if self.failure:
            raise self.failure
        assert shown is SHOWN
        text = {"type": "text", "text": f"{tool} {arguments} {confirmed}"}
        return Answer(content=(text,), structured={"result": 3})


def client(stored: Any, toolbox: Any) -> FlaskClient:
    return flask_app.create(replace(stored.services(), tools=toolbox)).test_client()


def test_servers_are_listed_in_kagents_shape_with_more(stored: Any) -> None:
    answer = client(stored, Toolbox()).get("/api/toolservers").json

    (server,) = answer.pop("data")
    assert answer == {"error": False, "message": "Successfully listed ToolServers"}
    assert (server["ref"], server["groupKind"]) == ("agents/calc", "MCPServer.kagent.dev")
    (tool,) = server["discoveredTools"]
    assert (tool["name"], tool["description"]) == ("add", "Add two numbers.")
    assert (tool["agents"], tool["approval"]) == (["agents/a"], ["agents/a"])
    assert (server["status"], server["latencyMs"]) == ("Ready", 12.5)
    assert server["lastConnected"] == "2026-01-02T12:00:00Z"


def test_tools_are_listed_as_kagents_database_has_them(stored: Any) -> None:
    (tool,) = client(stored, Toolbox()).get("/api/tools").json["data"]

    assert tool == {
        "id": "add",
        "server_name": "agents/calc",
        "group_kind": "MCPServer.kagent.dev",
        "description": "Add two numbers.",
        "created_at": "2026-01-02T12:00:00Z",
        "updated_at": "2026-01-02T12:00:00Z",
        "deleted_at": None,
    }


def test_a_tool_is_called(stored: Any) -> None:
    answer = client(stored, Toolbox()).post(
        "/api/toolservers/agents/calc/tools/add/call",
        json={"arguments": {"a": 1}, "confirmed": True},
    )

    assert answer.json["data"] == {
        "content": [{"type": "text", "text": "add {'a': 1} True"}],
        "structuredContent": {"result": 3},
        "isError": False,
    }


@pytest.mark.parametrize(
    ("failure", "status", "error"),
    [
        (ApprovalRequiredError("Somebody has to say yes."), 409, "ApprovalRequired"),
        (TransientError("It did not answer."), 502, "ToolServerUnreachable"),
    ],
)
def test_why_a_call_failed_is_told(
    stored: Any, failure: Exception, status: int, error: str
) -> None:
    answer = client(stored, Toolbox(failure)).post(
        "/api/toolservers/agents/calc/tools/add/call", json={}
    )

    assert (answer.status_code, answer.json["error"]) == (status, error)


def test_a_server_that_is_unknown_is_not_found(stored: Any) -> None:
    answer = client(stored, Toolbox()).post("/api/toolservers/agents/none/tools/add/call", json={})

    assert answer.status_code == 404
