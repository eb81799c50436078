from datetime import UTC, datetime

import pytest

from controller.objects import ObjectKey
from controller.plan.steps import Action, Plan, Step
from controller.reconcile.decision import decide
from controller.state.records import (
    ApplicationRecord,
    ApplicationSpec,
    ApplicationStatus,
    Operation,
    OperationPhase,
    SyncPolicy,
    SyncRequest,
)

STEP = Step(
    action=Action.UPDATE,
    key=ObjectKey("", "ConfigMap", "agents", "a"),
    component=None,
    manifest={"kind": "ConfigMap"},
)
CHANGES = Plan(application="a", revision="new", waves=((STEP,),))
NOTHING = Plan(application="a", revision="new", waves=())


def record(
    policy: SyncPolicy, *, synced: str = "new", phase: OperationPhase | None = None
) -> ApplicationRecord:
    operation = phase and Operation(
        id=1, revision=synced, phase=phase, started_at=datetime(2026, 1, 1, tzinfo=UTC)
    )
    return ApplicationRecord(
        spec=ApplicationSpec(name="a", repo_url="/r", sync_policy=policy),
        status=ApplicationStatus(synced_revision=synced),
        operation=operation or None,
    )


@pytest.mark.parametrize(
    ("policy", "synced", "plan", "expected"),
    [
        pytest.param(SyncPolicy(), "old", CHANGES, "automated", id="new-revision"),
        pytest.param(SyncPolicy(), "new", CHANGES, "self-heal", id="drift"),
        pytest.param(SyncPolicy(self_heal=False), "new", CHANGES, None, id="drift-reported-only"),
        pytest.param(SyncPolicy(self_heal=False), "old", CHANGES, "automated", id="revision-wins"),
        pytest.param(SyncPolicy(automated=False), "old", CHANGES, None, id="manual"),
        pytest.param(SyncPolicy(), "old", NOTHING, None, id="nothing-to-do"),
    ],
)
def test_policy_decides(policy: SyncPolicy, synced: str, plan: Plan, expected: str | None) -> None:
    decision = decide(record(policy, synced=synced), plan, None)

    assert (decision.initiated_by if decision.sync else None) == expected


def test_a_failed_try_is_repeated_without_self_heal() -> None:
    failed = record(SyncPolicy(self_heal=False), phase=OperationPhase.FAILED)

    assert decide(failed, CHANGES, None).sync


def test_a_request_syncs_whatever_the_policy() -> None:
    manual = record(SyncPolicy(automated=False))

    decision = decide(manual, NOTHING, SyncRequest(initiated_by="ada"))

    assert (decision.sync, decision.initiated_by) == (True, "ada")


@pytest.mark.parametrize("plan", [CHANGES, NOTHING])
def test_an_operation_that_was_cut_off_is_done_again(plan: Plan) -> None:
    """Also where it had written everything: it would look unfinished for ever."""
    cut_off = record(SyncPolicy(automated=False), phase=OperationPhase.RUNNING)

    assert decide(cut_off, plan, None).sync
