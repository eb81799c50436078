"""`tool list` and `tool call` against a stub of the API."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from controller.cli.main import run_command

ADD = {"properties": {"a": {"type": "integer"}, "b": {"type": "string"}}, "required": ["a"]}
SERVER = {
    "ref": "agents/toolbox",
    "groupKind": "MCPServer.kagent.dev",
    "status": "Unreachable",
    "message": "It did not answer.",
    "lastConnected": None,
    "discoveredTools": [
        {"name": "add", "agents": ["agents/a"], "approval": [], "inputSchema": ADD},
        {"name": "delete", "agents": ["agents/a"], "approval": ["agents/a"], "inputSchema": {}},
    ],
}


@pytest.fixture
def called() -> list[Any]:
    """Bodies of the calls that arrived."""
    return []


@pytest.fixture
def url(called: list[Any]) -> Iterator[str]:
    def call(request: Request) -> Response:
        called.append((request.path.rsplit("/", 2)[1], request.get_json()))
        failed = request.path.endswith("/delete/call")
        data = {"content": [{"type": "text", "text": "42"}], "isError": failed}
        return Response(json.dumps({"error": False, "data": data}), content_type="application/json")

    with HTTPServer(host="127.0.0.1", port=0, threaded=True) as server:
        answer = {"error": False, "data": [SERVER], "message": ""}
        server.expect_request("/api/toolservers").respond_with_json(answer)
        for tool in ("add", "delete"):
            path = f"/api/toolservers/agents/toolbox/tools/{tool}/call"
            server.expect_request(path).respond_with_handler(call)
        yield server.url_for("").rstrip("/")


def test_tools_are_listed_with_who_may_use_them(
    url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code = run_command(["tool", "list", "toolbox", "--server", url])

    out, err = capsys.readouterr()
    lines = [line.split() for line in out.splitlines()]
    assert code == 0
    assert lines[0] == ["SERVER", "TOOL", "STATUS", "SEEN", "AGENTS"]
    assert lines[1] == ["agents/toolbox", "add", "Unreachable", "never", "agents/a"]
    assert lines[2][-2:] == ["agents/a", "(approval)"]
    assert "It did not answer." in err


def test_arguments_are_json_where_they_can_be(
    url: str, called: list[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    code = run_command(["tool", "call", "toolbox/add", "a=1", "b=x y", "--server", url])

    assert (code, capsys.readouterr().out) == (0, "42\n")
    assert called == [
        ("add", {"arguments": {"a": 1, "b": "x y"}, "confirmed": False, "kind": "MCPServer"})
    ]


def test_a_tool_that_fails_gives_exit_code_1_and_yes_confirms(
    url: str, called: list[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    code = run_command(["tool", "call", "agents/toolbox/delete", "--yes", "--server", url])

    assert code == 1
    assert called[0][1]["confirmed"] is True


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["call", "add"], "names no server"),
        (["call", "other/add"], "no MCP server 'other'"),
        (["call", "toolbox/add", "a"], "is no argument"),
        (["call", "toolbox/add", "a=x"], 'a: "x" is not of type "integer"'),
        (["call", "toolbox/add", "--json", "["], "is no JSON"),
        (["call", "toolbox/add", "--json", "[]"], "is no object"),
        (["list", "other"], "no MCP server 'other'"),
    ],
)
def test_wrong_usage_is_told(
    url: str, arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code = run_command(["tool", *arguments, "--server", url])

    assert code == 2
    assert says in capsys.readouterr().err
