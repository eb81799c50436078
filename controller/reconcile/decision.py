"""Whether a visit should sync, and who asked for it. Pure: everything comes in as arguments."""

from dataclasses import dataclass

from controller.plan.steps import Plan
from controller.state.records import ApplicationRecord, OperationPhase, SyncRequest


@dataclass(frozen=True, slots=True)
class Decision:
    """Sync or not, in whose name, and why."""

    sync: bool
    initiated_by: str = ""
    reason: str = ""


def decide(record: ApplicationRecord, plan: Plan, request: SyncRequest | None) -> Decision:
    """Apply the application's policy to a plan.

    A request always syncs. Without one, an automated application follows git: a revision that is
    not yet synced is applied, one that failed is tried again, and drift is corrected where
    `self_heal` allows it (Argo CD's `syncPolicy.automated`). An operation that the stored record
    shows as running was cut off by a crash, since visits do not overlap: it is done again, also
    where everything turns out to be written, so that it does not look unfinished for ever.
    """
    if request is not None:
        return Decision(sync=True, initiated_by=request.initiated_by, reason="requested")
    if record.operation and record.operation.phase is OperationPhase.RUNNING:
        by = record.operation.initiated_by
        return Decision(sync=True, initiated_by=by, reason="the last operation was cut off")
    if plan.is_empty:
        return Decision(sync=False, reason="nothing to do")
    if not record.spec.sync_policy.automated:
        return Decision(sync=False, reason="sync is manual for this application")
    return _automatic(record, plan)


def _automatic(record: ApplicationRecord, plan: Plan) -> Decision:
    if plan.revision != record.status.synced_revision:
        return Decision(sync=True, initiated_by="automated", reason="new revision")
    if record.operation and record.operation.phase is not OperationPhase.SUCCEEDED:
        return Decision(sync=True, initiated_by="automated", reason="the last try failed")
    if record.spec.sync_policy.self_heal:
        return Decision(sync=True, initiated_by="self-heal", reason="drift")
    return Decision(sync=False, reason="drift is reported only: selfHeal is off")
