import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from controller.errors import PermanentError, TransientError
from controller.mcp import client
from controller.mcp.way import Way


def test_tools_are_listed_by_streamable_http(http_url: str) -> None:
    listing = asyncio.run(client.list_tools(Way(url=http_url)))

    assert [tool.name for tool in listing.tools] == ["add", "fail"]
    assert listing.tools[0].description == "Add two numbers."
    assert listing.tools[0].input_schema["required"] == ["a", "b"]
    assert (listing.server_name, listing.server_version) == ("calculator", "2.0")
    assert listing.latency_s > 0


def test_tools_are_listed_by_the_older_transport(sse_url: str) -> None:
    listing = asyncio.run(client.list_tools(Way(url=sse_url, is_sse=True)))

    assert [tool.name for tool in listing.tools] == ["add", "fail"]


def test_a_server_behind_a_relay_need_not_know_its_path(relayed_sse_url: str) -> None:
    way = Way(url=relayed_sse_url, is_sse=True, prefix="/proxy/x/")

    listing = asyncio.run(client.list_tools(way))

    assert [tool.name for tool in listing.tools] == ["add", "fail"]


def test_a_tool_is_called(http_url: str) -> None:
    answer = asyncio.run(client.call_tool(Way(url=http_url), "add", {"a": 40, "b": 2}))

    assert answer.content[0]["text"] == "42"
    assert answer.structured == {"result": 42}
    assert not answer.is_error


def test_a_tool_that_fails_says_so_in_its_answer(http_url: str) -> None:
    answer = asyncio.run(client.call_tool(Way(url=http_url), "fail", {}))

    assert answer.is_error
    assert "it broke" in answer.content[0]["text"]


def test_a_server_that_is_not_there_is_told(unused_port: int) -> None:
    way = Way(url=f"http://127.0.0.1:{unused_port}/mcp", headers={"authorization": "canary"})

    with pytest.raises(TransientError, match="cannot be reached") as told:
        asyncio.run(client.list_tools(way))

    assert "canary" not in str(told.value)
    assert "canary" not in repr(way)


def test_a_server_that_is_silent_is_given_up(serve: Callable[[Any], str]) -> None:
    async def silent(_: Request) -> Response:
        await asyncio.sleep(30)
        return Response()

    url = serve(Starlette(routes=[Route("/mcp", silent, methods=["GET", "POST"])]))

    with pytest.raises(TransientError, match=r"within 0\.2 s"):
        asyncio.run(client.list_tools(Way(url=f"{url}/mcp", timeout_s=0.2)))


def test_something_that_speaks_no_mcp_is_told(serve: Callable[[Any], str]) -> None:
    async def page(_: Request) -> Response:
        return PlainTextResponse("hello")

    url = serve(Starlette(routes=[Route("/mcp", page, methods=["GET", "POST"])]))

    with pytest.raises((TransientError, PermanentError)):
        asyncio.run(client.list_tools(Way(url=f"{url}/mcp", timeout_s=60)))


@pytest.mark.parametrize("status", [401, 503])
def test_a_refusal_is_told_with_its_status(serve: Callable[[Any], str], status: int) -> None:
    async def refuse(_: Request) -> Response:
        return PlainTextResponse("no", status_code=status)

    url = serve(Starlette(routes=[Route("/mcp", refuse, methods=["GET", "POST"])]))

    with pytest.raises(TransientError, match=f"HTTP status {status}"):
        asyncio.run(client.list_tools(Way(url=f"{url}/mcp", timeout_s=60)))


def test_headers_reach_the_server(serve: Callable[[Any], str]) -> None:
    seen: list[str] = []

    async def page(request: Request) -> Response:
        seen.append(request.headers.get("x-key", ""))
        return PlainTextResponse("hello")

    url = serve(Starlette(routes=[Route("/mcp", page, methods=["GET", "POST"])]))
    way = Way(url=f"{url}/mcp", headers={"x-key": "value"}, timeout_s=60)

    with pytest.raises((TransientError, PermanentError)):
        asyncio.run(client.list_tools(way))

    assert set(seen) == {"value"}
