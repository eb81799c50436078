from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from controller.api import flask_app
from controller.definitions.findings import DefinitionId
from controller.definitions.grants import Grant
from controller.reconcile.tools.served import Served
from controller.reconcile.tools.toolbox import Shown
from controller.render.toolservers import ToolServer
from controller.state.toolservers import ToolRecord, ToolServerRecord

NOW = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)
ID = DefinitionId("MCPServer", "agents", "calc")


def tool(name: str, description: str) -> ToolRecord:
    return ToolRecord(
        name=name,
        description=description,
        input_schema={"type": "object"},
        annotations={"destructiveHint": True},
        hash="0123456789abcdef",
        seen_at=NOW,
    )


SHOWN = Shown(
    served=Served(
        server=ToolServer(id=ID, url="http://bot:hunter2@calc:3000/mcp"), application="agents"
    ),
    record=ToolServerRecord(
        id=str(ID),
        status="Unreachable",
        message="It did not answer within 30 s.",
        connected_at=NOW,
        tools=(tool("add", "Add <b>numbers</b>."), tool("delete", "Delete for good.")),
    ),
    grants=(
        Grant(
            agent=DefinitionId("Agent", "agents", "triage"),
            server=ID,
            tools=("delete",),
            approval=("delete",),
        ),
    ),
)


class Toolbox:
    """Tool servers without a cluster."""

    def __init__(self, *servers: Shown) -> None:
        self._servers = servers

    def all(self) -> tuple[Shown, ...]:
        return self._servers


def page(stored: Any, *servers: Shown, query: str = "") -> str:
    toolbox: Any = Toolbox(*servers)
    client = flask_app.create(replace(stored.services(), tools=toolbox)).test_client()
    answer = client.get(f"/tools{query}", headers={"Accept": "text/html"})
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def test_a_server_is_shown_with_what_is_wrong_and_how_old_its_tools_are(stored: Any) -> None:
    found = page(stored, SHOWN)

    assert "Unreachable" in found
    assert "It did not answer within 30 s." in found
    assert 'datetime="2026-01-02T12:00:00+00:00"' in found
    assert "hunter2" not in found


def test_tools_are_shown_escaped_with_their_agents(stored: Any) -> None:
    found = page(stored, SHOWN)

    assert "Add &lt;b&gt;numbers&lt;/b&gt;." in found
    assert "triage" in found
    assert "with approval" in found
    assert "may destroy something" in found


def test_words_keep_the_tools_that_have_them(stored: Any) -> None:
    found = page(stored, SHOWN, query="?q=DELETE")

    assert "Delete for good." in found
    assert "numbers" not in found


def test_words_that_name_a_server_keep_all_its_tools(stored: Any) -> None:
    assert "numbers" in page(stored, SHOWN, query="?q=calc")


def test_words_that_nothing_has_lead_back(stored: Any) -> None:
    assert "No tool is like that." in page(stored, SHOWN, query="?q=weather")


def test_without_servers_the_page_says_where_tools_come_from(stored: Any) -> None:
    assert "No MCP servers yet" in page(stored)
