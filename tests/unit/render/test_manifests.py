"""Rendering a whole revision: order, positions, stamps, failures, repetition."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from controller.objects import ObjectKey, content_hash
from controller.objects.outlines import Outline
from controller.render.options import RenderOptions

Render = Callable[..., Any]

MODEL = """
apiVersion: kagent.dev/v1alpha2
kind: ModelConfig
metadata: {name: model}
spec: {model: gpt-4o}
---"""
AGENT = """
apiVersion: kagent.dev/v1alpha2
kind: Agent
metadata: {name: NAME}
spec:
  declarative: {modelConfig: model, systemMessage: Help.}
---"""
CALLER = """
apiVersion: kagent.dev/v1alpha2
kind: Agent
metadata: {name: NAME}
spec:
  declarative:
    modelConfig: model
    systemMessage: Help.
    tools: [{type: Agent, agent: {name: OTHER}}]
---"""
BROKEN = AGENT.replace("systemMessage: Help.", "systemMesage: Help.")


def agent(name: str) -> str:
    return AGENT.replace("NAME", name)


def caller(name: str, other: str) -> str:
    return CALLER.replace("NAME", name).replace("OTHER", other)


def ids(output: Any) -> list[str]:
    return [str(part.id) for part in output.rendered.components]


def test_every_definition_is_a_component_in_the_order_of_ids(render: Render) -> None:
    output = render({"b.yaml": agent("b") + MODEL, "a.yaml": agent("a")})

    assert ids(output) == ["Agent agents/a", "Agent agents/b", "ModelConfig agents/model"]
    positions = [str(part.position) for part in output.rendered.components]
    assert positions == ["a.yaml:2:1", "b.yaml:2:1", "b.yaml:8:1"]


def test_a_model_has_no_objects_of_its_own(render: Render) -> None:
    (component,) = render(MODEL).rendered.components

    assert component.manifests == ()


def test_every_object_says_whose_it_is_and_where_from(render: Render) -> None:
    for manifest in render({"team/a.yaml": agent("a") + MODEL}).objects():
        notes = dict(manifest["metadata"]["annotations"])
        stamp = notes.pop("roster.dev/content-hash")
        unstamped = {**manifest, "metadata": {**manifest["metadata"], "annotations": notes}}

        assert manifest["metadata"]["labels"]["roster.dev/application"] == "demo"
        assert notes["roster.dev/component"] == "Agent agents/a"
        assert notes["roster.dev/source"] == "team/a.yaml"
        assert stamp == content_hash(unstamped)


def test_rendering_twice_gives_the_same_bytes(render: Render) -> None:
    one = RenderOptions(application="one", namespace="agents")
    text = agent("a") + caller("b", "a") + MODEL

    first = render(text, options=one)
    fresh = render(text, options=replace(one, application="two"))

    hashes = [str(item).replace("'two'", "'one'") for item in fresh.objects()]
    assert [_without_hash(text) for text in hashes] == [
        _without_hash(str(item)) for item in first.objects()
    ]


def _without_hash(text: str) -> str:
    before, _, after = text.partition("'roster.dev/content-hash': '")
    return before + after[64:]


def test_an_unchanged_definition_is_not_rendered_again(render: Render) -> None:
    first = render(agent("a") + agent("b") + MODEL)
    again = render(agent("a") + agent("b").replace("Help", "Assist") + MODEL)

    same = [x is y for x, y in zip(*(o.rendered.components for o in (first, again)), strict=True)]
    assert same == [True, False, True]


@pytest.mark.parametrize(
    "change",
    [
        {"options": RenderOptions(application="demo", namespace="agents", agent_image="x/y:2")},
        {"cluster": {ObjectKey("", "Secret", "agents", "key"): Outline(hash="abc")}},
        {"templates": {"serviceaccount.yaml.j2": ""}},
    ],
)
def test_whatever_a_component_depends_on_renders_it_again(render: Render, change: Any) -> None:
    text = agent("a") + MODEL.replace("gpt-4o", "gpt-4o, apiKeySecret: key, apiKeySecretKey: k")
    before = render(text).rendered.components[0]
    after = render(text, **change).rendered.components[0]

    assert before.manifests != after.manifests
    assert render(text).rendered.components[0].manifests == before.manifests


def test_a_missing_config_map_that_appears_is_seen(render: Render) -> None:
    text = agent("a").replace(
        "Help.}", "Help., deployment: {envFrom: [{configMapRef: {name: c}}]}}"
    )
    added = "\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {a: b}\n---"

    assert render(text + MODEL).config_hash("a") != render(text + MODEL + added).config_hash("a")


def test_a_broken_definition_and_what_depends_on_it_wait(render: Render) -> None:
    text = BROKEN.replace("NAME", "broken") + caller("middle", "broken") + caller("top", "middle")
    output = render(text + agent("fine") + MODEL)

    assert ids(output) == ["Agent agents/fine", "ModelConfig agents/model"]
    reasons = {id_.name: reason for id_, reason in output.rendered.blocked}
    assert reasons["middle"] == "DependencyNotReady: Agent agents/broken."
    assert reasons["top"] == "DependencyNotReady: Agent agents/middle."
    assert "InvalidDefinition: the agent has no system message" in reasons["broken"]
    assert "agents.yaml:6:3" in reasons["broken"]


def test_a_cycle_blocks_its_members_only(render: Render) -> None:
    output = render(caller("a", "b") + caller("b", "a") + agent("c") + MODEL)

    assert ids(output) == ["Agent agents/c", "ModelConfig agents/model"]
    assert {id_.name for id_, _ in output.rendered.blocked} == {"a", "b"}


def test_a_template_error_blocks_what_it_renders(render: Render) -> None:
    mine = {"service.yaml.j2": "a: 1\n{% if agent.name == 'bad' %}\nb: {{ nope }}\n{% endif %}\n"}
    mine["service.yaml.j2"] = "{% if agent.name == 'bad' %}\nb: {{ nope }}\n{% endif %}\n"
    output = render(agent("bad") + caller("boss", "bad") + agent("good") + MODEL, templates=mine)

    assert ids(output) == ["Agent agents/good", "ModelConfig agents/model"]
    (error,) = output.errors()
    assert error.rule == "template-error"
    assert str(error.template) == "templates/service.yaml.j2:2:1"
    assert str(error.position) == "agents.yaml:2:1"
    assert "'nope' is undefined" in error.message
    assert {id_.name for id_, _ in output.rendered.blocked} == {"bad", "boss"}


def test_an_error_of_a_template_is_told_once(render: Render) -> None:
    output = render(agent("a") + agent("b") + MODEL, templates={"service.yaml.j2": "{{ nope }}"})

    first, second = output.errors()
    assert (first.cause, second.cause) == (None, first.position)
    reasons = {id_.name: reason.partition(":")[0] for id_, reason in output.rendered.blocked}
    assert reasons == {"a": "InvalidDefinition", "b": "DependencyNotReady"}


def test_an_application_adds_templates(render: Render) -> None:
    policy = """
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: {{ agent.name }} }
spec: {podSelector: {matchLabels: {{ agent.selector }} } }
"""
    output = render(agent("a") + MODEL, templates={"networkpolicy.yaml.j2": policy})

    found = output.find("NetworkPolicy", "a")
    assert found["metadata"]["namespace"] == "agents"
    assert found["metadata"]["labels"] == {"roster.dev/application": "demo"}
    assert found["spec"]["podSelector"] == {"matchLabels": {"app": "kagent", "kagent": "a"}}


def test_a_template_sees_the_definition_as_written(render: Render) -> None:
    template = """
