import dataclasses
from datetime import UTC, datetime, timedelta

from controller.definitions.findings import DefinitionId
from controller.objects import ObjectKey
from controller.plan.steps import Plan
from controller.reconcile import operations
from controller.source.snapshot import Commit
from controller.state.records import (
    ApplicationRecord,
    ApplicationSpec,
    ObjectResult,
    OperationPhase,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)
COMMIT = Commit(
    revision="abc", author="Ada", email="ada@x", message="Add triage\n\nBody", committed_at=NOW
)
PLAN = Plan(application="a", revision="abc", waves=())
KEY = ObjectKey("", "ConfigMap", "agents", "a")
RECORD = ApplicationRecord(spec=ApplicationSpec(name="a", repo_url="/r"))


def result(status: str = "Synced", action: str = "update", message: str = "") -> ObjectResult:
    return ObjectResult(key=str(KEY), action=action, status=status, message=message)


def run(record: ApplicationRecord, *results: ObjectResult, minutes: int = 0) -> ApplicationRecord:
    now = NOW + timedelta(minutes=minutes)
    begun = operations.begin(record, COMMIT, initiated_by="automated", now=now)
    return operations.finish(begun, results, plan=PLAN, now=now)


def test_an_operation_tells_who_changed_what() -> None:
    operation = run(RECORD, result()).history[0]

    assert (operation.id, operation.author, operation.message) == (1, "Ada", "Add triage")
    assert operation.phase is OperationPhase.SUCCEEDED


def test_success_records_the_revision() -> None:
    assert run(RECORD, result()).status.synced_revision == "abc"


def test_a_failed_object_fails_the_operation() -> None:
    done = run(RECORD, result("SyncFailed", message="no"))

    assert done.history[0].phase is OperationPhase.FAILED
    assert done.status.synced_revision == ""


def test_a_blocked_definition_keeps_the_revision_from_counting_as_synced() -> None:
    plan = Plan(
        application="a", revision="abc", waves=(), blocked=((DefinitionId("Agent", "n", "x"), "r"),)
    )
    begun = operations.begin(RECORD, COMMIT, initiated_by="automated", now=NOW)

    done = operations.finish(begun, [], plan=plan, now=NOW)

    assert done.history[0].phase is OperationPhase.FAILED
    assert "Agent n/x" in done.history[0].result_message


def test_part_of_a_plan_does_not_bring_the_application_to_its_revision() -> None:
    begun = operations.begin(RECORD, COMMIT, initiated_by="self-heal", now=NOW)

    done = operations.finish(
        begun, [result()], plan=dataclasses.replace(PLAN, is_partial=True), now=NOW
    )

    assert done.history[0].phase is OperationPhase.SUCCEEDED
    assert done.status.synced_revision == ""


def test_the_same_failure_again_counts_instead_of_filling_history() -> None:
    once = run(RECORD, result("SyncFailed", message="no"))
    twice = run(once, result("SyncFailed", message="no"), minutes=5)

    assert [item.retry_count for item in twice.history] == [1]
    assert twice.history[0].started_at == NOW


def test_history_ends_at_fifty() -> None:
    record = RECORD
    for number in range(60):
        record = run(record, result(message=str(number)))

    assert len(record.history) == 50
    assert record.history[0].id == 60


def test_intent_is_remembered_before_and_pruned_objects_are_forgotten_after() -> None:
    begun = operations.begin(RECORD, COMMIT, initiated_by="automated", now=NOW)
    intended = operations.intend(begun, {KEY})
    done = operations.finish(intended, [result("Pruned", "prune")], plan=PLAN, now=NOW)

    assert intended.inventory == (str(KEY),)
    assert done.inventory == ()


def test_an_operation_cut_off_by_a_crash_is_closed_with_the_next() -> None:
    begun = operations.begin(RECORD, COMMIT, initiated_by="automated", now=NOW)

    again = run(begun, result())

    assert [item.phase for item in again.history] == [
        OperationPhase.SUCCEEDED,
        OperationPhase.ERROR,
    ]


def test_a_lost_database_takes_back_what_carries_our_marks() -> None:
    ours = {"metadata": {"annotations": {"roster.dev/component": "ConfigMap agents/a"}}}
    other = ObjectKey("", "ConfigMap", "agents", "copied-label")

    found = operations.inventory(RECORD, {KEY: ours, other: {"metadata": {}}})

    assert found == {KEY}


def test_a_record_with_a_past_is_believed() -> None:
    ours = {"metadata": {"annotations": {"roster.dev/component": "ConfigMap agents/a"}}}

    assert operations.inventory(run(RECORD, result()), {KEY: ours}) == frozenset()
