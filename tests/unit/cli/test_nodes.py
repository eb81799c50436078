from typing import Any

import pytest

from controller.cli import nodes
from controller.errors import UsageError
from tests.unit.cli.conftest import NODES, node

SECRET = node("Secret", "triage", uid="u-secret")
PROMPT = node("ConfigMap", "prompt", component="ConfigMap agents/house")
TREE: list[Any] = [SECRET, *NODES, PROMPT]


def named(found: list[nodes.Node]) -> list[str]:
    return [nodes.reference(each) for each in found]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("Deployment/triage", ["deployment.apps/triage"], id="object"),
        pytest.param("pod/triage-new-x", ["pod/triage-new-x"], id="kind-in-small-letters"),
        pytest.param(
            "Agent/triage",
            ["secret/triage", "deployment.apps/triage", "service/front"],
            id="definition",
        ),
        pytest.param(
            "triage",
            ["secret/triage", "deployment.apps/triage", "service/front"],
            id="name-of-a-definition",
        ),
        pytest.param("triage-old", ["replicaset.apps/triage-old"], id="name-of-an-object"),
    ],
)
def test_what_is_meant(text: str, expected: list[str]) -> None:
    assert named(nodes.find(TREE, text)) == expected


def test_the_log_of_a_definition_is_that_of_what_runs_its_pods() -> None:
    assert named([nodes.find_with_pods(TREE, "Agent/triage")]) == ["deployment.apps/triage"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [("Agent/nobody", "no object or definition 'Agent/nobody'"), ("prompt", "prompt runs no pods")],
)
def test_a_log_that_cannot_be_is_refused(text: str, problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        nodes.find_with_pods(TREE, text)


def test_the_tree_of_a_definition_is_all_that_it_renders_to_and_what_is_below() -> None:
    found = nodes.below(TREE, nodes.find(TREE, "Agent/triage"))

    assert named(found) == [*named([SECRET, *NODES])]
