"""Two sources with a tool of one name: the model sees one, and whoever looks after it both."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from mcp.server import MCPServer

from controller.definitions import agentconfig


@pytest.fixture
def server(serve: Callable[..., str]) -> Callable[..., str]:
    """Serve tools that say whose they are; gives the address."""

    def served(owner: str, *names: str) -> str:
        offered = MCPServer(owner, log_level="WARNING")

        def answer() -> str:
            return owner

        for name in names:
            offered.add_tool(answer, name, description=f"Of {owner}.", structured_output=False)
        url = serve(lambda _: offered.streamable_http_app(host="0.0.0.0"))
        return f"{url}/mcp"

    return served


@pytest.fixture
def agent(start: Callable[..., Any], scripted: Any) -> Callable[..., Any]:
    """Start an agent whose model calls `search` and then says that it is done."""

    def started(**fields: Any) -> Any:
        scripted.replies = [("search", {}), "done"]
        model = agentconfig.OpenAI(model="scripted", base_url=scripted.url)
        return start(model=model, stream=False, **fields)

    return started


def called(scripted: Any) -> list[str]:
    """What the tools answered, as the model got it."""
    messages = scripted.requests[-1]["messages"]
    return [message["content"] for message in messages if message["role"] == "tool"]


def names(scripted: Any) -> list[str]:
    return sorted(tool["function"]["name"] for tool in scripted.requests[0]["tools"])


def hidden(agent: Any) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = httpx.get(f"{agent.url}/ready").json()["hidden"]
    return told


def test_the_first_of_two_servers_is_taken(
    agent: Callable[..., Any], scripted: Any, mcp: Callable[..., Any], server: Callable[..., str]
) -> None:
    first, second = server("first", "list", "search"), server("second", "fetch", "list", "search")
    running = agent(http_tools=(*mcp(first), *mcp(second)))

    task = running.send("look it up")

    assert task["status"]["state"] == "completed"
    assert called(scripted) == ["first"]
    assert names(scripted) == ["ask_user", "fetch", "list", "search"]
    assert hidden(running) == [{"tools": ["list", "search"], "source": second, "behind": first}]


def test_a_tool_that_is_named_goes_before_one_that_comes_along(
    agent: Callable[..., Any], scripted: Any, mcp: Callable[..., Any], server: Callable[..., str]
) -> None:
    first, second = server("first", "search"), server("second", "search")
    running = agent(http_tools=(*mcp(first), *mcp(second, "search")))

    running.send("look it up")

    assert called(scripted) == ["second"]
    assert hidden(running) == [{"tools": ["search"], "source": first, "behind": second}]


def test_nothing_is_hidden_where_servers_divide_their_tools(
    agent: Callable[..., Any], scripted: Any, mcp: Callable[..., Any], server: Callable[..., str]
) -> None:
    first, second = server("first", "search", "fetch"), server("second", "search", "fetch")
    running = agent(http_tools=(*mcp(first, "fetch"), *mcp(second, "search")))

    running.send("look it up")

    assert called(scripted) == ["second"]
    assert hidden(running) == []


def test_a_colleague_goes_before_a_server_that_took_its_name(
    agent: Callable[..., Any], scripted: Any, mcp: Callable[..., Any], server: Callable[..., str]
) -> None:
    name = agentconfig.agent_identity("agents", "billing")
    url = server("server", name, "search")
    colleague = agentconfig.RemoteAgent(name=name, url="http://127.0.0.1:9", description="Bills.")
    running = agent(http_tools=mcp(url), remote_agents=(colleague,))

    running.send("look it up")

    told = {tool["function"]["name"]: tool["function"] for tool in scripted.requests[0]["tools"]}
    assert told[name]["description"] == "Bills."
    assert hidden(running) == [{"tools": [name], "source": url, "behind": "colleagues"}]


def test_a_question_to_the_user_is_never_a_servers(
    agent: Callable[..., Any], scripted: Any, mcp: Callable[..., Any], server: Callable[..., str]
) -> None:
    url = server("server", "ask_user", "search")
    running = agent(http_tools=mcp(url, "ask_user", "search"))

    running.send("look it up")

    assert called(scripted) == ["server"]
    assert hidden(running) == [{"tools": ["ask_user"], "source": url, "behind": "ask_user"}]


def test_what_is_hidden_is_logged_once(
    agent: Callable[..., Any],
    mcp: Callable[..., Any],
    server: Callable[..., str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    first, second = server("first", "list", "search"), server("second", "list", "search")
    running = agent(http_tools=(*mcp(first), *mcp(second)))

    for text in ("look it up", "and again"):
        running.send(text)

    (told,) = [vars(record) for record in caplog.records if record.message == "tools_hidden"]
    assert (told["hidden"], told["behind"]) == (f"list, search of {second}", first)
