from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from controller.cli.main import run_command

PATH = "/api/v1/applications/agents"


def state(sync: str = "Synced", health: str = "Healthy", phase: str = "Succeeded") -> Any:
    return {
        "operation": None,
        "status": {
            "sync": {"status": sync, "revision": "c" * 40},
            "health": {"status": health},
            "operationState": {"id": 3, "phase": phase},
            "conditions": [],
        },
    }


def wait(server: HTTPServer, *options: str) -> int:
    return run_command(["app", "wait", "agents", "--server", server.url_for(""), *options])


def test_waiting_ends_when_everything_is_well(
    httpserver: HTTPServer, capsys: pytest.CaptureFixture[str]
) -> None:
    httpserver.expect_ordered_request(PATH).respond_with_json(state(health="Progressing"))
    httpserver.expect_ordered_request(PATH).respond_with_json(state())

    assert wait(httpserver) == 0

    told = capsys.readouterr()
    assert told.out.startswith("agents is Synced and Healthy and without an operation: Synced")
    assert "Progressing" in told.err


@pytest.mark.parametrize(
    ("seen", "options", "code"),
    [
        pytest.param(state(health="Degraded"), [], 1, id="not-in-time"),
        pytest.param(state(health="Degraded"), ["--sync"], 0, id="only-what-is-asked"),
        pytest.param(state(phase="Running"), ["--operation"], 1, id="an-operation-runs"),
        pytest.param(state(phase="Failed"), ["--operation"], 0, id="an-operation-ended"),
        pytest.param(
            {**state(), "operation": {"id": 4}}, ["--operation"], 1, id="one-is-asked-for"
        ),
    ],
)
def test_the_exit_code_says_whether_it_is_so(
    httpserver: HTTPServer, seen: Any, options: list[str], code: int
) -> None:
    httpserver.expect_request(PATH).respond_with_json(seen)

    assert wait(httpserver, "--timeout", "0", *options) == code


def test_the_user_of_the_machine_is_named(
    httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that no header can carry is made one that can."""
    monkeypatch.setenv("LOGNAME", "DOMAIN\\zoë")
    expected = {"X-Roster-User": "DOMAIN_zo_"}
    httpserver.expect_request(f"{PATH}/suspend", method="POST", headers=expected).respond_with_json(
        state()
    )
    server = ["--server", httpserver.url_for("")]

    assert run_command(["app", "suspend", "agents", *server]) == 0


def test_an_error_is_told_apart_from_a_no(
    httpserver: HTTPServer, capsys: pytest.CaptureFixture[str]
) -> None:
    httpserver.expect_request(PATH).respond_with_json(
        {"error": "NotFound", "message": "There is no such application.", "remedy": ""}, status=404
    )

    assert wait(httpserver) == 2
    assert "no such application" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("verb", "method", "path"),
    [
        ("suspend", "POST", "suspend"),
        ("resume", "POST", "resume"),
        ("terminate", "DELETE", "operation"),
    ],
)
def test_decisions_are_sent(httpserver: HTTPServer, verb: str, method: str, path: str) -> None:
    httpserver.expect_oneshot_request(f"{PATH}/{path}", method=method).respond_with_json(state())

    assert run_command(["app", verb, "agents", "--server", httpserver.url_for("")]) == 0
