"""When an application has to be visited again, whatever happens until then. Pure."""

from collections.abc import Iterator
from datetime import datetime

from controller.state.records import ApplicationRecord


def next_visit_s(record: ApplicationRecord, now: datetime) -> float | None:
    """Give the seconds until the next time that something is due, None where nothing is."""
    coming = [time for time in _times(record) if time > now]
    return (min(coming) - now).total_seconds() if coming else None


def _times(record: ApplicationRecord) -> Iterator[datetime]:
    for retry in record.retries:
        if retry.next_at:
            yield retry.next_at
    for item in record.corrections:
        if item.until:
            yield item.until
