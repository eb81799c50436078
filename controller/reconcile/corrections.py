"""What was changed in the cluster and is changed back, and where that has become a fight.

Drift is corrected at once. An object that somebody else changes again and again is contested: it
is left alone for a while, longer each time, so that two controllers do not spin at full speed, and
the status names the other one. The waits are those of Argo CD's self-heal. Pure.
"""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from controller.diff import fields
from controller.objects import Manifest, ObjectKey
from controller.objects.metadata import CONTENT_HASH, FIELD_MANAGER, annotations
from controller.plan.steps import Action, Plan, Step
from controller.state.records import ApplicationRecord, Correction

WINDOW = timedelta(minutes=1)
FREE = 5
"""Corrections of one object a minute that are made at once."""
_FIRST_S = 2.0
_FACTOR = 3.0
_MOST_S = 300.0


def is_drift(step: Step, record: ApplicationRecord, revision: str) -> bool:
    """Tell whether a write only restores what was applied before, from whatever revision."""
    match step.action:
        case Action.UPDATE:
            applied = annotations(_live(step)).get(CONTENT_HASH)
            return applied is not None and applied == annotations(step.manifest or {}).get(
                CONTENT_HASH
            )
        case Action.CREATE:
            is_synced = revision == record.status.synced_revision
            return is_synced and str(step.key) in record.inventory
        case _:
            return False


def left_alone(corrections: Iterable[Correction], now: datetime) -> frozenset[ObjectKey]:
    """Give the contested objects whose time has not come."""
    # A wait longer than any can be means that the clock was set back.
    longest = timedelta(seconds=_MOST_S)
    return frozenset(
        ObjectKey.parse(item.key)
        for item in corrections
        if item.until and timedelta() < item.until - now <= longest
    )


def contested(corrections: Iterable[Correction], now: datetime) -> tuple[Correction, ...]:
    """Give the objects that are fought over now."""
    return tuple(item for item in corrections if item.attempts and not _is_calm(item, now))


def after(
    before: Iterable[Correction], plan: Plan, corrected: Collection[ObjectKey], now: datetime
) -> tuple[Correction, ...]:
    """Give the corrections after an operation that restored some objects of its plan."""
    known = {item.key: item for item in before}
    steps = {step.key: step for step in plan.changes}
    for key in corrected:
        item = known.get(str(key), Correction(key=str(key)))
        known[str(key)] = _counted(item, steps[key], now)
    live = (item for item in known.values() if _is_recent(item, now))
    return tuple(sorted(live, key=lambda item: item.key))


def told(item: Correction) -> str:
    """Say in a sentence what is fought over, and with whom."""
    others = ", ".join(item.writers) or "somebody who deletes it"
    return (
        f"{item.key} is changed again and again by {others}, and corrected ever more rarely. "
        "Stop the other writer, or leave the fields to it with ignoreDifferences."
    )


def _live(step: Step) -> Manifest:
    return (step.difference.live if step.difference else step.live) or {}


def _counted(item: Correction, step: Step, now: datetime) -> Correction:
    times = (*(time for time in item.times if now - time < WINDOW), now)
    goes_on = item.attempts > 0 and not _is_calm(item, now)
    attempts = item.attempts + 1 if goes_on else int(len(times) > FREE)
    delay_s = min(_FIRST_S * _FACTOR ** min(attempts - 1, 32), _MOST_S)
    return item.model_copy(
        update={
            "times": times[-FREE - 1 :],
            "attempts": attempts,
            "until": now + timedelta(seconds=delay_s) if attempts else None,
            "writers": _writers(step) or item.writers,
        }
    )


def _writers(step: Step) -> tuple[str, ...]:
    difference = step.difference
    if difference is None or difference.live is None:
        return ()
    changed = [change.path for change in difference.changes]
    return fields.other_writers(difference.live, FIELD_MANAGER, changed)


def _is_calm(item: Correction, now: datetime) -> bool:
    """Tell whether the other side has kept still for longer than it was left alone."""
    if item.until is None or not item.times:
        return True
    left_alone_for = item.until - item.times[-1]
    return now - item.until > max(WINDOW, left_alone_for)


def _is_recent(item: Correction, now: datetime) -> bool:
    return bool(contested([item], now)) or (bool(item.times) and now - item.times[-1] < WINDOW)
