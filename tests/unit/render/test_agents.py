"""What the golden cases cannot say: precedence, what restarts an agent, and what is refused."""

import hashlib
from collections.abc import Callable
from typing import Any

import pytest

from controller.objects import ObjectKey
from controller.objects.outlines import Outline
from controller.render import confighash, workload
from controller.render.options import RenderOptions

Render = Callable[..., Any]

AGENT = """
apiVersion: kagent.dev/v1alpha2
kind: Agent
metadata: {name: a}
spec:
  declarative:
    modelConfig: model
    systemMessage: Help.
MORE
---
apiVersion: kagent.dev/v1alpha2
kind: ModelConfig
metadata: {name: model}
spec: {model: gpt-4o, apiKeySecret: openai, apiKeySecretKey: key}
---
apiVersion: kagent.dev/v1alpha2
kind: ModelConfig
metadata: {name: embedding}
spec: {model: e, provider: Anthropic, apiKeySecret: embedding, apiKeySecretKey: key}
---
apiVersion: kagent.dev/v1alpha2
kind: RemoteMCPServer
metadata: {name: server}
spec:
  description: A server.
  url: https://server.example.com/mcp
  headersFrom: [{name: Authorization, valueFrom: {type: Secret, name: header, key: key}}]
  tls: {caCertSecretRef: ca, caCertSecretKey: ca.crt}
"""
EVERY_SECRET = """
    memory: {modelConfig: embedding}
    tools: [{type: McpServer, mcpServer: {kind: RemoteMCPServer, name: server}}]
    deployment:
      env: [{name: E, valueFrom: {secretKeyRef: {name: env, key: key}}}]
      envFrom: [{secretRef: {name: env-from}}]
      volumes:
        - {name: v, secret: {secretName: volume}}
        - {name: p, projected: {sources: [{secret: {name: projected}}]}}
      extraContainers:
        - {name: x, image: x, envFrom: [{secretRef: {name: extra}}]}
"""


def agent(more: str = "") -> str:
    return AGENT.replace("MORE", more)


def held(secret: str, content: str) -> dict[ObjectKey, Outline]:
    """What the cluster has: all keys that the definitions name, and a hash."""
    keys = frozenset({"key", "token", "k", "a", "ca.crt"})
    return {ObjectKey("", "Secret", "agents", secret): Outline(hash=content, keys=keys)}


@pytest.mark.parametrize(
    "secret",
    ["openai", "embedding", "header", "ca", "env", "env-from", "volume", "projected", "extra"],
)
def test_a_changed_secret_of_any_kind_restarts_the_agent(secret: str, render: Render) -> None:
    text = agent(EVERY_SECRET)
    before = render(text, cluster=held(secret, "one")).config_hash("a")
    after = render(text, cluster=held(secret, "two")).config_hash("a")

    assert before != after


@pytest.mark.parametrize("place", [("agents", "unrelated"), ("other", "openai")])
def test_other_secrets_do_not_restart_it(place: tuple[str, str], render: Render) -> None:
    other = {ObjectKey("", "Secret", *place): Outline(hash="x")}

    assert render(agent(), cluster=other).config_hash("a") == render(agent()).config_hash("a")


def test_a_secret_of_the_repository_counts_once(render: Render) -> None:
    secret = "{apiVersion: v1, kind: Secret, metadata: {name: openai}, stringData: {key: x}}"
    text = f"{agent()}---\n{secret}\n"
    live = held("openai", "what the cluster has")

    assert render(text, cluster=live).config_hash("a") == render(text).config_hash("a")


def test_the_hash_has_kagents_form() -> None:
    digest = hashlib.sha256(b"config" + b"card").digest()

    assert confighash.of(["config", "card"]) == str(int.from_bytes(digest[:8], "big"))
    assert confighash.of(["", ""]) == "0"


def test_an_edited_prompt_restarts_the_agent_and_a_label_does_not(render: Render) -> None:
    before = render(agent()).config_hash("a")

    assert render(agent().replace("Help.", "Assist.")).config_hash("a") != before
    assert render(agent("    deployment: {labels: {a: b}}")).config_hash("a") == before


