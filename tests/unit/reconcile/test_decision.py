from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from controller.definitions.findings import DefinitionId
from controller.objects import ObjectKey
from controller.objects.metadata import CONTENT_HASH
from controller.plan.steps import Action, Plan, Step
from controller.reconcile.decision import Circumstances, decide
from controller.state.records import (
    ApplicationRecord,
    ApplicationSpec,
    ApplicationStatus,
    Correction,
    Operation,
    OperationPhase,
    Retry,
    Suspension,
    SyncPolicy,
    SyncRequest,
    SyncWindow,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)
KNOWN = Circumstances(now=NOW, inputs={"ConfigMap agents/a": "same"})


def step(name: str = "a", *, applied: str = "old", **fields: Any) -> Step:
    """An update of an object that has the content `new` in git and was applied with another."""

    def manifest(content: str) -> dict[str, Any]:
        return {"kind": "ConfigMap", "metadata": {"annotations": {CONTENT_HASH: content}}}

    defaults: dict[str, Any] = {
        "action": Action.UPDATE,
        "component": DefinitionId("ConfigMap", "agents", name, ""),
        "manifest": manifest("new"),
        "live": manifest(applied),
    }
    return Step(key=ObjectKey("", "ConfigMap", "agents", name), **{**defaults, **fields})


def plan(*steps: Step, revision: str = "new") -> Plan:
    return Plan(application="a", revision=revision, waves=(steps,) if steps else ())


CHANGE, DRIFT = step(), step(applied="new")


def record(policy: SyncPolicy, *, synced: str = "new", **fields: Any) -> ApplicationRecord:
    return ApplicationRecord(
        spec=ApplicationSpec(name="a", repo_url="/r", sync_policy=policy),
        status=ApplicationStatus(synced_revision=synced),
        **fields,
    )


@pytest.mark.parametrize(
    ("policy", "what", "expected"),
    [
        pytest.param(SyncPolicy(), plan(CHANGE), "automated", id="new-content"),
        pytest.param(SyncPolicy(), plan(DRIFT), "self-heal", id="drift"),
        pytest.param(SyncPolicy(self_heal=False), plan(DRIFT), None, id="drift-reported-only"),
        pytest.param(SyncPolicy(self_heal=False), plan(CHANGE), "automated", id="content-wins"),
        pytest.param(SyncPolicy(automated=False), plan(CHANGE), None, id="manual"),
        pytest.param(SyncPolicy(), plan(), None, id="nothing-to-do"),
    ],
)
def test_policy_decides(policy: SyncPolicy, what: Plan, expected: str | None) -> None:
    decision = decide(record(policy), what, None, KNOWN)

    assert (decision.initiated_by if decision.sync else None) == expected


def test_drift_is_left_out_of_what_a_commit_brings_where_it_is_only_reported() -> None:
    policy = SyncPolicy(self_heal=False)

    decision = decide(record(policy), plan(CHANGE, step("b", applied="new")), None, KNOWN)

    assert [item.key.name for item in decision.plan.changes] == ["a"]
    assert decision.plan.is_partial


@pytest.mark.parametrize(
    ("synced", "inventory", "is_correction"),
    [
        pytest.param("new", True, True, id="deleted-by-somebody"),
        pytest.param("new", False, False, id="never-made"),
        pytest.param("old", True, False, id="cut-off-before-it-was-made"),
    ],
)
def test_what_is_missing_is_drift_where_it_was_there(
    synced: str, inventory: bool, is_correction: bool
) -> None:
    missing = step(action=Action.CREATE, live=None)
    known = record(SyncPolicy(), synced=synced, inventory=(str(missing.key),) if inventory else ())

    decision = decide(known, plan(missing), None, KNOWN)

    assert (decision.initiated_by == "self-heal") is is_correction


def retry(**fields: Any) -> Retry:
    defaults = {
        "unit": "ConfigMap agents/a",
        "revision": "new",
        "inputs": "same",
        "next_at": NOW + timedelta(seconds=5),
    }
    return Retry(**{**defaults, **fields})


@pytest.mark.parametrize(
    ("failed", "is_tried"),
    [
        pytest.param(retry(), False, id="waits"),
        pytest.param(retry(next_at=NOW), True, id="is-due"),
        pytest.param(retry(next_at=None), False, id="reached-its-limit"),
        pytest.param(retry(revision="old"), True, id="a-new-revision-ends-the-wait"),
        pytest.param(retry(inputs="before"), True, id="a-change-of-what-it-needs-ends-the-wait"),
        pytest.param(retry(next_at=None, inputs="before"), True, id="also-at-the-limit"),
        pytest.param(retry(next_at=NOW + timedelta(hours=2)), True, id="the-clock-was-set-back"),
        pytest.param(retry(unit="ConfigMap agents/b"), True, id="another-one-waits"),
    ],
)
def test_what_failed_is_tried_again_in_its_time(failed: Retry, is_tried: bool) -> None:
    decision = decide(record(SyncPolicy(), retries=(failed,)), plan(CHANGE), None, KNOWN)

    assert decision.sync is is_tried


