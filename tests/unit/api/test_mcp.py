"""The controller as MCP server, by the official client, over HTTP and standard input and output."""

import asyncio
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import httpx
import pytest
from mcp import Client, StdioServerParameters
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from controller.a2a.gateway import Gateway
from controller.a2a.upstream import Upstream
from controller.api import shell
from controller.api.serve import Server


def events(id_: Any) -> Iterator[bytes]:
    call = {"id": "c", "name": "clock", "args": {}}
    message = {
        "parts": [{"kind": "data", "data": call, "metadata": {"kagent_type": "function_call"}}]
    }
    for result in (
        {"kind": "task", "id": "t", "contextId": "ctx", "status": {"state": "submitted"}},
        {
            "kind": "status-update",
            "taskId": "t",
            "status": {"state": "working", "message": message},
        },
        {
            "kind": "artifact-update",
            "taskId": "t",
            "artifact": {"artifactId": "a", "parts": [{"kind": "text", "text": "It is noon."}]},
        },
        {"kind": "status-update", "taskId": "t", "status": {"state": "completed"}, "final": True},
    ):
        yield b"data: " + json.dumps({"jsonrpc": "2.0", "id": id_, "result": result}).encode()
        yield b"\n\n"


def agent() -> Starlette:
    async def rpc(request: Request) -> Response:
        return StreamingResponse(
            events((await request.json())["id"]), media_type="text/event-stream"
        )

    async def card(_: Request) -> Response:
        return JSONResponse({})

    return Starlette(
        routes=[
            Route("/", rpc, methods=["POST"]),
            Route("/.well-known/agent-card.json", card),
        ]
    )


@pytest.fixture
def roster(stored: Any) -> Iterator[Callable[..., str]]:
    """Run the API with a gateway to one agent; gives its address."""
    with ExitStack() as stack:

        def start(app: Any) -> Server:
            server = Server(app, "127.0.0.1", 0)
            server.start()
            stack.callback(server.stop)
            return server

        def make(**given: Any) -> str:
            url = start(agent()).url
            gateway = Gateway(
                lambda _namespace, _name: Upstream(url=f"{url}/", headers={}), httpx.AsyncClient
            )
            services = replace(
                stored.services(), gateway=gateway, own_url=lambda: server.url, **given
            )
            server = start(shell.create(services))
            return server.url

        yield make


def over_http(url: str) -> Any:
    return f"{url}/mcp"


def over_stdio(url: str) -> Any:
    return StdioServerParameters(
        command=sys.executable, args=["-m", "controller", "mcp", "--server", url]
    )


BOTH = pytest.mark.parametrize("transport", [over_http, over_stdio], ids=["http", "stdio"])


@BOTH
def test_tools_say_what_they_do_and_what_they_give(
    roster: Callable[..., str], transport: Callable[[str], Any]
) -> None:
    async def ask() -> Any:
        async with Client(transport(roster())) as client:
            return (await client.list_tools()).tools, client.server_info.name

    tools, name = asyncio.run(ask())

    assert name == "roster"
    assert {tool.name for tool in tools if tool.annotations.read_only_hint} == {
        "list_agents",
        "list_applications",
        "list_tools",
        "get_application",
        "get_diff",
        "get_history",
    }
    (invoke,) = (tool for tool in tools if not tool.annotations.read_only_hint)
    assert (invoke.name, invoke.annotations.open_world_hint) == ("invoke_agent", True)
    assert all(tool.output_schema for tool in tools)


@BOTH
def test_an_agent_is_invoked_with_progress(
    roster: Callable[..., str], transport: Callable[[str], Any]
) -> None:
    steps: list[str | None] = []

    async def progress(_progress: float, _total: float | None, message: str | None) -> None:
        steps.append(message)

    async def ask() -> Any:
        async with Client(transport(roster())) as client:
            return await client.call_tool(
                "invoke_agent",
                {"agent": "agents/triage", "task": "What time is it?"},
                progress_callback=progress,
            )

    answer = asyncio.run(ask())

    assert answer.structured_content == {
        "text": "It is noon.",
        "state": "completed",
        "context_id": "ctx",
        "task_id": "t",
        "waiting_for": [],
    }
    assert steps == ["calls clock", "It is noon."]


def call(url: str, tool: str, **arguments: Any) -> Any:
    async def ask() -> Any:
        async with Client(f"{url}/mcp") as client:
            return await client.call_tool(tool, arguments)

    return asyncio.run(ask())


def test_applications_are_shown_with_their_diff_and_history(roster: Callable[..., str]) -> None:
    url = roster()

    listed = call(url, "list_applications").structured_content["applications"]
    name = listed[0]["name"]
    detail = call(url, "get_application", name=name).structured_content
    history = call(url, "get_history", name=name).structured_content
    diff = call(url, "get_diff", name=name).structured_content
    agents = call(url, "list_agents").structured_content["agents"]

    assert detail["application"] == listed[0]
    assert {component["definition"] for component in detail["components"]}
    assert (history["application"], diff["application"]) == (name, name)
    assert {"agents/triage"} <= {one["agent"] for one in agents}


def test_what_goes_wrong_is_told_with_its_remedy(roster: Callable[..., str]) -> None:
    answer = call(roster(), "get_application", name="nothing")

    assert answer.is_error
    assert "Check the name" in answer.content[0].text


def test_a_client_may_sync_only_where_the_settings_say_so(
    roster: Callable[..., str], stored: Any
) -> None:
    refused = call(roster(), "sync_application", name="agents")
    allowed = call(roster(mcp_sync=True), "sync_application", name="agents")

    assert refused.is_error
    assert allowed.structured_content["message"] == "Sync requested."


def test_resources_are_read(roster: Callable[..., str]) -> None:
    url = roster()

    async def read() -> Any:
        async with Client(f"{url}/mcp") as client:
            found = await client.read_resource("kagent://agents")
            return json.loads(found.contents[0].text)

    assert asyncio.run(read())["agents"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "https://evil.example"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Host": "evil.example"}, 421),
    ],
)
def test_pages_of_other_sites_are_refused(
    roster: Callable[..., str], headers: dict[str, str], status: int
) -> None:
    assert httpx.post(f"{roster()}/mcp", json={}, headers=headers).status_code == status
