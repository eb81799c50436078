import time

import pytest

from controller.cli.output import moment, print_table


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