def test_an_agents_own_variables_win(render: Render) -> None:
    more = """
    deployment:
      env: [{name: KAGENT_URL, value: mine}, {name: OPENAI_API_KEY, value: mine}]"""
    env = render(agent(more)).container("a")["env"]

    assert [item["value"] for item in env[:2]] == ["mine", "mine"]
    assert len({item["name"] for item in env}) == len(env)


def test_shared_variables_come_in_order_after_the_models(render: Render) -> None:
    options = RenderOptions(
        application="demo", namespace="agents", agent_env={"OTEL_B": "2", "OTEL_A": "1"}
    )
    names = [item["name"] for item in render(agent(), options=options).container("a")["env"]]

    assert names[:4] == ["OPENAI_API_KEY", "OTEL_A", "OTEL_B", "KAGENT_NAMESPACE"]


@pytest.mark.parametrize(
    ("more", "rule", "line"),
    [
        ("    deployment: {volumes: [{name: config}]}", "reserved-name", 9),
        ("    deployment: {volumeMounts: [{name: v, mountPath: /config}]}", "reserved-name", 9),
        ("    systemMessageFrom: {type: Secret, name: s, key: k}", "system-message-conflict", None),
    ],
)
def test_what_cannot_be_rendered_is_a_finding(
    more: str, rule: str, line: int | None, render: Render
) -> None:
    output = render(agent(more))

    assert [found.rule for found in output.errors()] == [rule]
    assert line is None or output.errors()[0].position.line == line
    assert output.rendered.blocked


def test_a_secret_header_out_of_reach_is_refused(render: Render) -> None:
    text = agent().replace("metadata: {name: server}", "metadata: {name: server, namespace: other}")
    text = text.replace("  tls: {caCertSecretRef: ca, caCertSecretKey: ca.crt}", "")
    text += "  allowedNamespaces: {from: All}\n"
    tool = "{type: McpServer, mcpServer: {kind: RemoteMCPServer, name: server, namespace: other}}"
    text = text.replace("systemMessage: Help.", f"systemMessage: H.\n    tools: [{tool}]")

    (error,) = render(text, cluster={}).errors()
    assert error.rule == "unreachable-value"
    assert "other/header" in error.message


@pytest.mark.parametrize("number", ["warm", "nan", "1,5"])
def test_text_that_is_no_number_is_refused(number: str, render: Render) -> None:
    spec = f"spec: {{openAI: {{temperature: '{number}'}}, "
    output = render(agent().replace("spec: {model: gpt", f"{spec}model: gpt", 1))

    assert output.errors()
    assert output.rendered.blocked


@pytest.mark.parametrize(
    ("image", "registry", "expected"),
    [
        ("roster:1", None, "roster:1"),
        ("roster:1", "r.example.com", "r.example.com/roster:1"),
        ("ghcr.io/org/roster:1", "r.example.com/x", "r.example.com/x/org/roster:1"),
        ("org/roster:1", "r.example.com", "r.example.com/org/roster:1"),
        ("localhost/roster@sha256:a", "r", "r/roster@sha256:a"),
        ("host:5000/roster", "r", "r/roster"),
    ],
)
def test_another_registry_takes_the_place_of_the_host(
    image: str, registry: str | None, expected: str
) -> None:
    assert workload.with_registry(image, registry) == expected


def test_two_models_with_one_variable_are_a_warning(render: Render) -> None:
    text = agent("    memory: {modelConfig: embedding}")
    same = text.replace("provider: Anthropic, ", "")

    def rules(output: Any) -> list[str]:
        return [found.rule for found in output.rendered.findings]

    assert "model-variable-conflict" not in rules(render(text))
    for output in (render(same), render(same)):
        assert rules(output).count("model-variable-conflict") == 1
        assert output.rendered.blocked == ()


def test_an_image_of_ones_own_may_have_its_own_config_folder(render: Render) -> None:
    output = render("""
apiVersion: kagent.dev/v1alpha2
kind: Agent
metadata: {name: a}
spec:
  type: BYO
  byo:
    deployment:
      image: x
      volumes: [{name: config, secret: {secretName: mine}}]
      volumeMounts: [{name: config, mountPath: /config}]
""")

    assert output.container("a")["volumeMounts"][0] == {"name": "config", "mountPath": "/config"}
