import dataclasses
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from controller.definitions.findings import DefinitionId
from controller.definitions.hooks import Hook, Phase
from controller.health import HealthStatus
from controller.objects import ObjectKey
from controller.plan.steps import Action, HookStep, Plan, Step
from controller.reconcile import retries
from controller.state.records import ObjectResult, Retry, RetryPolicy

NOW = datetime(2026, 1, 1, tzinfo=UTC)
POLICY = RetryPolicy(duration_s=5, factor=2, max_duration_s=30)


def id_of(name: str) -> DefinitionId:
    return DefinitionId("Agent", "ns", name)


def step(name: str, *, text: str = "", action: Action = Action.UPDATE) -> Step:
    return Step(
        action=action,
        key=ObjectKey("", "ConfigMap", "ns", name),
        component=id_of(name),
        manifest={"data": {"text": text}},
    )


def plan(*changes: Step, unchanged: tuple[Step, ...] = (), revision: str = "r1") -> Plan:
    return Plan(
        application="a",
        revision=revision,
        waves=(changes,),
        unchanged=unchanged,
        depends_on={id_of("caller"): frozenset({id_of("tool")})},
    )


def outcome(
    what: Plan,
    *failed: str,
    inputs: Mapping[str, str] | None = None,
    seconds: float = 0,
    chance: float = 0,
) -> retries.Outcome:
    return retries.Outcome(
        plan=what,
        results=tuple(
            ObjectResult(
                key=str(item.key),
                action="update",
                status="SyncFailed" if item.key.name in failed else "Synced",
                message="no" if item.key.name in failed else "",
            )
            for item in what.changes
        ),
        inputs=inputs or {},
        now=NOW + timedelta(seconds=seconds),
        chance=chance,
    )


def fail(times: int, policy: RetryPolicy = POLICY) -> list[float | None]:
    """Give the wait after each of some failures in a row, in seconds."""
    known: tuple[Retry, ...] = ()
    waits: list[float | None] = []
    for _ in range(times):
        known = retries.after(known, outcome(plan(step("a")), "a"), policy)
        at = known[0].next_at
        waits.append((at - NOW).total_seconds() if at else None)
    return waits


def test_waits_grow_up_to_a_maximum() -> None:
    assert fail(5) == [5, 10, 20, 30, 30]


def test_a_limit_ends_the_tries() -> None:
    assert fail(3, RetryPolicy(limit=2)) == [5, 10, None]
    assert fail(1, RetryPolicy(limit=0)) == [None]


def test_waits_are_lengthened_at_random() -> None:
    (failed,) = retries.after((), outcome(plan(step("a")), "a", chance=0.5), POLICY)

    assert failed.next_at == NOW + timedelta(seconds=5.25)


def test_what_was_done_waits_no_more_and_what_was_left_out_still_does() -> None:
    known = retries.after((), outcome(plan(step("a"), step("b")), "a", "b"), POLICY)

    known = retries.after(known, outcome(plan(step("a"))), POLICY)

    assert [item.unit for item in known] == ["Agent ns/b"]


@pytest.mark.parametrize(
    ("second", "inputs"),
    [
        pytest.param(plan(step("a"), revision="r2"), {}, id="revision"),
        pytest.param(plan(step("a")), {"Agent ns/a": "other"}, id="inputs"),
    ],
)
def test_a_change_counts_from_the_beginning(second: Plan, inputs: dict[str, str]) -> None:
    known = retries.after((), outcome(plan(step("a")), "a"), POLICY)
    known = retries.after(known, outcome(second, "a", inputs=inputs), POLICY)

    assert [item.tries for item in known] == [1]


def test_an_orphan_that_could_not_be_deleted_waits_by_itself() -> None:
    orphan = Step(action=Action.PRUNE, key=step("old").key, component=None, manifest=None, live={})
    what = Plan(application="a", revision="r1", waves=(), prunes=(orphan,))
    result = ObjectResult(key=str(orphan.key), action="prune", status="PruneSkipped", message="no")
    done = retries.Outcome(plan=what, results=(result,), inputs={}, now=NOW, chance=0)

    (waits,) = retries.after((), done, POLICY)

    assert waits.unit == "ConfigMap ns/old"


def hashes(what: Plan, health: HealthStatus = HealthStatus.HEALTHY) -> dict[str, str]:
    return retries.inputs(what, ["Agent ns/caller"], lambda _: health)


def test_inputs_stay_while_nothing_changes() -> None:
    assert hashes(plan(step("caller"))) == hashes(plan(step("caller")))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(
            hashes(plan(step("caller"))), hashes(plan(step("caller", text="x"))), id="itself"
        ),
        pytest.param(
            hashes(plan(step("caller"), step("tool"))),
            hashes(plan(step("caller"), unchanged=(step("tool"),))),
            id="what-it-needs-was-applied",
        ),
        pytest.param(
            hashes(plan(step("caller"), unchanged=(step("tool"),)), HealthStatus.PROGRESSING),
            hashes(plan(step("caller"), unchanged=(step("tool"),))),
            id="what-it-needs-became-healthy",
        ),
        pytest.param(
            hashes(plan(step("caller"))),
            hashes(plan(step("caller"), unchanged=(step("tool"),))),
            id="what-it-needs-arrived",
        ),
    ],
)
def test_inputs_change_with_what_matters(before: object, after: object) -> None:
    assert before != after


def test_hooks_are_tried_less_often_than_objects_where_nobody_says() -> None:
    hook = ObjectResult(
        key="batch/Job ns/last",
        action="create",
        status="SyncFailed",
        sync_phase="PostSync",
        hook_phase="Failed",
    )
    key = ObjectKey("batch", "Job", "ns", "last")
    run = HookStep(
        phase=Phase.POST_SYNC,
        key=key,
        component=id_of("last"),
        manifest={},
        hook=Hook(phases=(Phase.POST_SYNC,), policies=frozenset()),
    )
    what = dataclasses.replace(plan(), hooks=(run,))
    known: tuple[Retry, ...] = ()
    tries = []
    for _ in range(7):
        ended = dataclasses.replace(outcome(what), results=(hook,))
        known = retries.after(known, ended, RetryPolicy())
        tries.append(known[0].next_at is not None)

    assert tries == [True] * 5 + [False] * 2
