import pytest
from pytest_httpserver import HTTPServer

from controller.cli.main import run_command

PATH = "/api/v1/applications/examples/history"
OPERATION = {
    "id": 7,
    "dryRun": False,
    "startedAt": "2026-01-01T00:00:00Z",
    "finishedAt": "2026-01-01T00:00:02.25Z",
    "phase": "Succeeded",
    "revision": "c" * 40,
    "author": "Ada",
    "title": "Correct Deployment triage",
    "message": "Add triage",
    "resultMessage": "1 of 1 objects changed",
    "initiatedBy": {"cause": "self-heal", "username": "", "automated": True},
    "retryCount": 1,
}


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("table", "7   2026-01-01 00:00:00 UTC  Succeeded  ccccccc   self-heal  Correct Deploy"),
        ("wide", "Correct Deployment triage  Ada     2.2s  2      1 of 1 objects changed"),
        ("name", "7\n"),
        ("yaml", "- id: 7"),
    ],
)
def test_history_says_what_each_operation_was_about(
    roster: HTTPServer,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    form: str,
    expected: str,
) -> None:
    monkeypatch.setattr("controller.cli.apps.moment", lambda _: "2026-01-01 00:00:00 UTC")
    page = {"metadata": {"continue": ""}, "items": [OPERATION]}
    roster.expect_request(PATH).respond_with_json(page)

    assert run_command(["app", "history", "examples", "-o", form]) == 0
    assert expected in capsys.readouterr().out
