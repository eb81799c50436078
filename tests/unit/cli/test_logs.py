import json

import pytest
from pytest_httpserver import HTTPServer

from controller.cli.logs import seconds
from controller.cli.main import run_command
from controller.errors import UsageError
from tests.unit.cli.conftest import NODES

PATH = "/api/v1/applications/examples/logs"


def line(text: str, pod: str = "triage-new-x") -> str:
    result = {"content": text, "timeStampStr": "T1", "podName": pod, "last": False}
    return json.dumps({"result": result}) + "\n"


def test_lines_of_an_agent_are_printed_as_they_are(
    roster: HTTPServer, capsys: pytest.CaptureFixture[str]
) -> None:
    workload = {"kind": "Deployment", "group": "apps", "namespace": "agents"}
    asked = {"tailLines": "5", "sinceSeconds": "90", **workload, "resourceName": "triage"}
    roster.expect_request(PATH, query_string=asked).respond_with_data(line("a [red] one"))

    code = run_command(["agent", "logs", "triage", "--tail", "5", "--since", "1m30s"])

    assert (code, capsys.readouterr().out) == (0, "a [red] one\n")


def test_lines_of_several_pods_name_them(
    roster: HTTPServer, capsys: pytest.CaptureFixture[str]
) -> None:
    text = line("one", "a") + line("two", "b")
    asked = {"tailLines": "100", "follow": "true", "previous": "true", "filter": "!x"}
    roster.expect_request(PATH, query_string=asked).respond_with_data(text)

    code = run_command(["app", "logs", "examples", "-f", "-p", "--grep", "!x", "--timestamps"])

    assert code == 0
    assert capsys.readouterr().out == "a | T1 one\nb | T1 two\n"


def test_a_name_means_the_object_of_it_that_runs_pods(
    roster: HTTPServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every agent has a Secret of its name, which the tree shows first."""
    secret = {**NODES[0], "kind": "Secret", "group": "", "uid": "u-secret"}
    tree = {"metadata": {"continue": ""}, "nodes": [secret, *NODES], "orphanedNodes": []}
    roster.clear()
    roster.expect_request(PATH.replace("logs", "resource-tree")).respond_with_json(tree)
    asked = {"tailLines": "100", "kind": "Deployment", "group": "apps", "namespace": "agents"}
    roster.expect_request(PATH, query_string={**asked, "resourceName": "triage"}).respond_with_data(
        line("one")
    )

    assert run_command(["app", "logs", "examples", "triage"]) == 0
    assert capsys.readouterr().out == "one\n"


def test_one_object_is_looked_up(roster: HTTPServer, capsys: pytest.CaptureFixture[str]) -> None:
    asked = {"tailLines": "100", "kind": "Pod", "group": "", "namespace": "agents"}
    roster.expect_request(
        PATH, query_string={**asked, "resourceName": "triage-new-x"}
    ).respond_with_data(line("one"))

    assert run_command(["app", "logs", "examples", "triage-new-x"]) == 0
    assert capsys.readouterr().out == "one\n"


def test_a_refusal_is_an_error(roster: HTTPServer, capsys: pytest.CaptureFixture[str]) -> None:
    problem = {"error": "NotFound", "message": "There is no such pod.", "remedy": ""}
    roster.expect_request(PATH).respond_with_json(problem, status=404)

    assert run_command(["app", "logs", "examples"]) == 2
    assert "There is no such pod." in capsys.readouterr().err


@pytest.mark.parametrize(("text", "expected"), [("90s", 90), ("5m", 300), ("1d2h", 93600)])
def test_durations_are_read(text: str, expected: int) -> None:
    assert seconds(text) == expected


@pytest.mark.parametrize("text", ["", "5", "m", "5 m", "5x", "5m!"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is no duration"):
        seconds(text)
