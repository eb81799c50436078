"""Tools of one name, as the author of an agent is told of them."""

from collections.abc import Callable
from typing import Any

import pytest

from controller.definitions import parse, resolve
from controller.definitions.agentconfig import agent_identity
from controller.definitions.findings import DefinitionId
from controller.render import toolconflicts

Told = tuple[str, str]
"""Message and remedy."""
FIRST, SECOND = (DefinitionId("MCPServer", "agents", name) for name in ("first", "second"))
EVENTS = DefinitionId("RemoteMCPServer", "agents", "events")
REST = """
---
apiVersion: kagent.dev/v1alpha2
kind: ModelConfig
metadata: {name: m}
spec: {provider: OpenAI, model: x, apiKeySecret: keys, apiKeySecretKey: k}
---
apiVersion: kagent.dev/v1alpha1
kind: MCPServer
metadata: {name: first}
spec: {deployment: {image: x, cmd: x}}
---
apiVersion: kagent.dev/v1alpha1
kind: MCPServer
metadata: {name: second}
spec: {deployment: {image: x, cmd: x}}
---
apiVersion: kagent.dev/v1alpha2
kind: RemoteMCPServer
metadata: {name: events}
spec: {description: d, url: "http://events:1/sse", protocol: SSE}
---
apiVersion: kagent.dev/v1alpha2
kind: Agent
metadata: {name: b}
spec:
  description: d
  declarative: {modelConfig: m, systemMessage: s}
"""


def server(name: str, *tools: str, kind: str = "MCPServer") -> str:
    named = f", toolNames: [{', '.join(tools)}]" if tools else ""
    return f"{{type: McpServer, mcpServer: {{kind: {kind}, name: {name}{named}}}}}"


def agent(*tools: str, more: str = "", annotation: str = "") -> str:
    listed = "".join(f"\n      - {tool}" for tool in tools)
    return f"""
apiVersion: kagent.dev/v1alpha2
kind: Agent
metadata: {{name: a{annotation}}}
spec:
  description: d
  declarative:
    modelConfig: m
    systemMessage: s
    tools:{listed or " []"}
{more}{REST}"""


SKILLS = "  skills: {refs: ['ghcr.io/x/y@sha256:" + "0" * 64 + "']}\n"
MEMORY = "    memory: {modelConfig: m}\n"


@pytest.fixture
def declared(render: Callable[..., Any]) -> Callable[[str], list[Any]]:
    """What rendering warns of."""

    def found(text: str) -> list[Any]:
        findings = render(text).rendered.findings
        return [item for item in findings if item.rule == "tool-name-conflict"]

    return found


def observed(text: str, **servers: set[str]) -> list[Told]:
    """What is told beyond that, once servers listed their tools."""
    catalog = resolve.resolve(parse.parse({"a.yaml": text.encode()}, namespace="agents"))
    ids = {"first": FIRST, "second": SECOND, "events": EVENTS}
    listed = {ids[name]: frozenset(tools) for name, tools in servers.items()}
    definition = catalog.definitions[DefinitionId("Agent", "agents", "a")]
    told = toolconflicts.observed(definition, catalog.definitions.get, listed)
    return [(one.message, one.remedy) for one in told]


def test_a_name_in_two_lists_is_told_where_it_has_no_effect(
    declared: Callable[[str], list[Any]],
) -> None:
    (found,) = declared(agent(server("first", "search"), server("second", "fetch", "search")))

    assert str(found) == (
        "agents.yaml:12:89: warning: Agent agents/a: the tool 'search' of MCPServer agents/second"
        " is hidden by that of MCPServer agents/first [tool-name-conflict]"
    )
    assert found.remedy == "Keep it in 'toolNames' of one server only."


def test_servers_of_sse_come_after_the_others(declared: Callable[[str], list[Any]]) -> None:
    events = server("events", "search", kind="RemoteMCPServer")

    (found,) = declared(agent(events, server("first", "search")))

    assert "of RemoteMCPServer agents/events is hidden" in found.message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            agent(server("first", "ask_user")),
            "the tool 'ask_user' of MCPServer agents/first is hidden by that of the agent itself",
        ),
        (
            agent(server("first", "load_memory"), more=MEMORY),
            (
                "the tool 'load_memory' of the agent's memory is hidden by that of MCPServer"
                " agents/first"
            ),
        ),
        (
            agent(server("first", "bash", "read_file"), more=SKILLS),
            (
                "the tools 'bash' and 'read_file' of the agent's skills are hidden by those of"
                " MCPServer agents/first"
            ),
        ),
        (
            agent(
                server("first", "bash", "read_file"),
                more=SKILLS,
                annotation=", annotations: {roster.dev/skill-commands: disabled}",
            ),
            (
                "the tool 'read_file' of the agent's skills is hidden by that of MCPServer"
                " agents/first"
            ),
        ),
    ],
    ids=["question", "memory", "skills", "skills without commands"],
)
def test_tools_of_the_agents_own_count(
    declared: Callable[[str], list[Any]], text: str, message: str
) -> None:
    (found,) = declared(text)

    assert found.message == f"Agent agents/a: {message}"
    assert "Remove" in found.remedy


@pytest.mark.parametrize(
    "text",
    [
        agent(server("first", "search"), server("second", "fetch")),
        agent(server("first", "load_memory", "read_file")),
        agent(server("first"), server("second")),
        agent(*["{type: Agent, agent: {name: b}}"] * 2),
    ],
    ids=["divided", "neither memory nor skills", "not known yet", "a colleague twice"],
)
def test_nothing_is_said_where_names_differ(
    declared: Callable[[str], list[Any]], text: str
) -> None:
    assert declared(text) == []


def test_what_servers_turn_out_to_share_is_told_together() -> None:
    tools = {"fetch", "find", "list", "search"}

    assert observed(agent(server("first"), server("second")), first=tools, second=tools) == [
        (
            (
                "the tools 'fetch', 'find', 'list' and 1 more of MCPServer agents/second"
                " are hidden by those of MCPServer agents/first"
            ),
            "Name in 'toolNames' what the agent needs of MCPServer agents/second, without them.",
        )
    ]


def test_a_named_tool_goes_before_one_that_comes_along() -> None:
    ((message, remedy),) = observed(
        agent(server("first"), server("second", "search")), first={"search"}
    )

    assert "of MCPServer agents/first is hidden by that of MCPServer agents/second" in message
    assert remedy == (
        "Name in 'toolNames' what the agent needs of MCPServer agents/first, without it."
    )


def test_a_colleague_goes_before_a_server_that_took_its_name() -> None:
    text = agent(server("first"), "{type: Agent, agent: {name: b}}")

    ((message, _),) = observed(text, first={agent_identity("agents", "b")})

    assert message.endswith("of MCPServer agents/first is hidden by that of Agent agents/b")


def test_what_is_declared_is_not_told_again() -> None:
    text = agent(server("first", "search"), server("second", "search"))

    assert observed(text, first={"search"}, second={"search"}) == []


def test_nothing_is_told_of_servers_that_nobody_asked() -> None:
    assert observed(agent(server("first"), server("second"))) == []
