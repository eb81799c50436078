from datetime import UTC, datetime

import pytest

from controller.local import schedules


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _runs(schedule: str, after: str, count: int, zone: str | None = None) -> list[str]:
    parsed, time = schedules.parse(schedule, zone), _at(after)
    found = []
    for _ in range(count):
        following = parsed.after(time)
        assert following is not None
        time = following
        found.append(f"{time:%m-%d %H:%M}")
    return found


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("*/20 * * * *", ["01-01 00:20", "01-01 00:40", "01-01 01:00"]),
        ("5/25 0 * * ?", ["01-01 00:05", "01-01 00:30", "01-01 00:55"]),
        ("0 9-17/4 * * mon-FRI", ["01-01 09:00", "01-01 13:00", "01-01 17:00"]),
        ("0 0 13 * 5", ["01-02 00:00", "01-09 00:00", "01-13 00:00"]),
        ("0 0 */10 * 5", ["01-02 00:00", "01-09 00:00", "01-11 00:00"]),
        ("0 0 * * 5", ["01-02 00:00", "01-09 00:00", "01-16 00:00"]),
        ("0 0 1 jan,JUL *", ["07-01 00:00", "01-01 00:00", "07-01 00:00"]),
        ("@weekly", ["01-04 00:00", "01-11 00:00", "01-18 00:00"]),
        ("@every 1h30m", ["01-01 01:30", "01-01 03:00", "01-01 04:30"]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_when_a_schedule_is_due(schedule: str, expected: list[str]) -> None:
    """From a Thursday, the first of January; a day of the month or of the week is enough."""
    assert _runs(schedule, "2026-01-01T00:00:00Z", 3) == expected


def test_a_schedule_is_on_the_clock_of_its_zone() -> None:
    runs = _runs("0 8 * * *", "2026-03-28T12:00:00Z", 2, "Europe/Berlin")

    assert runs == ["03-29 06:00", "03-30 06:00"]


def test_what_falls_into_a_skipped_hour_does_not_run() -> None:
    """In Berlin, 2 o'clock is 3 o'clock on March 29."""
    runs = _runs("30 2 * * *", "2026-03-28T00:00:00Z", 2, "Europe/Berlin")

    assert runs == ["03-28 01:30", "03-30 00:30"]


def test_what_falls_into_a_repeated_hour_runs_twice() -> None:
    """In Berlin, 3 o'clock is 2 o'clock again on October 25."""
    runs = _runs("*/30 2 * * *", "2026-10-25T00:00:00+02:00", 5, "Europe/Berlin")

    assert runs == ["10-25 00:00", "10-25 00:30", "10-25 01:00", "10-25 01:30", "10-26 01:00"]


@pytest.mark.parametrize("schedule", ["0 0 30 2 *", "0 0 31 2,4 *", "0 0 , * *"])
def test_a_day_that_does_not_exist_is_never_due(schedule: str) -> None:
    assert schedules.parse(schedule).after(_at("2026-01-01T00:00:00Z")) is None


@pytest.mark.parametrize(
    ("schedule", "message"),
    [
        ("", "empty spec string"),
        ("* * * *", "expected exactly 5 fields, found 4: [* * * *]"),
        ("60 * * * *", "end of range (60) above maximum (59): 60"),
        ("* * 0 * *", "beginning of range (0) below minimum (1): 0"),
        ("* * * * 7", "end of range (7) above maximum (6): 7"),
        ("9-3 * * * *", "beginning of range (9) beyond end of range (3): 9-3"),
        ("*/0 * * * *", "step of range should be a positive number: */0"),
        ("1-2-3 * * * *", "too many hyphens: 1-2-3"),
        ("1/2/3 * * * *", "too many slashes: 1/2/3"),
        (
            "* * L * *",
            'failed to parse int from L: strconv.Atoi: parsing "L": invalid syntax',
        ),
        ("@fortnightly", "unrecognized descriptor: @fortnightly"),
        (
            "@every 9999999h",
            'failed to parse duration @every 9999999h: time: invalid duration "9999999h"',
        ),
        (
            "99999999999999999999 * * * *",
            'failed to parse int from {0}: strconv.Atoi: parsing "{0}": value out of range'.format(
                "99999999999999999999"
            ),
        ),
        ("@every soon", 'failed to parse duration @every soon: time: invalid duration "soon"'),
    ],
    ids=lambda value: value[:16],
)
def test_an_unreadable_schedule_is_told_in_the_words_of_kubernetes(
    schedule: str, message: str
) -> None:
    with pytest.raises(schedules.ScheduleError) as caught:
        schedules.parse(schedule)

    assert str(caught.value) == message


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../etc/passwd", "Europe"])
def test_an_unknown_zone_is_refused(zone: str) -> None:
    with pytest.raises(schedules.ScheduleError, match="unknown time zone"):
        schedules.parse("* * * * *", zone)
