"""The verbs on a real server that has sessions."""

import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from controller.cli.main import run_command

SESSION = {
    "id": "s1",
    "user_id": "ada",
    "agent_id": "agents__NS__note_keeper",
    "name": "Delete the...",
    "created_at": "2026-01-02T03:04:05.000000Z",
    "updated_at": "2026-01-02T03:04:06.000000Z",
    "source": "",
    "state": "completed",
    "events": 4,
    "tasks": 1,
    "input_tokens": 11,
    "output_tokens": 7,
    "first": "Delete the note\nabout [milk]",
    "last": "Done.",
    "revision": "8a1cb4a02d3538e54907c827352f66f20c3d7b0d",
}
CALL = {
    "kind": "call",
    "author": "",
    "text": "",
    "thought": "",
    "id": "c1",
    "tool": "delete_note",
    "arguments": {"title": "[milk]"},
    "result": {"result": "deleted"},
    "approval": {
        "state": "approved",
        "by": "bob",
        "at": "2026-01-02T03:04:05+00:00",
        "reason": "",
    },
    "at": "2026-01-02T03:04:05+00:00",
}
SAID = {**CALL, "kind": "said", "text": "Done.", "approval": None, "result": None}
TURN = {
    "said": "Delete the note\nabout [milk]",
    "at": "2026-01-02T03:04:05+00:00",
    "steps": [CALL, SAID],
    "input_tokens": 11,
    "output_tokens": 7,
    "revision": SESSION["revision"],
    "error": "",
}


@pytest.fixture
def server(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[HTTPServer]:
    monkeypatch.setenv("ROSTER_SERVER", httpserver.url_for("").rstrip("/"))
    yield httpserver
    httpserver.check_assertions()


def test_a_list_shows_who_talked_with_whom_about_what(
    server: HTTPServer, capsys: pytest.CaptureFixture[str]
) -> None:
    server.expect_request("/api/sessions").respond_with_json({"data": [SESSION], "continue": ""})

    assert run_command(["session", "list", "-o", "wide"]) == 0
    printed = capsys.readouterr().out
    for word in ("s1", "agents/note-keeper", "ada", "completed", "18", "8a1cb4a", "about [milk]"):
        assert word in printed


def test_a_list_goes_through_pages_up_to_its_limit(
    server: HTTPServer, capsys: pytest.CaptureFixture[str]
) -> None:
    wanted = {"agent": "", "user_id": "ada", "state": "", "q": "milk"}
    for limit, after, more in (("500", "", "next"), ("100", "next", "and-more")):
        server.expect_ordered_request(
            "/api/sessions", query_string={**wanted, "limit": limit, "continue": after}
        ).respond_with_json({"data": [SESSION], "continue": more})
    command = ["session", "list", "--user", "ada", "-q", "milk", "--limit", "600", "-o", "name"]

    assert run_command(command) == 0
    assert capsys.readouterr().out == "s1\ns1\n"


def test_a_session_is_printed_as_a_conversation(
    server: HTTPServer, capsys: pytest.CaptureFixture[str]
) -> None:
    found = {"data": {"session": SESSION, "turns": [TURN]}}
    server.expect_request("/api/sessions/s1/conversation").respond_with_json(found)

    assert run_command(["session", "get", "s1"]) == 0
    assert capsys.readouterr().out == (
        "agents/note-keeper with ada  completed\n"
        "\n"
        "user  2026-01-02 03:04:05Z\n"
        "  Delete the note\n"
        "  about [milk]\n"
        '  → delete_note {"title": "[milk]"}\n'
        "    approved by bob at 2026-01-02 03:04:05Z\n"
        '    ← {"result": "deleted"}\n'
        "agent  2026-01-02 03:04:05Z\n"
        "  Done.\n"
        "  11 + 7 tokens, revision 8a1cb4a\n"
    )


def test_an_export_goes_to_a_file(server: HTTPServer, tmp_path: Path) -> None:
    server.expect_request("/api/sessions/a/b/export").respond_with_json({"session": SESSION})
    file = tmp_path / "session.json"

    assert run_command(["session", "export", "a/b", "-f", str(file)]) == 0
    assert json.loads(file.read_text()) == {"session": SESSION}


def test_deleting_asks_first(server: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    server.expect_request("/api/sessions/s1", method="DELETE").respond_with_json({})

    assert run_command(["session", "delete", "s1", "--yes"]) == 0
    assert run_command(["session", "delete", "s1"]) == 1


def test_an_unknown_session_is_a_sentence(
    server: HTTPServer, capsys: pytest.CaptureFixture[str]
) -> None:
    problem = {"error": "NotFound", "message": "There is no such session.", "remedy": "Look."}
    server.expect_request("/api/sessions/x/conversation").respond_with_json(problem, status=404)

    assert run_command(["session", "get", "x"]) == 2
    assert "There is no such session." in capsys.readouterr().err
