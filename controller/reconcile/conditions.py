"""What is worth knowing about an application beside its objects, with stable reason codes. Pure."""

from collections.abc import Iterator
from datetime import datetime

from controller.plan.steps import Plan
from controller.reconcile import corrections, retries
from controller.reconcile.revisions import Revision
from controller.state.records import ApplicationRecord


def of(
    record: ApplicationRecord, revision: Revision, plan: Plan, now: datetime
) -> Iterator[tuple[str, str]]:
    """Give type and message of each condition; a message changes only where the matter does."""
    if revision.problem:
        yield "SourceError", revision.problem
    if revision.hold:
        held, newest = revision.hold.revision[:7], revision.hold.instead_of[:7]
        yield "Held", f"{held} is held in place of {newest} until the next commit or sync."
    failed = [*retries.standing(plan, record.retries).values()]
    if failed:
        more = f" (and {len(failed) - 1} more)" if len(failed) > 1 else ""
        yield "SyncError", f"{failed[0].unit}: {failed[0].message}{more}"
    for item in corrections.contested(record.corrections, now):
        yield "Contested", corrections.told(item)
