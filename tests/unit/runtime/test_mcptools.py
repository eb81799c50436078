"""MCP servers: headers, both transports, restarts, and calls that fail."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from starlette.applications import Starlette

from controller.definitions import agentconfig
from controller.runtime import application, serving


def reporting(seen: list[dict[str, str]]) -> MCPServer:
    """A server that notes the headers of each call."""
    server = MCPServer("reporting", log_level="WARNING")

    @server.tool(structured_output=False)
    def inspect_request(ctx: Context[Any]) -> str:
        """Inspect the request."""
        request = ctx.request_context.request
        seen.append(dict(request.headers) if request else {})
        return "seen"

    @server.tool(structured_output=False)
    def break_things() -> str:
        """Break things."""
        raise RuntimeError("it broke")

    return server


def streamable(server: MCPServer) -> Starlette:
    return server.streamable_http_app(host="0.0.0.0")


def test_static_and_permitted_headers_reach_the_server(
    start: Callable[..., Any], serve: Callable[..., str], mcp: Callable[..., Any]
) -> None:
    seen: list[dict[str, str]] = []
    url = serve(lambda _: streamable(reporting(seen)))
    agent = start(
        http_tools=mcp(f"{url}/mcp", headers={"x-static": "fixed"}, allowed_headers=("X-Tenant",))
    )

    agent.send("inspect the request", **{"x-tenant": "blue", "x-other": "kept back"})
    agent.send("inspect the request", **{"x-tenant": "red"})

    assert [headers["x-static"] for headers in seen] == ["fixed", "fixed"]
    assert [headers["x-tenant"] for headers in seen] == ["blue", "red"]
    assert "x-other" not in seen[0]


def test_headers_are_resolved_from_the_environment(
    serve: Callable[..., str], model_url: str, to_message: Callable[..., Any]
) -> None:
    seen: list[dict[str, str]] = []
    url = serve(lambda _: streamable(reporting(seen)))
    value = "Bearer " + agentconfig.environment_reference("TOKEN")
    connection = agentconfig.HttpConnection(url=f"{url}/mcp", headers={"Authorization": value})
    config = agentconfig.AgentConfig(
        model=agentconfig.OpenAI(model="demo", base_url=model_url),
        description="d",
        instruction="i",
        http_tools=(agentconfig.HttpMcpServer(params=connection),),
    )
    card = agentconfig.AgentCard(name="n", description="d", version="1", url="http://n")
    agent = serve(
        lambda _: application.create(config, card, {"TOKEN": "s3cret"}, drain=serving.Drain(0))
    )

    body = {"jsonrpc": "2.0", "id": 1, "method": "message/send"}
    httpx.post(f"{agent}/", json={**body, "params": to_message("inspect the request")}, timeout=60)

    assert seen[0]["authorization"] == "Bearer s3cret"


def test_servers_that_speak_sse_are_used(
    start: Callable[..., Any], serve: Callable[..., str], answer_of: Callable[..., str]
) -> None:
    seen: list[dict[str, str]] = []
    url = serve(lambda _: reporting(seen).sse_app(host="0.0.0.0"))
    connection = agentconfig.SseConnection(url=f"{url}/sse", headers={"x-static": "fixed"})

    agent = start(sse_tools=(agentconfig.SseMcpServer(params=connection),))

    assert answer_of(agent.send("inspect the request")) == "inspect request: seen"
    assert seen[0]["x-static"] == "fixed"


def test_a_tool_that_fails_is_told_to_the_model(
    start: Callable[..., Any],
    serve: Callable[..., str],
    mcp: Callable[..., Any],
    history_of: Callable[..., Any],
) -> None:
    url = serve(lambda _: streamable(reporting([])))

    task = start(http_tools=mcp(f"{url}/mcp")).send("break things")

    assert task["status"]["state"] == "completed"
    _, response = history_of(task)
    assert response["response"]["isError"] is True


class Restartable:
    """An ASGI application that forgets its sessions, or is away, when told to."""

    def __init__(self) -> None:
        self.seen: list[dict[str, str]] = []
        self.lost = False
        self.refusal = 0
        """HTTP status of whatever answers in its place; 0: it answers itself."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        known = (name for name, _ in scope.get("headers", ()))
        is_lost = self.lost and b"mcp-session-id" in known
        if scope["type"] == "http" and (is_lost or self.refusal):
            status = self.refusal or 404
            await send({"type": "http.response.start", "status": status, "headers": []})
            await send({"type": "http.response.body", "body": b""})
            return
        await self.inner(scope, receive, send)

    def create(self, _: str) -> Any:
        self.inner = streamable(reporting(self.seen))
        return self


def test_a_server_that_lost_its_sessions_is_called_anew(
    start: Callable[..., Any],
    serve: Callable[..., str],
    mcp: Callable[..., Any],
    answer_of: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server = Restartable()
    url = serve(server.create)
    agent = start(http_tools=mcp(f"{url}/mcp"))
    agent.send("inspect the request")

    server.lost = True
    task = agent.send("inspect the request")

    assert task["status"]["state"] == "completed"
    assert "seen" in answer_of(task) or "not available" in answer_of(task)


def test_a_proxy_before_a_dead_server_is_told_by_its_status(
    start: Callable[..., Any],
    serve: Callable[..., str],
    mcp: Callable[..., Any],
    answer_of: Callable[..., str],
) -> None:
    server = Restartable()
    url = serve(server.create)
    agent = start(http_tools=mcp(f"{url}/mcp"))
    agent.send("inspect the request")

    server.refusal = 503
    away = agent.send("inspect the request")
    server.refusal = 0
    back = agent.send("inspect the request")

    assert f"not available: {url}/mcp failed: HTTP status 503" in answer_of(away)
    assert answer_of(back) == "inspect request: seen"


def test_a_server_that_was_never_reached_is_told_by_its_status(
    start: Callable[..., Any],
    serve: Callable[..., str],
    mcp: Callable[..., Any],
    answer_of: Callable[..., str],
) -> None:
    server = Restartable()
    server.refusal = 502
    url = serve(server.create)
    agent = start(http_tools=mcp(f"{url}/mcp", "inspect_request"))

    answer = answer_of(agent.send("inspect the request"))

    assert f"{url}/mcp cannot be reached: HTTP status 502" in answer


def test_cancelling_a_turn_ends_the_tool_at_the_server(
    start: Callable[..., Any], serve: Callable[..., str], mcp: Callable[..., Any], to_message: Any
) -> None:
    server = MCPServer("slow", log_level="ERROR")
    begun, ended = threading.Event(), threading.Event()

    @server.tool(structured_output=False)
    async def compute_slowly() -> str:
        """Compute slowly."""
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return "never"

    url = serve(lambda _: streamable(server))
    agent = start(http_tools=mcp(f"{url}/mcp"))
    params = {**to_message("compute slowly"), "configuration": {"blocking": False}}
    task = agent.rpc("message/send", params)["result"]
    assert begun.wait(60)

    cancelled = agent.rpc("tasks/cancel", {"id": task["id"]})["result"]

    assert cancelled["status"]["state"] == "canceled"
    assert ended.wait(60)
