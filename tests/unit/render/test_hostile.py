"""Whatever stands in a definition, it stays a value: the structure of the output never changes."""

import base64
import dataclasses
import json
import string
from collections.abc import Callable, Mapping
from typing import Any

import hypothesis
import pytest
import yaml
from hypothesis import strategies as st

from controller.definitions.syncoptions import Validation
from controller.render.options import RenderOptions

OPTIONS = RenderOptions(application="demo", namespace="agents")

HOSTILE = [
    'a"b',
    "a'b",
    "a\nb: c",
    "a: b",
    "- a",
    "{{ agent.name }}",
    "{% for x in range(9) %}",
    "{# a #}",
    "}}",
    "# a",
    "&a *a !!python/object:os.system",
    "---\napiVersion: v1",
    "...",
    "| >",
    "@`%",
    "\t\r\n ",
    "yes",
    "null",
    "1e9",
    "\x7f\x85\u2028\ufeff",
    "é \U0001f600 \u202e",
    "$(KAGENT_NAME)",
    "${env:HOME}",
    "\\u0041 \\",
    "x" * 2000,
]
TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"])) | st.sampled_from(HOSTILE)


def definition(text: str, key: str = "key") -> str:
    """Give an agent with this text wherever a text can stand."""
    spec = {
        "description": text,
        "version": text,
        "provider": {"organization": text or "x", "url": "https://example.com"},
        "skills": None,
        "declarative": {
            "systemMessage": text or "x",
            "modelConfig": "model",
            "a2aConfig": {
                "skills": [
                    {
                        "id": text,
                        "name": text or "x",
                        "description": text,
                        "tags": [text],
                        "examples": [text],
                        "inputModes": [text],
                        "outputModes": [text],
                    }
                ]
            },
            "tools": [
                {
                    "type": "McpServer",
                    "mcpServer": {
                        "kind": "RemoteMCPServer",
                        "name": "server",
                        "toolNames": [text],
                        "allowedHeaders": [text],
                    },
                    "headersFrom": [{"name": text, "value": text}],
                }
            ],
            "context": {"compaction": {"summarizer": {"promptTemplate": text}}},
            "deployment": {
                "env": [{"name": "A", "value": text}],
                "annotations": {key: text},
                "deploymentAnnotations": {key: text},
                "volumes": [{"name": "v", "hostPath": {"path": text}}],
                "volumeMounts": [{"name": "v", "mountPath": text}],
                "nodeSelector": {key: text},
                "tolerations": [{"key": text}],
                "affinity": {key: [text]},
                "resources": {key: {text: text}},
                "securityContext": {key: text},
                "podSecurityContext": {key: text},
                "serviceAccountConfig": {"annotations": {key: text}},
                "extraContainers": [{"name": "side", "image": text, "args": [text]}],
            },
        },
    }
    del spec["skills"]
    parts = [
        ("Agent", "hostile", spec, {"annotations": {key: text}}),
        ("ModelConfig", "model", {"model": text, "defaultHeaders": {text: text}}, {}),
        ("RemoteMCPServer", "server", {"description": text, "url": text or "http://x"}, {}),
    ]
    documents = [
        {
            "apiVersion": "kagent.dev/v1alpha2",
            "kind": kind,
            "metadata": {"name": name, **more},
            "spec": content,
        }
        for kind, name, content, more in parts
    ]
    return yaml.safe_dump_all(documents, default_style='"')


def shape(value: Any) -> Any:
    """Give the structure of a value without the texts in it."""
    if isinstance(value, Mapping):
        return sorted((str((type(key), shape(item))) for key, item in value.items()))
    return [shape(item) for item in value] if isinstance(value, list) else type(value).__name__


def shapes(output: Any) -> list[Any]:
    found = []
    for manifest in output.objects():
        item = dict(manifest)
        if item["kind"] == "Secret":
            texts = [base64.b64decode(value).decode() for value in item["data"].values()]
            item["data"] = [json.loads(text) for text in texts]
        found.append(shape(item))
    return found


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_a_value(text: str, render: Callable[..., Any]) -> None:
    check(text, render)


@hypothesis.settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture],
)
@hypothesis.given(TEXT)
def test_any_text_stays_a_value(render: Callable[..., Any], text: str) -> None:
    check(text, render)


def check(text: str, render: Callable[..., Any]) -> None:
    # What Kubernetes would refuse is rendered all the same: here it is about the text alone.
    options = dataclasses.replace(OPTIONS, validation=Validation.NONE)
    output = render(definition(text), options=options)

    assert output.rendered.blocked == (), output.errors()
    assert shapes(output) == shapes(render(definition("plain"), options=options))
    config = output.config("hostile")
    pod = output.pod("hostile")
    assert config["instruction"] == (text or "x")
    assert config["model"]["model"] == text
    assert config["http_tools"][0]["params"]["headers"] == {text: text}
    assert pod["containers"][0]["env"][0] == {"name": "A", "value": text}
    assert pod["containers"][0]["resources"] == {"key": {text: text}}
    assert pod["containers"][1] == {"name": "side", "image": text, "args": [text]}
    notes = output.find("Service", "hostile")["metadata"]["annotations"]
    assert notes["key"] == text


@pytest.mark.parametrize("key", [*string.punctuation, "a b", "é", "a\nb", "items", "__class__"])
def test_hostile_keys_stay_keys(key: str, render: Callable[..., Any]) -> None:
    options = dataclasses.replace(OPTIONS, validation=Validation.NONE)
    output = render(definition("plain", key), options=options)

    if not output.rendered.blocked:  # labels and annotations may refuse it first
        assert output.pod("hostile")["nodeSelector"] == {key: "plain"}
        assert output.pod("hostile")["affinity"] == {key: ["plain"]}