def test_what_depends_on_something_that_waits_is_left_out_too() -> None:
    needs = {step("b").component: frozenset({CHANGE.component})}
    what = Plan(
        application="a",
        revision="new",
        waves=((CHANGE, step("b"), step("c")),),
        depends_on=needs,  # type: ignore[arg-type]  # components of steps made here are not None
    )

    decision = decide(record(SyncPolicy(), retries=(retry(),)), what, None, KNOWN)

    assert [item.key.name for item in decision.plan.changes] == ["c"]


def test_what_is_contested_is_left_alone_but_not_by_a_commit() -> None:
    fought = Correction(key=str(DRIFT.key), attempts=1, until=NOW + timedelta(seconds=2))
    known = record(SyncPolicy(), corrections=(fought,))

    assert not decide(known, plan(DRIFT), None, KNOWN).sync
    assert decide(known, plan(CHANGE), None, KNOWN).sync


def test_what_is_being_deleted_is_corrected_when_it_is_gone() -> None:
    """The correction of its neighbours does not wait for it."""
    going = {"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}}
    one = step(action=Action.CREATE, live=going)
    known = record(SyncPolicy(), inventory=(str(one.key),))

    assert not decide(known, plan(one), None, KNOWN).sync
    assert decide(known, plan(one, step("b", applied="new")), None, KNOWN).drift == {
        ObjectKey("", "ConfigMap", "agents", "b")
    }


def test_a_request_syncs_everything_whatever_the_policy() -> None:
    manual = record(SyncPolicy(automated=False), retries=(retry(),))

    decision = decide(manual, plan(CHANGE), SyncRequest(initiated_by="ada"), KNOWN)

    assert (decision.sync, decision.initiated_by) == (True, "ada")
    assert decision.plan == plan(CHANGE)


@pytest.mark.parametrize("what", [plan(CHANGE), plan()])
def test_an_operation_that_was_cut_off_is_done_again(what: Plan) -> None:
    """Also where it had written everything: it would look unfinished for ever."""
    running = Operation(id=1, revision="new", started_at=NOW)
    cut_off = record(SyncPolicy(automated=False), operation=running)

    assert decide(cut_off, what, None, KNOWN).sync


CLOSED = SyncWindow(kind="deny", schedule="0 0 * * *", duration_s=3600)


def test_a_closed_window_stops_what_happens_by_itself_and_refuses_what_is_asked_for() -> None:
    known = record(SyncPolicy(windows=(CLOSED,)))

    by_itself = decide(known, plan(CHANGE), None, KNOWN)
    asked = decide(known, plan(CHANGE), SyncRequest(), KNOWN)

    assert (by_itself.sync, asked.sync, asked.is_refused) == (False, False, True)
    assert "denies syncs until" in asked.reason


def test_what_runs_is_brought_to_its_end_when_a_window_closes() -> None:
    running = Operation(id=1, revision="new", started_at=NOW)

    assert decide(
        record(SyncPolicy(windows=(CLOSED,)), operation=running), plan(CHANGE), None, KNOWN
    ).sync


@pytest.mark.parametrize("is_written_down", [True, False])
def test_nothing_happens_while_suspended_and_what_is_asked_for_waits(is_written_down: bool) -> None:
    known = record(
        SyncPolicy(), suspension=None if is_written_down else Suspension(by="ada", since=NOW)
    )
    spec = known.spec.model_copy(update={"suspend": is_written_down})
    known = known.model_copy(update={"spec": spec})

    for request in (None, SyncRequest()):
        decision = decide(known, plan(CHANGE), request, KNOWN)
        assert (decision.sync, decision.is_refused) == (False, False)


def test_a_terminated_operation_is_not_done_again_before_the_next_commit_or_request() -> None:
    ended = Operation(
        id=1, revision="new", started_at=NOW, phase=OperationPhase.FAILED, terminated_by="ada"
    )
    known = record(SyncPolicy(), operation=ended)

    assert not decide(known, plan(CHANGE), None, KNOWN).sync
    assert decide(known, plan(CHANGE, revision="newer"), None, KNOWN).sync
    assert decide(known, plan(CHANGE), SyncRequest(), KNOWN).sync
