"""When an application has to be visited again, whatever happens until then. Pure."""

from collections.abc import Iterator
from datetime import datetime

from controller.reconcile import windows
from controller.state.records import ApplicationRecord


def next_visit_s(record: ApplicationRecord, now: datetime) -> float | None:
    """Give the seconds until the next time that something is due, None where nothing is."""
    coming = [time for time in _times(record, now) if time > now]
    return (min(coming) - now).total_seconds() if coming else None


def _times(record: ApplicationRecord, now: datetime) -> Iterator[datetime]:
    verdict = windows.judge(record.spec.sync_policy.windows, is_manual=False, now=now)
    if verdict.changes_at:
        yield verdict.changes_at
    for retry in record.retries:
        if retry.next_at:
            yield retry.next_at
    for item in record.corrections:
        if item.until:
            yield item.until
