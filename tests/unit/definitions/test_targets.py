"""References that are good, bad, or cannot be known."""

import pytest

from controller.definitions.catalog import Catalog
from controller.definitions.findings import Finding
from controller.definitions.parse import parse
from controller.definitions.resolve import resolve

AGENT = """
apiVersion: kagent.dev/v1alpha2
kind: Agent
metadata: {name: caller, namespace: here}
spec:
  declarative:
    modelConfig: m
    systemMessage: Hello
    tools: [%s]
"""
MODEL = """
apiVersion: kagent.dev/v1alpha2
kind: ModelConfig
metadata: {name: m, namespace: here}
spec: {model: gpt%s}
"""


def server(name: str, namespace: str = "here", access: str = "{}") -> str:
    return f"""
apiVersion: kagent.dev/v1alpha2
kind: RemoteMCPServer
metadata: {{name: {name}, namespace: {namespace}}}
spec: {{description: d, url: https://a, allowedNamespaces: {access}}}
"""


def resolved(*documents: str) -> Catalog:
    return resolve(parse({"f.yaml": "\n---\n".join(documents).encode()}, namespace="here"))


def findings(tool: str, *others: str) -> tuple[Finding, ...]:
    return resolved(AGENT % tool, MODEL % "", *others).findings


def remote(name: str, more: str = "") -> str:
    return f"{{type: McpServer, mcpServer: {{kind: RemoteMCPServer, name: {name}{more}}}}}"


@pytest.mark.parametrize(
    "tool",
    [
        remote("a"),
        remote("a", ", apiGroup: kagent.dev"),
        remote("a", ", namespace: here"),
    ],
)
def test_a_server_of_the_same_namespace_is_found(tool: str) -> None:
    assert findings(tool, server("a")) == ()


SELECTOR = "{from: Selector, selector: {matchLabels: {agents: 'true'}}}"
NAMESPACE = "{apiVersion: v1, kind: Namespace, metadata: {name: here, labels: {agents: '%s'}}}"
BY_NAME = "{from: Selector, selector: {matchLabels: {kubernetes.io/metadata.name: here}}}"


@pytest.mark.parametrize(
    ("access", "others", "rules"),
    [
        ("{from: All}", (), []),
        ("{from: Same}", (), ["namespace-not-allowed"]),
        ("{}", (), ["namespace-not-allowed"]),
        (SELECTOR, (), ["namespace-unverified"]),
        (SELECTOR, (NAMESPACE % "true",), []),
        (SELECTOR, (NAMESPACE % "false",), ["namespace-not-allowed"]),
        (BY_NAME, (NAMESPACE % "x",), []),
    ],
    ids=["all", "same", "default", "unknown labels", "matching", "other labels", "by name"],
)
def test_a_server_of_another_namespace_decides_itself(
    access: str, others: tuple[str, ...], rules: list[str]
) -> None:
    tool = remote("a", ", namespace: there")

    found = findings(tool, server("a", "there", access), *others)

    assert [finding.rule for finding in found] == rules


@pytest.mark.parametrize(
    ("tool", "rule", "hint"),
    [
        (remote("serch"), "missing-reference", "Did you mean 'search'?"),
        (remote("quite-different"), "missing-reference", "Add the RemoteMCPServer"),
        (
            "{type: McpServer, mcpServer: {name: search}}",
            "missing-reference",
            "set 'kind: RemoteMCPServer'",
        ),
        (remote("far"), "missing-reference", "set 'namespace'"),
        (
            "{type: McpServer, mcpServer: {kind: RemoteMCPServer, name: search, apiGroup: x.y}}",
            "reference-kind",
            "It can be MCPServer",
        ),
        (
            "{type: Agent, agent: {kind: SandboxAgent, name: search}}",
            "reference-kind",
            "It can be Agent.",
        ),
        (
            "{type: McpServer, mcpServer: {kind: Service, name: svc}}",
            "unverified-reference",
            "exists there",
        ),
    ],
    ids=["near", "far", "kind", "namespace", "group", "agent kind", "service"],
)
def test_a_reference_that_is_wrong_says_what_was_meant(tool: str, rule: str, hint: str) -> None:
    (finding,) = findings(tool, server("search"), server("far", "there"))

    assert finding.rule == rule
    assert hint in finding.remedy


@pytest.mark.parametrize(
    ("secret", "rules"),
    [
        ("", ["unverified-reference"]),
        ("{apiVersion: v1, kind: Secret, metadata: {name: s}, data: {k: aGk=}}", []),
        ("{apiVersion: v1, kind: Secret, metadata: {name: s}, stringData: {k: a}}", []),
        ("{apiVersion: v1, kind: Secret, metadata: {name: s}, data: {x: aGk=}}", ["missing-key"]),
        ("{apiVersion: v1, kind: Secret, metadata: {name: s}}", ["missing-key"]),
    ],
    ids=["absent", "data", "text", "other key", "empty"],
)
def test_the_key_of_a_secret_is_looked_for_where_it_is_known(secret: str, rules: list[str]) -> None:
    model = MODEL % ", apiKeySecret: s, apiKeySecretKey: k"

    found = resolved(model, secret).findings

    assert [finding.rule for finding in found if finding.rule != "secret-in-git"] == rules
