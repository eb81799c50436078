from typing import Any

import jsonschema_rs
import pytest
import yaml

from controller.definitions.export import ROOT, json_schemas

AGENT = """
apiVersion: kagent.dev/v1alpha2
kind: Agent
metadata: {name: a}
spec:
  declarative:
    modelConfig: m
    systemMessage: Hello
    tools: [{type: McpServer, mcpServer: {name: tools, toolNames: [a]}}]
"""


def errors(text: str, schema: str = ROOT) -> list[str]:
    validator = jsonschema_rs.validator_for(json_schemas()[schema])
    return [error.message for error in validator.iter_errors(yaml.safe_load(text))]


def test_there_is_one_schema_for_each_kind_and_one_for_all() -> None:
    assert set(json_schemas()) == {
        "agent.schema.json",
        "application.schema.json",
        "mcpserver.schema.json",
        "modelconfig.schema.json",
        "remotemcpserver.schema.json",
        ROOT,
    }


@pytest.mark.parametrize("name", sorted(json_schemas()))
def test_every_schema_is_a_valid_schema(name: str) -> None:
    assert jsonschema_rs.meta.is_valid(json_schemas()[name])


@pytest.mark.parametrize("schema", [ROOT, "agent.schema.json"])
def test_a_good_agent_has_no_error(schema: str) -> None:
    assert errors(AGENT, schema) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("modelConfig: m", "modelConfg: m"),
        ("type: McpServer", "type: Mcp"),
        ("systemMessage: Hello", "systemMessage: null"),
        ("systemMessage: Hello", "stream: 'yes'"),
        ("v1alpha2", "v1alpha1"),
        ("metadata: {name: a}", "metadata: {}"),
    ],
)
def test_a_wrong_agent_has_errors(old: str, new: str) -> None:
    assert errors(AGENT.replace(old, new))


def test_other_manifests_are_left_to_kubernetes() -> None:
    assert errors("{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {a: b}}") == []


def test_a_document_of_another_group_with_a_kind_of_ours_is_left_alone() -> None:
    assert errors("{apiVersion: example.com/v1, kind: Agent, metadata: {name: a}}") == []


def parts(schema: Any) -> Any:
    if isinstance(schema, dict):
        yield schema
        for value in schema.values():
            yield from parts(value)


def test_absent_fields_have_no_null_default() -> None:
    nulls = [part for part in parts(json_schemas()[ROOT]) if part.get("default", 0) is None]

    assert nulls == []
