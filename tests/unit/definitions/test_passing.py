import pytest

from controller.definitions import parse, passing, resolve
from controller.definitions.findings import DefinitionId

MODEL = """
apiVersion: kagent.dev/v1alpha2
kind: ModelConfig
metadata: {name: model}
spec: {model: m, provider: OpenAI, apiKeyPassthrough: %s}
---
"""
AGENT = """
apiVersion: kagent.dev/v1alpha2
kind: Agent
metadata: {name: a%(metadata)s}
spec:
  description: d
  declarative:
    modelConfig: model
    systemMessage: s
    tools:
      - type: McpServer
        mcpServer: {kind: RemoteMCPServer, name: r, toolNames: [t]%(tool)s}
    deployment: {env: [%(env)s]}
"""


def headers(*, key: str = "false", metadata: str = "", tool: str = "", env: str = "") -> set[str]:
    text = MODEL % key + AGENT % {"metadata": metadata, "tool": tool, "env": env}
    catalog = resolve.resolve(parse.parse({"a.yaml": text.encode()}, namespace="ns"))
    agent = catalog.definitions[DefinitionId("Agent", "ns", "a")]
    return set(passing.headers(agent, catalog))


def test_nothing_is_asked_for_by_default() -> None:
    assert headers() == set()


def test_headers_that_a_tool_is_allowed_are_asked_for() -> None:
    assert headers(tool=", allowedHeaders: [X-Tenant]") == {"x-tenant"}


@pytest.mark.parametrize(
    "given",
    [
        pytest.param({"key": "true"}, id="model-key"),
        pytest.param(
            {"metadata": ', annotations: {roster.dev/forward-credentials: "true"}'}, id="annotation"
        ),
        pytest.param({"env": '{name: KAGENT_PROPAGATE_TOKEN, value: "true"}'}, id="environment"),
    ],
)
def test_credentials_are_asked_for_explicitly(given: dict[str, str]) -> None:
    assert headers(**given) == {"authorization"}


@pytest.mark.parametrize(
    "given",
    [
        {"metadata": ', annotations: {roster.dev/forward-credentials: "false"}'},
        {"env": '{name: KAGENT_PROPAGATE_TOKEN, value: "false"}'},
    ],
)
def test_a_no_is_a_no(given: dict[str, str]) -> None:
    assert headers(**given) == set()
