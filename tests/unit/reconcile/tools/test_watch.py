"""The watch against real MCP servers, with definitions from a catalog."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from loopback import refusing, running
from mcp.server import MCPServer
from waiting import eventually

from controller import telemetry
from controller.definitions import parse, resolve
from controller.definitions.catalog import Catalog
from controller.errors import PermanentError
from controller.mcp.way import Way
from controller.reconcile.tools.served import Servers
from controller.reconcile.tools.toolbox import ApprovalRequiredError, Toolbox
from controller.reconcile.tools.watch import ToolWatch
from controller.state.records import (
    ApplicationRecord,
    ApplicationSpec,
    ApplicationStatus,
    ComponentStatus,
)
from controller.state.toolservers import ToolServers

ID = "RemoteMCPServer agents/calc"
DEFINITIONS = """
apiVersion: kagent.dev/v1alpha2
kind: RemoteMCPServer
metadata: {name: calc%s}
spec: {description: d, url: "%s"}
---
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
        mcpServer: {kind: RemoteMCPServer, name: calc, toolNames: [add], requireApproval: [add]}
"""


def calculator(*more: str) -> Any:
    server = MCPServer("calculator", version="1")

    @server.tool()
    def add(a: int, b: int) -> int:
        """Add two numbers."""
        return a + b

    for name in more:
        server.add_tool(add, name=name)
    return server.streamable_http_app()


@contextmanager
def serving(*more: str) -> Iterator[str]:
    with running(lambda _: calculator(*more), log_level="critical") as url:
        yield f"{url}/mcp"


@dataclass
class World:
    """One application, and a watch over its tool servers."""

    folder: Path
    url: str
    labels: str = ""
    health: str = "Healthy"
    changed: list[str] = field(default_factory=list)
    toolbox: Toolbox | None = None

    def catalog(self, _name: str) -> Catalog:
        text = DEFINITIONS % (self.labels, self.url)
        return resolve.resolve(parse.parse({"a.yaml": text.encode()}, namespace="agents"))

    def applications(self) -> tuple[ApplicationRecord, ...]:
        component = ComponentStatus(
            id=ID, kind="RemoteMCPServer", namespace="agents", name="calc", health=self.health
        )
        return (
            ApplicationRecord(
                spec=ApplicationSpec(name="app", repo_url="r"),
                status=ApplicationStatus(components=(component,)),
            ),
        )

    @contextmanager
    def watching(self) -> Iterator[Toolbox]:
        servers, records = Servers(self.applications, self.catalog), ToolServers(self.folder)
        watch = ToolWatch(
            servers,
            lambda server: Way(url=server.url, timeout_s=60),
            records,
            now=lambda: datetime.now(UTC),
            changed=self.changed.append,
            interval_s=0.05,
        )
        watch.start()
        try:
            yield Toolbox(servers=servers, records=records, watch=watch, catalog=self.catalog)
        finally:
            watch.stop(timeout_s=60)


def status(toolbox: Toolbox) -> str:
    record = toolbox.records.get(ID)
    return record.status if record else ""


def test_tools_are_listed_kept_and_measured(tmp_path: Path) -> None:
    with serving() as url:
        world = World(tmp_path, url)
        with world.watching() as toolbox:
            eventually(lambda: status(toolbox) == "Ready")
            (shown,) = toolbox.all()

    assert [tool.name for tool in shown.record.offered] == ["add"]
    assert shown.record.latency_ms > 0
    assert [str(grant.agent) for grant in shown.users("add")] == ["Agent agents/a"]
    assert world.changed == ["app"]
    assert f'roster_tool_server_tools{{server="{ID}"}} 1.0' in telemetry.metrics().decode()
    kept = ToolServers(tmp_path).get(ID)
    assert kept is not None
    assert kept.tools == shown.record.tools


def test_a_server_that_went_keeps_its_tools_and_comes_back(tmp_path: Path) -> None:
    world = World(tmp_path, "")
    with serving() as world.url, world.watching() as toolbox:
        eventually(lambda: status(toolbox) == "Ready")

    with refusing() as port:
        world.url = f"http://127.0.0.1:{port}/mcp"
        with world.watching() as toolbox:
            eventually(lambda: status(toolbox) == "Unreachable")
            (gone,) = toolbox.all()
    with serving("sub") as world.url, world.watching() as toolbox:
        eventually(lambda: status(toolbox) == "Ready")
        (back,) = toolbox.all()

    assert [tool.name for tool in gone.record.offered] == ["add"]
    assert gone.record.connected_at is not None
    assert "cannot be reached" in gone.record.message
    assert [tool.name for tool in back.record.offered] == ["add", "sub"]


def test_a_server_whose_workload_is_not_there_is_not_asked(tmp_path: Path) -> None:
    with World(tmp_path, "http://127.0.0.1:9/mcp", health="Progressing").watching() as toolbox:
        eventually(lambda: status(toolbox) == "Pending")
        (shown,) = toolbox.all()

    assert shown.record.message == "Its workload is Progressing."
    assert shown.record.asked_at is not None


def test_a_server_can_opt_out(tmp_path: Path) -> None:
    labels = ", labels: {kagent.dev/discovery: disabled}"

    with World(tmp_path, "http://127.0.0.1:9/mcp", labels=labels).watching() as toolbox:
        assert toolbox.all() == ()


def test_a_call_needs_the_approval_that_agents_need(tmp_path: Path) -> None:
    with serving() as url, World(tmp_path, url).watching() as toolbox:
        eventually(lambda: status(toolbox) == "Ready")
        (shown,) = toolbox.all()
        with pytest.raises(ApprovalRequiredError, match="Agent agents/a may not"):
            toolbox.call(shown, "add", {"a": 1, "b": 2}, confirmed=False)
        answer = toolbox.call(shown, "add", {"a": 1, "b": 2}, confirmed=True)
        with pytest.raises(PermanentError) as told:
            toolbox.call(shown, "sub", {}, confirmed=True)

    assert answer.structured == {"result": 3}
    assert told.value.remedy == "It has: add."
