import re
from typing import Any

import pytest
from flask.testing import FlaskClient

from controller.api import graphs
from controller.diff.ignore import Rule


def get(client: FlaskClient, path: str) -> str:
    answer = client.get(path, headers={"Accept": "text/html"})
    assert answer.status_code == 200, path
    return re.sub(r"\s+", " ", answer.get_data(as_text=True))


def folded(page: str) -> dict[str, bool]:
    """The definitions of a graph, and whether each is folded."""
    found = re.findall(r'<details class="g-branch" id="tree-([^"]+)" (open)?>', page)
    return {name: not is_open for name, is_open in found}


@pytest.mark.usefixtures("stored")
def test_a_graph_leads_from_the_application_to_its_pods(client: FlaskClient) -> None:
    page = get(client, "/applications/staging/tree")
    order = [
        page.index(told)
        for told in (
            ">staging</span>",
            'id="tree-Agent-agents-triage"',
            "objects/apps/Deployment%20agents/triage",
            "objects/apps/ReplicaSet%20agents/triage-7d9f",
            "objects/Pod%20agents/triage-7d9f-abcde",
        )
    ]

    assert order == sorted(order)
    assert "CrashLoopBackOff" in page


@pytest.mark.usefixtures("stored")
def test_what_left_git_is_marked(client: FlaskClient) -> None:
    page = get(client, "/applications/staging/tree")

    assert "no longer in git" in page
    assert "agents/retired" in page[page.index('id="tree-orphans"') :]


def test_objects_with_ignored_fields_are_marked(
    client: FlaskClient, controller: Any, make: Any
) -> None:
    rule = Rule(group="apps", kind="Deployment", name="triage", json_pointers=("/spec/replicas",))
    controller.store.put(make.well(ignore_differences=(rule,)))

    assert get(client, "/applications/agents/tree").count("fields ignored") == 1


@pytest.mark.usefixtures("stored")
def test_a_plain_manifest_is_drawn_once(client: FlaskClient) -> None:
    page = get(client, "/applications/agents/tree")

    assert page.count("/objects/ConfigMap%20agents/prompts") == 1
    assert "tree-ConfigMap-agents-prompts" not in page


def test_a_large_graph_is_folded_but_for_what_needs_somebody(
    client: FlaskClient, stored: Any, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not any(folded(get(client, "/applications/staging/tree")).values())

    monkeypatch.setattr(graphs, "OPEN_NODES", 5)
    seen = folded(get(client, "/applications/staging/tree"))

    assert not seen["Agent-agents-triage"]
    assert seen["MCPServer-agents-tickets"]


@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("?q=triage", {"Agent-agents-triage", "orphans"}),
        (
            "?show=attention",
            {"Agent-agents-triage", "Agent-agents-researcher", "Agent-agents-writer", "orphans"},
        ),
    ],
)
def test_a_graph_can_be_narrowed(client: FlaskClient, query: str, names: set[str]) -> None:
    assert set(folded(get(client, f"/applications/staging/tree{query}"))) == names


@pytest.mark.usefixtures("stored")
def test_a_graph_of_nothing_says_so(client: FlaskClient) -> None:
    assert "No definition is like that" in get(client, "/applications/agents/tree?q=nothing")
