"""What is worth knowing about an application beside its objects, with stable reason codes. Pure."""

from collections.abc import Iterator
from datetime import datetime

from controller.plan.steps import Plan
from controller.reconcile import corrections, decision, retries, windows
from controller.reconcile.revisions import Revision
from controller.state.records import ApplicationRecord, SyncMode


def of(
    record: ApplicationRecord, revision: Revision, plan: Plan, now: datetime
) -> Iterator[tuple[str, str]]:
    """Give type and message of each condition; a message changes only where the matter does."""
    if revision.problem:
        yield "SourceError", revision.problem
    if revision.hold:
        held, newest = revision.hold.revision[:7], revision.hold.instead_of[:7]
        yield "Held", f"{held} is held in place of {newest} until the next commit or sync."
    yield from _held_up(record, plan, now)
    failed = [*retries.standing(plan, record.retries).values()]
    if failed:
        more = f" (and {len(failed) - 1} more)" if len(failed) > 1 else ""
        yield "SyncError", f"{failed[0].unit}: {failed[0].message}{more}"
    for item in corrections.contested(record.corrections, now):
        yield "Contested", corrections.told(item)


def _held_up(record: ApplicationRecord, plan: Plan, now: datetime) -> Iterator[tuple[str, str]]:
    """Why nothing happens although git may ask for it."""
    policy, operation = record.spec.sync_policy, record.operation
    if record.suspension:
        yield "Suspended", f"Nothing is synced: suspended by {record.suspension.by}."
    elif record.spec.suspend:
        yield "Suspended", "Nothing is synced: the Application says `suspend: true`."
    if plan.is_empty:
        return
    verdict = windows.judge(policy.windows, is_manual=False, now=now)
    if policy.mode is SyncMode.ENFORCE and not verdict.may_sync:
        yield "SyncWindow", f"Nothing is synced by itself: {verdict.reason}."
    if policy.mode is SyncMode.WARN:
        count = len(plan.changes)
        noun = "object differs" if count == 1 else "objects differ"
        yield "DriftDetected", f"{count} {noun} from git, and the mode is to warn only."
    if operation and decision.is_terminated(record, plan.revision):
        yield (
            "Terminated",
            (
                f"Operation {operation.id} was terminated by {operation.terminated_by}: nothing "
                "more is synced before the next commit or sync."
            ),
        )
