"""What changed in the agents' own terms: as an answer, on the preview, and in the history."""

from types import SimpleNamespace
from typing import Any

import pytest
from flask.testing import FlaskClient

from controller.state.records import DefinitionChange, DefinitionChanges

CHANGE = DefinitionChange(
    kind="tools",
    severity="high",
    definition="Agent agents/triage",
    file="agents/triage.yaml",
    line=3,
    summary="grants every tool of `MCPServer agents/<b>`",
    agents=1,
    reaches=2,
)


def test_a_diff_has_both_sides_of_it(client: FlaskClient, stored: Any) -> None:
    answer = client.get("/api/v1/applications/agents/diff").get_json()

    assert answer["changes"]
    assert answer["semanticProblem"] == ""
    (change,) = answer["semantic"]["changes"]
    assert (change["kind"], change["severity"], change["line"]) == ("prompt", "medium", 9)
    assert change["reaches"] == ["Agent agents/oncall"]
    assert "{+<b>kind</b>+}" in answer["semantic"]["text"]
    assert "<ins>&lt;b&gt;kind" in answer["semantic"]["markdown"]


def test_two_revisions_are_compared(client: FlaskClient, stored: Any) -> None:
    answer = client.get("/api/v1/applications/agents/revisions/v1.0/diff/main").get_json()

    assert (answer["before"], answer["after"], answer["total"]) == ("v1.0", "main", 1)
    assert answer["counts"] == {"medium": 1}


@pytest.mark.parametrize(
    ("path", "status"),
    [("none/revisions/a/diff/b", 404), ("agents/revisions/-a/diff/b", 400)],
    ids=["no application", "an option"],
)
def test_what_cannot_be_compared_is_refused(
    client: FlaskClient, stored: Any, path: str, status: int
) -> None:
    assert client.get(f"/api/v1/applications/{path}").status_code == status
    assert client.get("/api/v1/applications/agents/revisions/gone/diff/b").status_code == 409


def test_the_preview_shows_words_and_escapes_them(client: FlaskClient, stored: Any) -> None:
    page = client.get("/applications/agents/diff").text

    assert "For the agents" in page
    assert "&lt;b&gt;kind&lt;/b&gt;</ins>" in page
    assert page.index("For the agents") < page.index("For the cluster")


def test_the_history_says_what_an_operation_changed(
    client: FlaskClient, controller: Any, make: SimpleNamespace
) -> None:
    changes = DefinitionChanges(since="1" * 40, total=3, most_important=(CHANGE,))
    history = (make.operation(5, definitions=changes),)
    controller.store.put(make.well().model_copy(update={"history": history}))

    page = client.get("/applications/agents/operations/5").text
    (item,) = client.get("/api/v1/applications/agents/history").get_json()["items"]

    assert "grants every tool of <code>MCPServer agents/&lt;b&gt;</code>" in page
    assert f"/applications/agents/revisions/{'1' * 40}/diff/{'5' * 40}" in page
    assert "All 3 changes for the agents" in page
    assert item["definitions"]["mostImportant"][0]["summary"] == CHANGE.summary


def test_two_revisions_have_a_page(client: FlaskClient, stored: Any) -> None:
    page = client.get("/applications/agents/revisions/a/diff/b").text

    assert "What changed for the agents" in page
    assert "called by" in page
