"""Sync windows: whether one may sync now, and when that changes. Pure.

The rules are Argo CD's (`SyncWindows.CanSync`): an active window that denies wins; else, where any
window allows, one of those has to be active. `manualSync` lets a person through, if all the
windows in the way have it. An operation that runs when a window closes is brought to its end.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from cronsim import CronSim

from controller.state.records import SyncWindow

_MOST_JOINED = 1000
"""Windows that overlap with themselves are joined up to so many times."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a sync may begin, why not, and when that may change."""

    may_sync: bool
    reason: str = ""
    changes_at: datetime | None = None


def judge(windows: Sequence[SyncWindow], *, is_manual: bool, now: datetime) -> Verdict:
    """Apply an application's windows to a sync that would begin now."""
    ends = {window: end for window in windows if (end := active_until(window, now)) is not None}
    changes_at = min(_changes(windows, ends, now), default=None)
    denying = [window for window in ends if window.kind == "deny"]
    allowing = [window for window in windows if window.kind == "allow"]
    if denying:
        in_the_way, reason = denying, f"{told(denying[0])} denies syncs"
    elif allowing and not any(window in ends for window in allowing):
        in_the_way, reason = allowing, "no window allows syncs"
    else:
        return Verdict(may_sync=True, changes_at=changes_at)
    if is_manual and all(window.manual_sync for window in in_the_way):
        return Verdict(may_sync=True, changes_at=changes_at)
    until = f" until {changes_at:%Y-%m-%d %H:%M} UTC" if changes_at else ""
    return Verdict(may_sync=False, reason=f"{reason}{until}", changes_at=changes_at)


def active_until(window: SyncWindow, now: datetime) -> datetime | None:
    """Give when a window that is open closes, None where it is not open."""
    duration = timedelta(seconds=window.duration_s)
    end = None
    for begin in islice(_begins(window, now - duration), _MOST_JOINED):
        if begin > (end or now):
            break
        end = begin + duration
    return end


def told(window: SyncWindow) -> str:
    """Name a window."""
    zone = "" if window.time_zone == "UTC" else f" {window.time_zone}"
    return f"the window {window.schedule!r}{zone}"


def _changes(
    windows: Iterable[SyncWindow], ends: dict[SyncWindow, datetime], now: datetime
) -> Iterator[datetime]:
    for window in windows:
        change = ends.get(window) or next(_begins(window, now), None)
        if change is not None:
            yield change


def _begins(window: SyncWindow, after: datetime) -> Iterator[datetime]:
    """Give the times at which a window opens, those after a time, in UTC."""
    zone = ZoneInfo(window.time_zone)
    for begin in CronSim(window.schedule, after.astimezone(zone)):
        yield begin.astimezone(after.tzinfo)
