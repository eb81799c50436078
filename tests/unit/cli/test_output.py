import sys
import time

import pytest

from controller.cli.output import Format, console, moment, print_error, print_table, show
from controller.errors import PermanentError


def on_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the captured streams a terminal of 80 columns that knows no colours."""
    monkeypatch.setenv("TERM", "dumb")
    for name in ("COLUMNS", "FORCE_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    for stream in (sys.stdout, sys.stderr):
        monkeypatch.setattr(stream, "isatty", lambda: True)


def test_a_time_is_told_in_the_zone_of_its_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    told = moment("2026-07-01T22:30:00.123456Z")
    monkeypatch.undo()
    time.tzset()

    assert told == "2026-07-02 00:30:00 CEST"


def test_a_table_for_a_file_has_no_spaces_at_the_ends_of_lines(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_table(["name", "message"], [("a", ""), ("b", "Waits.")])

    assert capsys.readouterr().out == "NAME  MESSAGE\na\nb     Waits.\n"


ROWS = [
    ("Deployment/unit-converter", "OutOfSync", "agents/unit-converter.yaml:3", "0 of 1 is ready"),
    ("Service/a", "Synced", "agents/a.yaml:1", ""),
]


def test_a_terminal_folds_places_and_prose_and_keeps_names_whole(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    on_terminal(monkeypatch)

    print_table(["name", "sync", "file", "message"], ROWS)

    assert capsys.readouterr().out.splitlines() == [
        "NAME                       SYNC       FILE                       MESSAGE",
        "Deployment/unit-converter  OutOfSync  agents/unit-converter.yam  0 of 1 is ready",
        "                                      l:3",
        "Service/a                  Synced     agents/a.yaml:1",
    ]


def test_nothing_of_a_table_that_is_too_wide_is_left_out(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    on_terminal(monkeypatch)

    print_table(["name", "object", "message"], [("n" * 40, "o" * 40, "It is not ready yet.")])

    assert capsys.readouterr().out.splitlines()[1:] == [
        f"{'n' * 40}  {'o' * 40}  It is not ready yet."
    ]


def test_an_empty_table_says_so_aside(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(["name"], [], nothing="There are none.")

    assert capsys.readouterr() == ("", "There are none.\n")


def test_an_error_is_broken_between_words_below_its_beginning(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    on_terminal(monkeypatch)

    print_error(PermanentError("What went wrong is [told]. " * 4, remedy="Look at it again. " * 5))

    assert capsys.readouterr().err.splitlines() == [
        "error: What went wrong is [told]. What went wrong is [told]. What went wrong is",
        "[told]. What went wrong is [told].",
        "  Look at it again. Look at it again. Look at it again. Look at it again. Look",
        "  at it again.",
    ]


def test_a_result_is_shown_in_the_form_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    for form in Format:
        show(form, ["a"], names=["a"], text=lambda is_wide: console().print(f"wide: {is_wide}"))

    assert capsys.readouterr().out == ('wide: False\nwide: True\n[\n  "a"\n]\n- a\na\n')
