"""Which hooks a sync still owes to a revision, and when they are tried again.

A revision runs each phase of its hooks until it passes, and then no more by itself: the retry of a
component is no new release, and neither is a correction. Argo CD runs the hooks again in every sync
but a selective one; it retries the whole sync where we retry one component. A sync that somebody
asks for runs them all, as there. Pure.
"""

from collections import Counter
from collections.abc import Iterable

from controller.definitions.hooks import Phase
from controller.plan.steps import HookStep, Plan
from controller.state.records import ApplicationRecord, HookRuns, ObjectResult
from controller.sync.results import FAILED

UNIT = "hooks"
"""What is tried again where a hook fails, beside the components."""


def owed(plan: Plan, record: ApplicationRecord, *, is_whole: bool) -> tuple[HookStep, ...]:
    """Give the hooks of a plan that a sync by itself has to run.

    Args:
        plan: with all hooks.
        record: knows which phases this revision has behind it.
        is_whole: whether everything is tried; if not, what comes after everything has to wait.
    """
    done = {*_passed(record.hooks, plan)} | (set() if is_whole else {Phase.POST_SYNC})
    return tuple(step for step in plan.hooks if step.phase not in done)


def after(before: HookRuns | None, plan: Plan, results: Iterable[ObjectResult]) -> HookRuns:
    """Give the phases that a revision has behind it, after an operation.

    SyncFail is none of them: its hooks answer to each failure.
    """
    wanted = Counter(str(step.phase) for step in plan.hooks)
    ran = Counter(one.sync_phase for one in results if one.hook_phase == "Succeeded")
    passed = {phase for phase, count in wanted.items() if ran[phase] == count} - {Phase.SYNC_FAIL}
    kept = {*_passed(before, plan)} - {*wanted}
    return HookRuns(revision=plan.revision, passed=tuple(sorted(kept | passed)))


def failure(results: Iterable[ObjectResult]) -> str:
    """Give why hooks are to be tried again, empty where they are not."""
    failed = [one for one in results if one.status == FAILED and _is_retried(one)]
    return f"{failed[0].key}: {failed[0].message}" if failed else ""


def _passed(runs: HookRuns | None, plan: Plan) -> tuple[str, ...]:
    return runs.passed if runs and runs.revision == plan.revision else ()


def _is_retried(result: ObjectResult) -> bool:
    # Of the objects between the hooks, none has the phase of a hook.
    is_hook = bool(result.hook_phase) or result.sync_phase != Phase.SYNC
    return is_hook and result.sync_phase != Phase.SYNC_FAIL
