"""When a CronJob is due: the latest time that it missed, and when to look again. Pure.

Restates `pkg/controller/cronjob/utils.go` of Kubernetes. Of several missed times only the latest is
made up for; `startingDeadlineSeconds` limits how far back one looks.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from controller.local.schedules import Schedule, ScheduleError
from controller.local.workloads import times
from controller.objects import Manifest

_MANY = 100
"""More missed times than this are worth a warning: a clock is wrong, or much was slept through."""
_NEXT_DELAY = timedelta(milliseconds=100)
"""A visit right at the scheduled second could come a moment before it."""


@dataclass(frozen=True, slots=True)
class Unmet:
    """The latest time that passed without a run, and whether it is one of very many."""

    time: datetime
    is_one_of_many: bool


def unmet(cron_job: Manifest, schedule: Schedule, now: datetime) -> Unmet | None:
    """Give the time that a run is owed for; None where nothing is owed.

    Raises:
        ScheduleError: the schedule is well-formed, but its day does not exist.
    """
    earliest = _last(cron_job)
    deadline_s = cron_job["spec"].get("startingDeadlineSeconds")
    if deadline_s is not None:
        earliest = max(earliest, now - timedelta(seconds=deadline_s))
    return _latest(schedule, earliest, now)


def wait_s(cron_job: Manifest, schedule: Schedule, now: datetime) -> float:
    """Give the seconds until the next scheduled time.

    Raises:
        ScheduleError: the schedule is well-formed, but its day does not exist.
    """
    last = _last(cron_job)
    owed = _latest(schedule, last, now)
    following = schedule.after(owed.time if owed else last)
    if following is not None and following <= now:
        following = schedule.after(now)
    if following is None:
        raise ScheduleError(_NEVER)
    return (following + _NEXT_DELAY - now).total_seconds()


_NEVER = "time difference between two schedules is less than 1 second"
"""What the real controller says of February 30: its library answers with the zero time, twice."""


def _last(cron_job: Manifest) -> datetime:
    status = cron_job.get("status") or {}
    text = status.get("lastScheduleTime") or cron_job["metadata"]["creationTimestamp"]
    return times.parse(text).astimezone(UTC)


def _latest(schedule: Schedule, earliest: datetime, now: datetime) -> Unmet | None:
    first = schedule.after(earliest)
    if first is None:
        raise ScheduleError(_NEVER)
    if now < first:
        return None
    second = schedule.after(first)
    if second is None or now < second:
        return Unmet(first, is_one_of_many=False)
    # A jump to just before now, and the last steps one by one: `@every` stays in step with `first`,
    # and a schedule that is not even (`30 6-16/4 * * 1-5`) is still right.
    missed = (now - first) // (second - first) + 1
    start = first + (missed - 2) * (second - first)
    latest = max(_between(schedule, start, now), default=None)
    return Unmet(latest, is_one_of_many=missed > _MANY) if latest is not None else None


def _between(schedule: Schedule, after: datetime, until: datetime) -> Iterator[datetime]:
    following = schedule.after(after)
    while following is not None and following <= until:
        yield following
        following = schedule.after(following)
