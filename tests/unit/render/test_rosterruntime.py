"""What a definition asks for and Roster's runtime has not is said at its place."""

from collections.abc import Callable
from typing import Any

import pytest

Render = Callable[..., Any]

AGENT = """
apiVersion: kagent.dev/v1alpha2
kind: Agent
metadata:
  name: helper
  annotations: {{{annotations}}}
spec:
  {spec}
  declarative:
    systemMessage: Be brief.
    modelConfig: model
    {declarative}
---
apiVersion: kagent.dev/v1alpha2
kind: ModelConfig
metadata:
  name: model
spec:
  provider: Ollama
  model: llama3
  ollama: {{host: "http://ollama:11434"}}
"""
SKILLS = (
    'skills: {gitRefs: [{url: "https://example.com/helm",'
    " ref: 0123456789abcdef0123456789abcdef01234567}]}"
)
DOMAINS = "sandbox: {network: {allowedDomains: [example.com]}}"


def written(*, annotations: str = "", spec: str = "description: d", declarative: str = "") -> str:
    return AGENT.format(annotations=annotations, spec=spec, declarative=declarative)


def found(output: Any, rule: str) -> list[tuple[int, str]]:
    return [
        (finding.position.line, finding.message)
        for finding in output.rendered.findings
        if finding.rule == rule
    ]


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        pytest.param(
            written(declarative="executeCodeBlocks: true"), 12, "code blocks", id="code blocks"
        ),
        pytest.param(written(declarative="shareTools: true"), 12, "share links", id="share links"),
        pytest.param(written(spec=DOMAINS), 8, "limits nothing", id="domains without skills"),
        pytest.param(
            written(spec=f"{DOMAINS}\n  {SKILLS}"), 8, "no network at all", id="domains with skills"
        ),
    ],
)
def test_a_setting_without_effect_is_named_where_it_stands(
    render: Render, text: str, line: int, said: str
) -> None:
    output = render(text)

    ((place, message),) = found(output, "setting-without-effect")
    assert (place, said in message) == (line, True)
    assert not output.errors()


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(written(declarative="executeCodeBlocks: false"), id="switched off"),
        pytest.param(written(spec="sandbox: {network: {allowedDomains: []}}"), id="no domain"),
        pytest.param(written(spec=SKILLS), id="skills"),
        pytest.param(
            written(
                annotations="roster.dev/runtime: kagent",
                declarative="executeCodeBlocks: true\n    shareTools: true",
            ),
            id="kagent's runtime",
        ),
    ],
)
def test_nothing_is_said_where_nothing_is_missed(render: Render, text: str) -> None:
    assert found(render(text), "setting-without-effect") == []


def test_what_may_be_run_reaches_the_runtime(render: Render) -> None:
    text = written(annotations="roster.dev/skill-commands: approval", spec=SKILLS)
    environment = render(text).container("helper")["env"]

    assert {"name": "ROSTER_SKILL_COMMANDS", "value": "approval"} in environment


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(written(spec=SKILLS), id="not said"),
        pytest.param(written(annotations="roster.dev/skill-commands: disabled"), id="no skills"),
    ],
)
def test_nothing_is_passed_on_where_nothing_is_to_be_said(render: Render, text: str) -> None:
    names = [item["name"] for item in render(text).container("helper")["env"]]

    assert "ROSTER_SKILL_COMMANDS" not in names


def test_an_unknown_choice_is_refused(render: Render) -> None:
    output = render(written(annotations="roster.dev/skill-commands: sometimes", spec=SKILLS))

    (error,) = output.errors()
    assert (error.rule, error.position.line) == ("invalid-skill-commands", 6)


def test_kagents_runtime_cannot_be_told(render: Render) -> None:
    choices = "roster.dev/runtime: kagent, roster.dev/skill-commands: disabled"
    output = render(written(annotations=choices, spec=SKILLS))

    ((line, message),) = found(output, "setting-without-effect")
    assert line == 6
    assert "kagent's runtime runs commands" in message
