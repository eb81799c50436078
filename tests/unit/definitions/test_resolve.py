"""A whole repository at once: what the catalog holds and which findings there are.

`bad/` is a repository that breaks every rule; `bad.txt` lists what is found in it. Rewrite it with
`UPDATE_GOLDEN=1` and read the difference.
"""

import os
from pathlib import Path

import pytest

from controller.definitions import rules
from controller.definitions.catalog import Catalog
from controller.definitions.findings import DefinitionId
from controller.definitions.parse import parse
from controller.definitions.resolve import resolve

FOLDER = Path(__file__).parent
AGENT = """
apiVersion: kagent.dev/v1alpha2
kind: Agent
metadata: {{name: {name}}}
spec:
  declarative:
    modelConfig: model
    systemMessage: Hello
    tools: [{tools}]
"""
MODEL = """
apiVersion: kagent.dev/v1alpha2
kind: ModelConfig
metadata: {name: model}
spec: {model: gpt}
"""


def catalog(*documents: str) -> Catalog:
    files = {f"{number}.yaml": text.encode() for number, text in enumerate(documents)}
    return resolve(parse(files, namespace="agents"))


def agent(name: str, *called: str) -> str:
    tools = ", ".join(f"{{type: Agent, agent: {{name: {other}}}}}" for other in called)
    return AGENT.format(name=name, tools=tools)


def agent_id(name: str) -> DefinitionId:
    return DefinitionId("Agent", "agents", name)


def bad_repository() -> Catalog:
    root = FOLDER / "bad"
    files = {
        str(file.relative_to(root)): file.read_bytes() for file in root.rglob("*") if file.is_file()
    }
    return resolve(parse(files, namespace="agents"))


def test_findings_of_the_bad_repository_are_as_recorded() -> None:
    findings = bad_repository().findings
    text = "".join(f"{finding}\n    {finding.remedy}\n" for finding in findings)
    golden = FOLDER / "bad.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(text)

    assert text == golden.read_text()


def test_the_bad_repository_breaks_every_rule() -> None:
    found = {finding.rule for finding in bad_repository().findings}

    others = (rules.rendering, rules.applications, rules.source, rules.tools)
    elsewhere = {rule for subject in others for rule in subject.RULES}
    assert rules.RULES.keys() - found == elsewhere


def test_every_finding_tells_what_to_do() -> None:
    for finding in bad_repository().findings:
        assert finding.remedy.endswith((".", "?"))


def test_a_definition_depends_on_what_it_names() -> None:
    found = catalog(MODEL, agent("caller", "helper"), agent("helper"))

    model = DefinitionId("ModelConfig", "agents", "model")
    assert found.findings == ()
    assert found.depends_on[agent_id("caller")] == {model, agent_id("helper")}
    assert found.depends_on[model] == set()


def test_a_prompt_in_the_repository_is_a_dependency() -> None:
    prompted = agent("prompted").replace(
        "systemMessage: Hello",
        "systemMessageFrom: {type: ConfigMap, name: prompts, key: text}",
    )
    config = "{apiVersion: v1, kind: ConfigMap, metadata: {name: prompts}, data: {text: Hello}}"

    found = catalog(MODEL, prompted, config)

    prompts = DefinitionId("ConfigMap", "agents", "prompts", "")
    assert prompts in found.depends_on[agent_id("prompted")]


def test_the_order_of_definitions_does_not_depend_on_files() -> None:
    one = catalog(MODEL, agent("a"), agent("b"))
    other = catalog(agent("b"), agent("a"), MODEL)

    assert list(one.definitions) == list(other.definitions)


def test_a_broken_definition_leaves_the_others_whole() -> None:
    found = catalog(MODEL, agent("good"), agent("bad").replace("tools:", "tolls:"))

    assert found.broken == {agent_id("bad")}
    assert {finding.definition for finding in found.findings} == {agent_id("bad")}


def test_a_definition_that_is_no_yaml_is_broken_and_not_gone() -> None:
    found = catalog(MODEL, agent("broken").replace("tools: []", "tools: ["))

    assert found.broken == {agent_id("broken")}


def test_what_a_broken_file_is_named_for_is_not_guessed_to_be_another_name() -> None:
    files = {"caller.yaml": agent("caller", "helper"), "helpers.yaml": agent("helpers")}
    broken = {"agents/helper.yaml": "kind: ["}
    texts = {path: text.encode() for path, text in {**files, **broken}.items()}

    found = resolve(parse(texts, namespace="agents")).findings

    remedies = [item.remedy for item in found if "Agent 'helper'" in item.message]
    assert remedies == ["Correct agents/helper.yaml first, which seems to define it."]


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param(MODEL.replace("kind: ModelConfig", "kind: ModelConfg"), id="misspelt-kind"),
        pytest.param(MODEL.replace("name:", "nme:"), id="misspelt-name"),
        pytest.param(MODEL.replace("spec:", "spec: ["), id="not-yaml"),
    ],
)
def test_what_only_follows_from_an_error_names_it(broken: str) -> None:
    texts = {"agents/model.yaml": broken.encode(), "agents/a.yaml": agent("a").encode()}

    found = resolve(parse(texts, namespace="agents"))

    cause, consequence = sorted(found.findings, key=lambda item: item.cause is not None)
    assert (cause.position.file, cause.cause) == ("agents/model.yaml", None)
    assert (consequence.definition, consequence.cause) == (agent_id("a"), cause.position)
    assert agent_id("a") in found.broken


def test_what_refers_to_a_missing_definition_heals_when_it_comes() -> None:
    alone = catalog(MODEL, agent("caller", "helper"))
    together = catalog(MODEL, agent("caller", "helper"), agent("helper"))

    assert [finding.rule for finding in alone.findings] == ["missing-reference"]
    assert together.findings == ()


def test_all_agents_of_a_circle_are_broken_and_their_callers_are_not() -> None:
    found = catalog(MODEL, agent("a", "b"), agent("b", "a"), agent("outside", "a"))

    assert [finding.rule for finding in found.findings] == ["reference-cycle"]
    assert found.broken == {agent_id("a"), agent_id("b")}
