import json

import pytest
from pytest_httpserver import HTTPServer

from controller.cli.main import run_command

PATH = "/api/v1/applications/examples"
LAST = {"metadata": {"continue": "", "resourceVersion": "1", "remainingItemCount": 0}}

pytestmark = pytest.mark.usefixtures("roster")


def printed(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    assert run_command(["app", *arguments]) == code
    return capsys.readouterr().out


def lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.splitlines()]


def test_the_tree_is_drawn_from_definitions_down(capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(capsys, "tree", "examples")

    assert [line.partition("  ")[0] if "─" not in line else line[:28].rstrip() for line in
            lines(text)] == [
        "NAME",
        "Agent triage",
        "├─ Deployment triage",
        "│  └─ ReplicaSet triage-new",
        "│     └─ Pod triage-new-x",
        "└─ Service front",
    ]  # fmt: skip
    assert "agents/[triage].yaml:3" in text
    assert "Container kagent: CrashLoopBackOff" in text
    assert "triage-old" not in text


def test_the_tree_of_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    names = printed(capsys, "tree", "examples", "replicaset/triage-new", "-o", "name")

    assert lines(names) == ["replicaset.apps/triage-new", "pod/triage-new-x"]


def test_an_object_that_is_not_there_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["app", "tree", "examples", "Pod/nobody"]) == 2
    assert "no object or definition 'Pod/nobody'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("name", "deployment.apps/triage"),
        ("table", "Deployment  triage  Synced  Degraded  agents/[triage].yaml:3"),
        ("wide", "Agent agents/triage"),
        ("yaml", "- group: apps"),
    ],
)
def test_objects_are_listed(capsys: pytest.CaptureFixture[str], form: str, expected: str) -> None:
    assert expected in printed(capsys, "resources", "examples", "-o", form)
    assert expected not in printed(capsys, "resources", "examples", "--kind", "Pod", "-o", form)


def plan(*changes: dict[str, object], is_empty: bool) -> dict[str, object]:
    return {
        "application": "examples",
        "revision": "c" * 40,
        "isEmpty": is_empty,
        "changes": list(changes),
        "guards": [],
        "blocked": [],
    }


CHANGE = {
    "group": "apps",
    "kind": "Deployment",
    "namespace": "agents",
    "name": "triage",
    "action": "update",
    "component": "",
    "wave": 0,
    "reason": "",
    "diff": "===== apps/Deployment agents/triage ======\n-replicas: 3\n+replicas: [1]\n",
}


def test_diff_tells_by_its_exit_code(
    roster: HTTPServer, capsys: pytest.CaptureFixture[str]
) -> None:
    roster.expect_oneshot_request(f"{PATH}/diff").respond_with_json(plan(is_empty=True))
    assert printed(capsys, "diff", "examples", code=0) == ""

    roster.expect_oneshot_request(f"{PATH}/diff").respond_with_json(plan(CHANGE, is_empty=False))
    text = printed(capsys, "diff", "examples", code=1)
    assert lines(text) == lines(str(CHANGE["diff"]))

    told = {**plan(CHANGE, is_empty=False), "semantic": {"total": 1, "text": "1 high in 1 …\n"}}
    roster.expect_oneshot_request(f"{PATH}/diff").respond_with_json(told)
    assert printed(capsys, "diff", "examples", code=1).startswith("1 high in 1 …\n\n=====")

    problem = {"error": "Refused", "message": "The source is gone.", "remedy": ""}
    roster.expect_oneshot_request(f"{PATH}/diff").respond_with_json(problem, status=409)
    assert run_command(["app", "diff", "examples"]) == 2
    assert "The source is gone." in capsys.readouterr().err


def test_manifests_of_a_revision_are_yaml(
    roster: HTTPServer, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a"}}
    asked = {"limit": "500", "revision": "v1", "kind": "Service"}
    roster.expect_request(f"{PATH}/manifests", query_string=asked).respond_with_json(
        {**LAST, "manifests": [json.dumps(manifest)]}
    )

    arguments = ("manifests", "examples", "--revision", "v1", "--kind", "Service")

    assert lines(printed(capsys, *arguments))[:2] == ["apiVersion: v1", "kind: Service"]
    assert printed(capsys, *arguments, "-o", "name") == "service/a\n"


def test_events_come_oldest_first_and_of_one_object(
    roster: HTTPServer, capsys: pytest.CaptureFixture[str]
) -> None:
    event = {
        "metadata": {"name": "e", "namespace": "agents", "uid": "1"},
        "involvedObject": {"kind": "Pod", "namespace": "agents", "name": "p", "uid": "2"},
        "type": "Normal",
        "reason": "Pulled",
        "message": "one\n line",
        "count": 1,
        "lastTimestamp": "2026-01-01T00:00:00Z",
        "source": {"component": "kubelet"},
    }
    newest = {**event, "reason": "Started"}
    asked = {"limit": "500", "resourceUID": "u-triage-new-x"}
    roster.expect_request(f"{PATH}/events", query_string=asked).respond_with_json(
        {**LAST, "items": [newest, event]}
    )

    rows = lines(printed(capsys, "events", "examples", "Pod/triage-new-x"))

    assert [row.split()[4] for row in rows[1:]] == ["Pulled", "Started"]
    assert rows[1].endswith("Pod/p   one line")


def test_every_page_is_read(roster: HTTPServer, capsys: pytest.CaptureFixture[str]) -> None:
    first = {
        "metadata": {"continue": "more"},
        "manifests": ['{"apiVersion":"v1","kind":"A","metadata":{"name":"a"}}'],
    }
    last = {**LAST, "manifests": ['{"apiVersion":"v1","kind":"B","metadata":{"name":"b"}}']}
    path = f"{PATH}/manifests"
    roster.expect_request(path, query_string={"limit": "500"}).respond_with_json(first)
    roster.expect_request(
        path, query_string={"limit": "500", "continue": "more"}
    ).respond_with_json(last)

    assert lines(printed(capsys, "manifests", "examples", "-o", "name")) == ["a/a", "b/b"]


@pytest.mark.parametrize(
    ("page", "told"),
    [
        ("/ lists the applications.", "`roster app list` lists the applications."),
        ("/sessions lists the sessions.", "`roster session list` lists the sessions."),
        ("/tools lists the tool servers.", "`roster tool list` lists the tool servers."),
    ],
)
def test_what_is_not_found_is_told_in_words_of_the_command_line(
    roster: HTTPServer, capsys: pytest.CaptureFixture[str], page: str, told: str
) -> None:
    remedy = f"Check the name; {page}"
    roster.expect_request("/api/v1/applications/nope").respond_with_json(
        {"error": "NotFound", "message": "There is no such application.", "remedy": remedy},
        status=404,
    )

    assert run_command(["app", "get", "nope"]) == 2
    assert told in capsys.readouterr().err


def test_a_wrong_request_is_wrong_usage(
    roster: HTTPServer, capsys: pytest.CaptureFixture[str]
) -> None:
    remedy = "Correct the request; /api/docs describes what is expected."
    roster.expect_request(f"{PATH}/sync", method="POST").respond_with_json(
        {"error": "BadRequest", "message": "There is no sync option 'X'.", "remedy": remedy},
        status=400,
    )

    assert run_command(["sync", "examples", "--sync-option", "X=y"]) == 2
    assert capsys.readouterr().err == "error: There is no sync option 'X'.\n"
