"""What only the cluster has: prompts, addresses and secrets that no repository holds."""

import base64
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from controller.definitions.findings import Severity
from controller.definitions.parse import parse
from controller.definitions.resolve import resolve
from controller.objects import ObjectKey
from controller.objects.outlines import Outline, outline
from controller.render import wanted
from controller.render.options import RenderOptions

Render = Callable[..., Any]

MODEL = """
---
apiVersion: kagent.dev/v1alpha2
kind: ModelConfig
metadata: {name: model}
spec: {model: gpt-4o, apiKeySecret: openai, apiKeySecretKey: key}
"""
SERVER = """
---
apiVersion: kagent.dev/v1alpha2
kind: RemoteMCPServer
metadata: {name: server, namespace: NAMESPACE}
spec:
  description: A server.
  url: https://server.example.com/mcp
  allowedNamespaces: {from: ACCESS}
  headersFrom: [{name: Authorization, valueFrom: {type: Secret, name: header, key: token}}]
"""


def agent(fields: str, annotations: str = "{}") -> str:
    return f"""
apiVersion: kagent.dev/v1alpha2
kind: Agent
metadata: {{name: a, annotations: {annotations}}}
spec:
  declarative:
    modelConfig: model
    {fields}
{MODEL}"""


def cluster(*manifests: Mapping[str, Any]) -> dict[ObjectKey, Outline]:
    return {ObjectKey.of(manifest): outline(manifest, with_values=True) for manifest in manifests}


def core(kind: str, name: str, namespace: str = "agents", **more: Any) -> dict[str, Any]:
    metadata = {"name": name, "namespace": namespace, "annotations": more.pop("annotations", {})}
    return {"apiVersion": "v1", "kind": kind, "metadata": metadata, **more}


def secret(name: str, namespace: str = "agents", **values: str) -> dict[str, Any]:
    encoded = {key: base64.b64encode(text.encode()).decode() for key, text in values.items()}
    return core("Secret", name, namespace, data=encoded)


TEMPLATE = """systemMessage: '{{include "p/tone"}}'
    promptTemplate: {dataSources: [{kind: ConfigMap, name: prompts, alias: p}]}"""


@pytest.mark.parametrize(
    ("fields", "held"),
    [
        (
            "systemMessageFrom: {type: ConfigMap, name: prompts, key: tone}",
            core("ConfigMap", "prompts", data={"tone": "Be kind."}),
        ),
        (
            "systemMessageFrom: {type: Secret, name: prompts, key: tone}",
            secret("prompts", tone="Be kind."),
        ),
        (TEMPLATE, core("ConfigMap", "prompts", data={"tone": "Be kind."})),
    ],
)
def test_a_prompt_comes_from_the_cluster(render: Render, fields: str, held: Any) -> None:
    output = render(agent(fields), cluster=cluster(held))

    assert output.errors() == []
    assert output.config("a")["instruction"] == "Be kind."


@pytest.mark.parametrize(
    "fields",
    ["systemMessageFrom: {type: ConfigMap, name: prompts, key: tone}", TEMPLATE],
)
def test_a_prompt_that_nobody_has_is_an_error_and_a_doubt_without_a_cluster(
    render: Render, fields: str
) -> None:
    (error,) = render(agent(fields), cluster={}).errors()
    offline = render(agent(fields)).rendered

    assert error.rule == "prompt-not-found"
    assert "neither in the repository nor in the cluster" in error.message
    (doubt,) = [found for found in offline.findings if found.rule == "prompt-not-found"]
    assert doubt.severity is Severity.WARNING
    ((_, reason),) = offline.blocked
    assert reason.startswith("NotKnownHere: ")


def test_a_key_that_a_secret_of_the_cluster_lacks_is_refused(render: Render) -> None:
    text = agent(
        "systemMessage: Hi.\n"
        "    tools: [{type: McpServer, mcpServer: {kind: RemoteMCPServer, name: server}}]"
    ) + SERVER.replace("NAMESPACE", "agents").replace("ACCESS", "Same")

    (error,) = render(text, cluster=cluster(secret("header", other="x"))).errors()

    assert error.rule == "missing-key"