apiVersion: v1
kind: ConfigMap
metadata: {name: {{ agent.name }} }
data: {message: {{ definition.spec.declarative.systemMessage }} }
"""
    output = render(agent("a") + MODEL, templates={"configmap.yaml.j2": template})

    assert output.find("ConfigMap", "a")["data"] == {"message": "Help."}


def test_waves_and_protection_come_from_annotations(render: Render) -> None:
    notes = "metadata: {annotations: {roster.dev/sync-wave: '-3', roster.dev/prune: disabled}, "
    output = render(agent("a").replace("metadata: {", notes) + MODEL)
    component, other = output.rendered.components

    assert (component.wave, component.prune) == (-3, False)
    assert (other.wave, other.prune) == (0, True)
    assert output.find("Service", "a")["metadata"]["annotations"]["roster.dev/prune"] == "disabled"


def test_a_wave_that_is_no_number_is_a_finding(render: Render) -> None:
    notes = "metadata: {annotations: {argocd.argoproj.io/sync-wave: first}, "
    output = render(agent("a").replace("metadata: {", notes) + MODEL)

    (error,) = output.errors()
    assert error.rule == "invalid-sync-wave"
    assert error.position.line == 4


def test_nothing_renders_to_nothing(render: Render) -> None:
    output = render({})

    assert output.rendered.components == ()
    assert output.rendered.blocked == ()
