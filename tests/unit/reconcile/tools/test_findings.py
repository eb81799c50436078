from datetime import UTC, datetime, timedelta
from typing import Any

from controller.definitions import parse, resolve
from controller.reconcile.tools import findings
from controller.state.records import (
    ApplicationRecord,
    ApplicationSpec,
    ApplicationStatus,
    CommitRecord,
    Operation,
)
from controller.state.toolservers import ToolRecord, ToolServerRecord

COMMITTED = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)
AGENT = b"""
apiVersion: kagent.dev/v1alpha2
kind: Agent
metadata: {name: a}
spec:
  description: d
  declarative:
    modelConfig: m
    systemMessage: s
    tools:
      - type: McpServer
        mcpServer: {kind: MCPServer, name: calc, toolNames: [add]}
"""
SECOND = b"""\
      - type: McpServer
        mcpServer: {kind: MCPServer, name: more}
"""


def tool(name: str, **given: Any) -> ToolRecord:
    return ToolRecord(name=name, input_schema={}, hash="h", seen_at=COMMITTED, **given)


def found(*tools: ToolRecord, deployed: datetime | None = None, heard: bool = True) -> list[str]:
    history = (Operation(id=1, revision="r", started_at=deployed),) if deployed else ()
    record = ApplicationRecord(
        spec=ApplicationSpec(name="app", repo_url="u"),
        status=ApplicationStatus(commit=CommitRecord(revision="r", committed_at=COMMITTED)),
        history=history,
    )
    catalog = resolve.resolve(parse.parse({"a.yaml": AGENT}, namespace="agents"))
    server = ToolServerRecord(
        id="MCPServer agents/calc", tools=tools, connected_at=COMMITTED if heard else None
    )
    return [str(one) for one in findings.of(record, catalog, {server.id: server})]


def test_tools_that_two_servers_share_are_told() -> None:
    text = AGENT.replace(b", toolNames: [add]", b"") + SECOND
    catalog = resolve.resolve(parse.parse({"a.yaml": text}, namespace="agents"))
    servers = {
        id_: ToolServerRecord(id=id_, tools=(tool("add"),), connected_at=COMMITTED)
        for id_ in ("MCPServer agents/calc", "MCPServer agents/more")
    }
    record = ApplicationRecord(spec=ApplicationSpec(name="app", repo_url="u"))

    (told,) = findings.of(record, catalog, servers)

    assert str(told) == (
        "a.yaml:14:38: warning: the tool 'add' of MCPServer agents/more is hidden by that of"
        " MCPServer agents/calc [tool-name-conflict]"
    )


def test_nothing_is_said_of_a_server_that_never_answered() -> None:
    assert found(heard=False) == []


def test_a_misspelt_tool_is_told_where_it_stands() -> None:
    (text,) = found(tool("addd"))

    assert text == "a.yaml:12:62: warning: MCPServer agents/calc has no tool 'add' [unknown-tool]"


def test_a_withdrawn_tool_is_told_with_its_time() -> None:
    (text,) = found(tool("add", withdrawn_at=COMMITTED))

    assert "has withdrawn the tool 'add' (2026-01-02 12:00 UTC) [withdrawn-tool]" in text


def test_a_tool_that_changed_after_the_commit_is_told() -> None:
    (text,) = found(tool("add", changed_at=COMMITTED + timedelta(minutes=1)))

    assert "'add' of MCPServer agents/calc is not what it was" in text


def test_a_change_before_the_deployment_counts_as_seen() -> None:
    changed = COMMITTED + timedelta(minutes=1)

    assert found(tool("add", changed_at=changed), deployed=changed + timedelta(minutes=1)) == []
