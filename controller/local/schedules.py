"""Cron schedules as Kubernetes reads them: the five fields, `@daily` and its kin, `@every 1h30m`.

The grammar and the words of its errors are those of github.com/robfig/cron v3 (`ParseStandard`),
which the API server validates with and the controller of CronJobs schedules with. It reads less
than other crons (no `L`, no `#`, Sunday is 0 and not 7), so fields are expanded here, and `cronsim`
only walks the clock. Changes of the clock are robfig's too: what falls into a skipped hour does not
run that day, what falls into a repeated hour runs twice.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

_NAMED = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_EVERY = "@every "
_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec"
_DAYS = "sun mon tue wed thu fri sat"
_REPEATED = timedelta(hours=2)
"""At least as long as any clock is ever put back."""
_UNITS_S = {"h": 3600, "m": 60, "s": 1, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_DURATION = re.compile(r"[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:h|ms|m|s|us|µs|ns))+|[+-]?0")
_MAX_DIGITS = 19
"""Of a number of 64 bits."""
_LONGEST_S = 2**63 / 1e9
"""Of a duration in Go, which counts nanoseconds."""
_DURATION_PART = re.compile(r"(\d+\.?\d*|\.\d+)(h|ms|m|s|us|µs|ns)")


class ScheduleError(ValueError):
    """A schedule or time zone that cannot be read; the message is Kubernetes'."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """When something is to run, on the clock of a time zone."""

    expression: str
    """Five fields as `cronsim` takes them; empty where `every` says all."""
    zone: ZoneInfo
    every: timedelta | None = None

    def after(self, time: datetime) -> datetime | None:
        """Give the first time after this one, in UTC; None where there is none (February 30)."""
        if self.every is not None:
            return time.astimezone(UTC).replace(microsecond=0) + self.every
        first: datetime | None = None
        for wall in self._wall_times(time):
            if first is not None and wall - _wall(first, self.zone) > _REPEATED:
                break
            moments = [each for each in _moments(wall, self.zone) if each > time]
            first = min(moments if first is None else [first, *moments], default=None)
            if first is not None and not _is_changing(first, self.zone):
                break
        return first

    def _wall_times(self, time: datetime) -> Iterator[datetime]:
        """Give what the clock shows when it is due, from this time on and a bit before."""
        start = _wall(time, self.zone)
        if _is_changing(time, self.zone):
            start -= _REPEATED
        try:
            yield from CronSim(self.expression, start)
        except CronSimError:
            return  # a day that no month of the schedule has


def parse(text: str, time_zone: str | None = None) -> Schedule:
    """Read a schedule on the clock of a time zone, UTC where none is given.

    Raises:
        ScheduleError: the schedule or the zone cannot be read.
    """
    zone = zone_of(time_zone or "UTC")
    if not text:
        raise ScheduleError("empty spec string")
    if text.startswith("@"):
        return _described(text, zone)
    fields = text.split()
    if len(fields) != len(_FIELDS):
        listed = " ".join(fields)
        count = len(_FIELDS)
        raise ScheduleError(f"expected exactly {count} fields, found {len(fields)}: [{listed}]")
    expanded = (field.expand(written) for field, written in zip(_FIELDS, fields, strict=True))
    return Schedule(" ".join(expanded), zone)


