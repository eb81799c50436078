from datetime import UTC, datetime

import pytest

from controller.reconcile.windows import active_until, judge
from controller.state.records import SyncWindow

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
"""A Monday."""
HOUR = 3600.0


def window(kind: str, schedule: str, hours: float, **fields: object) -> SyncWindow:
    return SyncWindow.model_validate(
        {"kind": kind, "schedule": schedule, "duration_s": hours * HOUR, **fields}
    )


OPEN = window("allow", "0 9 * * *", 8)
SHUT = window("allow", "0 20 * * *", 1)
DENYING = window("deny", "0 11 * * *", 2)
LATER = window("deny", "0 15 * * *", 2)


@pytest.mark.parametrize(
    ("windows", "may_sync"),
    [
        pytest.param([], True, id="none"),
        pytest.param([OPEN], True, id="allowed"),
        pytest.param([SHUT], False, id="not-the-time"),
        pytest.param([SHUT, OPEN], True, id="one-of-them"),
        pytest.param([DENYING], False, id="denied"),
        pytest.param([LATER], True, id="not-denied-yet"),
        pytest.param([OPEN, DENYING], False, id="deny-wins"),
        pytest.param([SHUT, LATER], False, id="neither"),
    ],
)
def test_windows_decide(windows: list[SyncWindow], may_sync: bool) -> None:
    assert judge(windows, is_manual=False, now=NOON).may_sync is may_sync
    assert judge(windows, is_manual=True, now=NOON).may_sync is may_sync


@pytest.mark.parametrize(
    ("windows", "may_sync"),
    [
        ([window("deny", "0 11 * * *", 2, manual_sync=True)], True),
        ([window("deny", "0 11 * * *", 2, manual_sync=True), DENYING], False),
        ([window("allow", "0 20 * * *", 2, manual_sync=True)], True),
        ([window("allow", "0 20 * * *", 2, manual_sync=True), SHUT], False),
    ],
)
def test_a_person_may_sync_where_every_window_in_the_way_says_so(
    windows: list[SyncWindow], may_sync: bool
) -> None:
    assert judge(windows, is_manual=True, now=NOON).may_sync is may_sync
    assert not judge(windows, is_manual=False, now=NOON).may_sync


@pytest.mark.parametrize(
    ("windows", "hour"),
    [([OPEN], 17), ([SHUT], 20), ([DENYING], 13), ([OPEN, DENYING], 13), ([LATER, OPEN], 15)],
)
def test_the_next_change_is_told(windows: list[SyncWindow], hour: int) -> None:
    found = judge(windows, is_manual=False, now=NOON).changes_at

    assert found == NOON.replace(hour=hour)


def test_the_reason_names_the_window_and_its_end() -> None:
    assert judge([DENYING], is_manual=False, now=NOON).reason == (
        "the window '0 11 * * *' denies syncs until 2026-03-02 13:00 UTC"
    )


@pytest.mark.parametrize(
    ("now", "is_open"),
    [(NOON.replace(hour=11), True), (NOON.replace(hour=13), False), (NOON.replace(hour=10), False)],
    ids=["at-its-beginning", "at-its-end", "before"],
)
def test_a_window_has_its_beginning_and_not_its_end(now: datetime, is_open: bool) -> None:
    assert (active_until(DENYING, now) is not None) is is_open


def test_a_window_that_overlaps_with_itself_stays_open() -> None:
    hourly = window("deny", "0 * * * 1", 1.5)

    assert active_until(hourly, NOON) == datetime(2026, 3, 3, 0, 30, tzinfo=UTC)


def test_schedules_are_read_in_their_time_zone() -> None:
    berlin = window("deny", "0 9 * * *", 1, time_zone="Europe/Berlin")

    winter = active_until(berlin, datetime(2026, 1, 5, 8, 30, tzinfo=UTC))
    summer = active_until(berlin, datetime(2026, 7, 5, 7, 30, tzinfo=UTC))

    assert winter == datetime(2026, 1, 5, 9, tzinfo=UTC)
    assert summer == datetime(2026, 7, 5, 8, tzinfo=UTC)


def test_a_window_that_lasts_a_week_is_found() -> None:
    freeze = window("deny", "0 0 24 12 *", 24 * 9)

    assert active_until(freeze, datetime(2027, 1, 1, tzinfo=UTC)) is not None
    assert active_until(freeze, datetime(2027, 1, 2, tzinfo=UTC)) is None
