"""What a visit found and did, for metrics and for its one line in the log."""

from collections.abc import Iterable

from controller import telemetry
from controller.state.records import (
    ApplicationRecord,
    ApplicationStatus,
    ObjectResult,
    SyncStatus,
)

_WRITTEN = frozenset({"create", "update"})
_DONE = frozenset({"Synced", "Pruned"})


def drifted(before: ApplicationStatus, after: ApplicationStatus) -> int:
    """Count the objects that were Synced and no longer are although git asks for the same."""
    if before.commit is None or after.commit is None:
        return 0
    if before.commit.revision != after.commit.revision:
        return 0
    synced = {item.key for item in before.objects if item.sync is SyncStatus.SYNCED}
    return sum(item.key in synced and item.sync is SyncStatus.OUT_OF_SYNC for item in after.objects)


def written(results: Iterable[ObjectResult]) -> int:
    """Count the objects that were changed."""
    return sum(result.action in _WRITTEN and result.status in _DONE for result in results)


def observe_status(before: ApplicationRecord, after: ApplicationRecord) -> None:
    """Count the drift between two looks at an application."""
    found = drifted(before.status, after.status)
    if found:
        telemetry.DRIFT_FOUND.labels(application=after.spec.name).inc(found)


def observe_operation(done: ApplicationRecord, results: Iterable[ObjectResult]) -> None:
    """Count an operation that has ended, and what it corrected."""
    operation, name = done.operation, done.spec.name
    if operation is None:
        return
    listed = tuple(results)
    telemetry.OPERATIONS.labels(application=name, phase=operation.phase).inc()
    if operation.initiated_by == "self-heal" and (corrected := written(listed)):
        telemetry.DRIFT_CORRECTED.labels(application=name).inc(corrected)
    telemetry.note(operation=operation.id, phase=str(operation.phase), written=written(listed))


def note_visit(seen: ApplicationRecord) -> None:
    """Say in the visit's line of the log how the application stands."""
    status = seen.status
    telemetry.note(
        revision=status.commit.revision if status.commit else "",
        sync=str(status.sync),
        health=str(status.health),
        objects=len(status.objects),
    )