def zone_of(name: str) -> ZoneInfo:
    """Give a time zone of the IANA database.

    Raises:
        ScheduleError: there is none of this name.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ScheduleError(f"unknown time zone {name}") from error


def _described(text: str, zone: ZoneInfo) -> Schedule:
    if text in _NAMED:
        return Schedule(_NAMED[text], zone)
    if not text.startswith(_EVERY):
        raise ScheduleError(f"unrecognized descriptor: {text}")
    written = text.removeprefix(_EVERY)
    parts = _DURATION_PART.findall(written)
    length_s = sum(float(number) * _UNITS_S[unit] for number, unit in parts)
    if not _DURATION.fullmatch(written) or length_s > _LONGEST_S:
        why = f'time: invalid duration "{written}"'
        raise ScheduleError(f"failed to parse duration {text}: {why}")
    if written.startswith("-"):
        length_s = -length_s
    return Schedule("", zone, every=timedelta(seconds=max(1, int(length_s))))


def _wall(time: datetime, zone: ZoneInfo) -> datetime:
    return time.astimezone(zone).replace(tzinfo=None)


def _moments(wall: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    """Give when a clock shows this: once, twice where it is put back, never where it skips that."""
    for fold in (0, 1):
        moment = wall.replace(tzinfo=zone, fold=fold).astimezone(UTC)
        if _wall(moment, zone) == wall:
            yield moment


def _is_changing(time: datetime, zone: ZoneInfo) -> bool:
    """Whether the clock of the zone is changed within hours of this time."""
    offsets = {(time + shift).astimezone(zone).utcoffset() for shift in (-_REPEATED, _REPEATED)}
    return len(offsets) > 1


@dataclass(frozen=True, slots=True)
class _Field:
    """One of the five fields: the numbers that it may have, and their names."""

    low: int
    high: int
    names: Mapping[str, int]

    def expand(self, text: str) -> str:
        """Write a field as a list of numbers, or as a star, which joins the two days by "and"."""
        numbers: set[int] = set()
        is_star = False
        for part in filter(None, text.split(",")):
            found, is_all = self._range(part)
            numbers.update(found)
            is_star = is_star or is_all
        return "*" if is_star else ",".join(map(str, sorted(numbers)))

    def _range(self, text: str) -> tuple[range, bool]:
        bounds, *steps = text.split("/")
        if len(steps) > 1:
            raise ScheduleError(f"too many slashes: {text}")
        first, *lasts = bounds.split("-")
        is_any = first in {"*", "?"}
        if len(lasts) > 1 and not is_any:
            raise ScheduleError(f"too many hyphens: {text}")
        low = self.low if is_any else self._number(first)
        # `5/15` is `5-59/15`.
        high = self.high if is_any or (steps and not lasts) else self._number((lasts or [first])[0])
        step = _integer(steps[0]) if steps else 1
        self._check(low, high, step, text)
        return range(low, high + 1, step), is_any and step == 1

    def _check(self, low: int, high: int, step: int, text: str) -> None:
        if low < self.low:
            raise ScheduleError(f"beginning of range ({low}) below minimum ({self.low}): {text}")
        if high > self.high:
            raise ScheduleError(f"end of range ({high}) above maximum ({self.high}): {text}")
        if low > high:
            raise ScheduleError(f"beginning of range ({low}) beyond end of range ({high}): {text}")
        if step == 0:
            raise ScheduleError(f"step of range should be a positive number: {text}")

    def _number(self, text: str) -> int:
        named = self.names.get(text.lower())
        return _integer(text) if named is None else named


def _integer(text: str) -> int:
    if not re.fullmatch(r"[+-]?[0-9]+", text):
        why = f'strconv.Atoi: parsing "{text}": invalid syntax'
        raise ScheduleError(f"failed to parse int from {text}: {why}")
    if len(text) > _MAX_DIGITS:
        why = f'strconv.Atoi: parsing "{text}": value out of range'
        raise ScheduleError(f"failed to parse int from {text}: {why}")
    number = int(text)
    if number < 0:
        raise ScheduleError(f"negative number ({number}) not allowed: {text}")
    return number


def _numbered(names: str, first: int) -> Mapping[str, int]:
    return {name: number for number, name in enumerate(names.split(), first)}


_FIELDS = (
    _Field(0, 59, {}),
    _Field(0, 23, {}),
    _Field(1, 31, {}),
    _Field(1, 12, _numbered(_MONTHS, 1)),
    _Field(0, 6, _numbered(_DAYS, 0)),
)