def test_a_service_of_the_cluster_is_a_tool(render: Render) -> None:
    tool = "tools: [{type: McpServer, mcpServer: {kind: Service, name: tools}}]"
    service = core(
        "Service",
        "tools",
        annotations={"kagent.dev/mcp-service-path": "/v2", "other": "1"},
        spec={"ports": [{"port": 80}, {"port": 90, "appProtocol": "mcp"}], "clusterIP": "10.0.0.1"},
    )
    text = agent(f"systemMessage: Hi.\n    {tool}")

    output = render(text, cluster=cluster(service))

    (server,) = output.config("a")["http_tools"]
    assert server["params"]["url"] == "http://tools.agents:90/v2"
    (error,) = render(text, cluster={}).errors()
    assert error.rule == "missing-service"


def test_the_keys_of_a_secret_show_how_to_sign_in(render: Render) -> None:
    text = agent("systemMessage: Hi.").replace(
        "spec: {model: gpt-4o, apiKeySecret: openai, apiKeySecretKey: key}",
        "spec: {model: m, provider: Bedrock, bedrock: {region: r}, apiKeySecret: aws}",
    )
    held = {
        ObjectKey("", "Secret", "agents", "aws"): Outline(
            hash="1", keys=frozenset({"AWS_BEARER_TOKEN_BEDROCK"})
        )
    }

    env = render(text, cluster=held).container("a")["env"]

    assert [item["name"] for item in env[:2]] == ["AWS_REGION", "AWS_BEARER_TOKEN_BEDROCK"]
    assert "optional" not in env[1]["valueFrom"]["secretKeyRef"]


def test_a_header_of_another_namespace_is_copied_into_the_agents_own_secret(
    render: Render,
) -> None:
    tool = "{kind: RemoteMCPServer, name: server, namespace: platform}"
    text = agent(f"systemMessage: Hi.\n    tools: [{{type: McpServer, mcpServer: {tool}}}]")
    text += SERVER.replace("NAMESPACE", "platform").replace("ACCESS", "All")

    output = render(text, cluster=cluster(secret("header", "platform", token="Bearer 1")))

    (name,) = [name for name in output.files("a") if name.startswith("ROSTER_HEADER_")]
    assert output.files("a")[name] == "Bearer 1"
    headers = output.config("a")["http_tools"][0]["params"]["headers"]
    assert headers["Authorization"] == f"${{env:{name}}}"


def test_kagents_runtime_gets_a_value_of_the_cluster(render: Render) -> None:
    tool = "tools: [{type: McpServer, mcpServer: {kind: RemoteMCPServer, name: server}}]"
    text = agent(f"systemMessage: Hi.\n    {tool}", "{roster.dev/runtime: kagent}")
    text += SERVER.replace("NAMESPACE", "agents").replace("ACCESS", "Same")

    output = render(text, cluster=cluster(secret("header", token="Bearer 1")))

    headers = output.config("a")["http_tools"][0]["params"]["headers"]
    assert headers["Authorization"] == "Bearer 1"


def wanted_of(text: str, **more: Any) -> dict[str, bool]:
    options = RenderOptions(application="demo", namespace="agents", **more)
    catalog = resolve(parse({"a.yaml": text.encode()}, namespace="agents"))
    return {str(key): needed for key, needed in wanted.of(catalog, options).items()}


def test_values_are_asked_for_only_where_nothing_else_will_do() -> None:
    tool = "tools: [{type: McpServer, mcpServer: {kind: RemoteMCPServer, name: server}}]"
    text = agent(f"systemMessageFrom: {{type: Secret, name: prompts, key: k}}\n    {tool}")
    text += SERVER.replace("NAMESPACE", "agents")
    same, shared = (text.replace("ACCESS", access) for access in ("Same", "All"))

    assert wanted_of(same) == {
        "Secret agents/prompts": True,
        "Secret agents/openai": False,
        "Secret agents/header": False,
    }
    assert wanted_of(shared)["Secret agents/header"]
    assert wanted_of(same, runtime="kagent")["Secret agents/header"]


def test_what_the_repository_has_is_not_asked_for() -> None:
    text = agent("systemMessageFrom: {type: ConfigMap, name: prompts, key: k}")
    held = "---\n{apiVersion: v1, kind: ConfigMap, metadata: {name: prompts}, data: {k: v}}\n"

    assert "ConfigMap agents/prompts" in wanted_of(text)
    assert "ConfigMap agents/prompts" not in wanted_of(text + held)
