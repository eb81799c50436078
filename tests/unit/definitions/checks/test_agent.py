from typing import Any

import pytest

from controller.definitions.checks import agent
from controller.definitions.view import View

MINIMAL: dict[str, Any] = {"declarative": {"modelConfig": "m", "systemMessage": "Hello"}}
SERVER = {"type": "McpServer", "mcpServer": {"name": "s"}}


def broken(spec: object) -> list[tuple[str, str]]:
    """Give rule and path of every violation."""
    found = agent.check(View(spec, ("spec",)))
    return [(item.rule, "/".join(str(part) for part in item.path[1:])) for item in found]


def declarative(**fields: object) -> dict[str, Any]:
    return {"declarative": {**MINIMAL["declarative"], **fields}}


def tool(**fields: object) -> dict[str, Any]:
    return declarative(tools=[fields])


@pytest.mark.parametrize(
    "spec",
    [
        MINIMAL,
        {"type": "Declarative", **MINIMAL},
        {"type": "BYO", "byo": {"deployment": {"image": "example"}}},
        {**MINIMAL, "allowedNamespaces": {"from": "All"}},
        {**MINIMAL, "allowedNamespaces": {"from": "Selector", "selector": {}}},
        declarative(systemMessageFrom={"type": "Secret"}, systemMessage=None),
        tool(**SERVER),
        tool(type="Agent", agent={"name": "a"}, isolateSessions=True),
        tool(type="McpServer", mcpServer={"toolNames": ["a", "b"], "requireApproval": ["b"]}),
        tool(**SERVER, headersFrom=[{"name": "X-Team", "value": "a"}]),
        tool(**SERVER, headersFrom=[{"name": "Authorization", "valueFrom": {}}]),
        declarative(deployment={"serviceAccountName": "a", "env": [{"name": "A", "value": "1"}]}),
        declarative(deployment={"env": [{"name": "API_KEY", "value": "$(OTHER)"}]}),
        {**MINIMAL, "skills": {"s3Refs": [{"uri": "s3://bucket/skill/"}]}},
    ],
    ids=str,
)
def test_a_good_agent_breaks_no_rule(spec: dict[str, Any]) -> None:
    assert broken(spec) == []


@pytest.mark.parametrize(
    ("spec", "rule", "path"),
    [
        ({}, "agent-block-missing", ""),
        ({"type": "Declarative"}, "agent-block-missing", "type"),
        ({"type": "BYO"}, "agent-block-missing", "type"),
        ({"type": "BYO", "byo": {}}, "byo-image-missing", "byo/deployment"),
        ({**MINIMAL, "byo": {}}, "agent-block-unused", "byo"),
        (
            {**MINIMAL, "allowedNamespaces": {"from": "Selector"}},
            "selector-missing",
            "allowedNamespaces/from",
        ),
        (declarative(modelConfig=""), "model-missing", "declarative"),
        ({"declarative": {"systemMessage": "a"}}, "model-missing", "declarative"),
        ({"declarative": {"modelConfig": "m"}}, "system-message-missing", "declarative"),
        (declarative(systemMessage=""), "system-message-missing", "declarative"),
        (
            declarative(systemMessageFrom={}),
            "system-message-conflict",
            "declarative/systemMessageFrom",
        ),
        (tool(mcpServer={}), "tool-type-missing", "declarative/tools/0"),
        (tool(type="McpServer"), "tool-target-missing", "declarative/tools/0/type"),
        (tool(type="Agent"), "tool-target-missing", "declarative/tools/0/type"),
        (tool(**SERVER, agent={}), "tool-target-mismatch", "declarative/tools/0/agent"),
        (
            tool(**SERVER, isolateSessions=False),
            "isolate-sessions-misplaced",
            "declarative/tools/0/isolateSessions",
        ),
        (
            tool(type="McpServer", mcpServer={"requireApproval": ["a"]}),
            "approval-unlisted",
            "declarative/tools/0/mcpServer/requireApproval/0",
        ),
        (
            tool(**SERVER, headersFrom=[{"name": "a"}]),
            "value-source",
            "declarative/tools/0/headersFrom/0",
        ),
        (
            declarative(deployment={"env": [{"name": "DB_PASSWORD", "value": "x"}]}),
            "secret-in-git",
            "declarative/deployment/env/0/value",
        ),
        (
            declarative(deployment={"env": [{"value": "x"}]}),
            "missing-field",
            "declarative/deployment/env/0",
        ),
        (
            declarative(deployment={"env": ["A=1"]}),
            "wrong-type",
            "declarative/deployment/env/0",
        ),
        (
            declarative(deployment={"extraContainers": [{"name": "a"}, {"name": "a"}]}),
            "container-name-taken",
            "declarative/deployment/extraContainers/1/name",
        ),
        ({**MINIMAL, "skills": {"s3Refs": [{"uri": "s3://.."}]}}, "skill-name", "skills/s3Refs/0"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_rule_is_broken_at_its_place(spec: object, rule: str, path: str) -> None:
    assert broken(spec) == [(rule, path)]
