"""Whether a visit should sync, what of the plan, and in whose name. Pure."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from controller.objects import ObjectKey
from controller.objects.metadata import is_being_deleted
from controller.plan import selection
from controller.plan.steps import Plan, Step
from controller.reconcile import corrections, hookruns, retries, windows
from controller.reconcile.windows import Verdict
from controller.state.records import ApplicationRecord, OperationPhase, SyncRequest

AUTOMATED = "automated"
SELF_HEAL = "self-heal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Sync or not, what, in whose name, and why."""

    sync: bool
    plan: Plan
    """What to carry out."""
    initiated_by: str = ""
    reason: str = ""
    is_refused: bool = False
    """Whether what was asked for is not to be done, now or later."""
    drift: frozenset[ObjectKey] = frozenset()
    """Objects of the plan that only go back to what they were: corrections."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What is known beside plan and record."""

    now: datetime
    inputs: Mapping[str, str]
    """Of the units that failed before, as `retries.inputs` gives them."""


def decide(
    record: ApplicationRecord,
    plan: Plan,
    request: SyncRequest | None,
    circumstances: Circumstances,
) -> Decision:
    """Apply the application's policy to a plan.

    A request syncs all of it. Without one, an automated application follows git: what a new
    revision changes is applied, what failed is tried again when its time has come, and drift is
    corrected where `self_heal` allows it (Argo CD's `syncPolicy.automated`). An operation that the
    stored record shows as running was cut off by a crash, since visits do not overlap: it is done
    again, also where everything turns out to be written, so that it does not look unfinished for
    ever.
    """
    policy, now = record.spec.sync_policy, circumstances.now
    if record.is_suspended:
        return Decision(sync=False, plan=plan, reason="suspended")
    verdict = windows.judge(policy.windows, is_manual=request is not None, now=now)
    if request is not None:
        return _requested(plan, request, verdict)
    if record.operation and record.operation.phase is OperationPhase.RUNNING:
        by = record.operation.initiated_by
        return Decision(sync=True, plan=plan, initiated_by=by, reason="the last was cut off")
    if reason := _reason_to_wait(record, plan, verdict):
        return Decision(sync=False, plan=plan, reason=reason)
    return _automatic(record, plan, circumstances)


def _requested(plan: Plan, request: SyncRequest, verdict: Verdict) -> Decision:
    by, reason = request.initiated_by, verdict.reason or "requested"
    # A dry run changes nothing, so that no window closes before it.
    may_sync = verdict.may_sync or request.dry_run
    if request.resources:
        if missing := selection.unknown(plan, request.resources):
            may_sync, reason = False, f"the application has no object {missing[0]}"
        plan = selection.choose(plan, request.resources)
    if request.skip_hooks:
        plan = replace(plan, hooks=())
    return Decision(
        sync=may_sync, plan=plan, initiated_by=by, reason=reason, is_refused=not may_sync
    )


def _reason_to_wait(record: ApplicationRecord, plan: Plan, verdict: Verdict) -> str:
    """Tell why nothing happens without a person, empty where something may."""
    if plan.is_empty and hookruns.UNIT not in retries.standing(plan, record.retries):
        return "nothing to do"
    if not record.spec.sync_policy.automated:
        return "sync is manual for this application"
    if is_terminated(record, plan.revision):
        return "its operation was terminated"
    return verdict.reason


def is_terminated(record: ApplicationRecord, revision: str) -> bool:
    """Tell whether a person ended the last operation at this revision."""
    operation = record.operation
    return operation is not None and bool(
        operation.terminated_by and operation.revision == revision
    )


def _automatic(record: ApplicationRecord, plan: Plan, circumstances: Circumstances) -> Decision:
    now, policy = circumstances.now, record.spec.sync_policy
    standing = retries.standing(plan, record.retries)
    wait = retries.waiting(standing, circumstances.inputs, policy.retry, now)
    left_out = retries.left_out(plan, wait)
    # What is being deleted comes back when it is gone, of which the watches tell: the correction of
    # others does not wait for it.
    alone = corrections.left_alone(record.corrections, now) | {
        step.key for step in plan.changes if is_being_deleted(step.live)
    }
    drift = frozenset(
        step.key for step in plan.changes if corrections.is_drift(step, record, plan.revision)
    )

    def is_due(step: Step) -> bool:
        is_corrected = policy.self_heal and step.key not in alone
        return retries.unit(step) not in left_out and (step.key not in drift or is_corrected)

    is_whole = left_out.isdisjoint(map(retries.unit, plan.changes))
    chosen = replace(plan.only(is_due), hooks=hookruns.owed(plan, record, is_whole=is_whole))
    if chosen.is_empty and not (is_whole and hookruns.UNIT in standing.keys() - wait.keys()):
        return Decision(sync=False, plan=plan, reason=_why_not(wait, heals=policy.self_heal))
    corrected = drift & {step.key for step in chosen.changes}
    is_healing = bool(corrected) and len(corrected) == len(chosen.changes)
    return Decision(
        sync=True,
        # A corrected field is no new release: Argo CD runs no hooks for it either.
        plan=replace(chosen, hooks=()) if is_healing else chosen,
        initiated_by=SELF_HEAL if is_healing else AUTOMATED,
        reason="drift" if is_healing else "git asks for it",
        drift=corrected,
    )


def _why_not(wait: Collection[str], *, heals: bool) -> str:
    if wait:
        return f"waits to try again: {', '.join(sorted(wait))}"
    return (
        "contested objects, and those that are being deleted, are left alone"
        if heals
        else "drift is reported only"
    )
