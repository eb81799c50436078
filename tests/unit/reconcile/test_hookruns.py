from typing import Any

import pytest

from controller.definitions.findings import DefinitionId
from controller.definitions.hooks import Hook, Phase
from controller.objects import ObjectKey
from controller.plan.steps import HookStep, Plan
from controller.reconcile import hookruns
from controller.state.records import ApplicationRecord, ApplicationSpec, HookRuns, ObjectResult


def hook(phase: Phase, name: str = "a") -> HookStep:
    return HookStep(
        phase=phase,
        key=ObjectKey("batch", "Job", "ns", name),
        component=DefinitionId("Job", "ns", name),
        manifest={},
        hook=Hook(phases=(phase,), policies=frozenset()),
    )


def plan(*hooks: HookStep, revision: str = "r1") -> Plan:
    return Plan(application="a", revision=revision, waves=(), hooks=hooks)


def ran(phase: Phase, how: str = "Succeeded", **fields: Any) -> ObjectResult:
    status = "Synced" if how == "Succeeded" else "SyncFailed"
    given = {"key": "batch/Job ns/a", "action": "create", "status": status, **fields}
    return ObjectResult(sync_phase=phase, hook_phase=how, **given)


ALL = plan(*map(hook, Phase))


def owed(what: Plan, runs: HookRuns | None, *, is_whole: bool = True) -> list[str]:
    record = ApplicationRecord(spec=ApplicationSpec(name="a", repo_url="/r"), hooks=runs)
    return [step.phase for step in hookruns.owed(what, record, is_whole=is_whole)]


def test_a_revision_owes_the_phases_that_did_not_pass() -> None:
    runs = hookruns.after(None, ALL, [ran(Phase.PRE_SYNC), ran(Phase.SYNC, "Failed")])

    assert owed(ALL, runs) == ["Sync", "PostSync", "SyncFail"]
    assert owed(plan(*ALL.hooks, revision="r2"), runs) == list(Phase)


def test_what_comes_after_everything_waits_for_everything() -> None:
    assert owed(ALL, None, is_whole=False) == ["PreSync", "Sync", "SyncFail"]


def test_hooks_of_failure_answer_to_each_failure() -> None:
    runs = hookruns.after(None, ALL, [ran(Phase.SYNC_FAIL)])

    assert owed(ALL, runs) == list(Phase)


def test_a_phase_passes_with_all_its_hooks() -> None:
    two = plan(hook(Phase.PRE_SYNC, "a"), hook(Phase.PRE_SYNC, "b"))

    assert hookruns.after(None, two, [ran(Phase.PRE_SYNC)]).passed == ()
    assert hookruns.after(None, two, [ran(Phase.PRE_SYNC)] * 2).passed == ("PreSync",)


def test_a_phase_that_was_not_run_stays_as_it_was_and_one_that_failed_does_not() -> None:
    before = HookRuns(revision="r1", passed=("PostSync", "PreSync"))
    what = plan(hook(Phase.POST_SYNC))

    after = hookruns.after(before, what, [ran(Phase.POST_SYNC, "Failed")])

    assert after == HookRuns(revision="r1", passed=("PreSync",))


@pytest.mark.parametrize(
    ("result", "is_retried"),
    [
        pytest.param(ran(Phase.POST_SYNC, "Failed"), True, id="failed"),
        pytest.param(ran(Phase.SYNC, "Failed"), True, id="failed-between-objects"),
        pytest.param(ran(Phase.POST_SYNC, ""), True, id="not-run-since-health-timed-out"),
        pytest.param(ran(Phase.POST_SYNC, "", status="HookSkipped"), False, id="skipped"),
        pytest.param(ran(Phase.SYNC, ""), False, id="an-object"),
        pytest.param(ran(Phase.SYNC_FAIL, "Failed"), False, id="of-failure"),
        pytest.param(ran(Phase.PRE_SYNC), False, id="succeeded"),
    ],
)
def test_hooks_that_failed_are_tried_again(result: ObjectResult, *, is_retried: bool) -> None:
    assert bool(hookruns.failure([result])) is is_retried
