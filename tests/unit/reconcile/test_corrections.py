from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest

from controller.diff.difference import Change, Difference, Outcome
from controller.objects import ObjectKey
from controller.plan.steps import Action, Plan, Step
from controller.reconcile import corrections
from controller.state.records import Correction

NOW = datetime(2026, 1, 1, tzinfo=UTC)
KEY = ObjectKey("apps", "Deployment", "agents", "triage")
LIVE = {
    "metadata": {
        "managedFields": [
            {
                "manager": "other-operator",
                "operation": "Update",
                "fieldsV1": {"f:spec": {"f:replicas": {}}},
            },
            {
                "manager": "kubelet",
                "operation": "Update",
                "subresource": "status",
                "fieldsV1": {"f:spec": {"f:replicas": {}}},
            },
            {"manager": "bystander", "operation": "Update", "fieldsV1": {"f:spec": {"f:x": {}}}},
            {"manager": "roster", "operation": "Apply", "fieldsV1": {"f:spec": {}}},
        ]
    }
}
STEP = Step(
    action=Action.UPDATE,
    key=KEY,
    component=None,
    manifest={},
    difference=Difference(
        key=KEY,
        outcome=Outcome.DIFFERENT,
        desired={},
        live=LIVE,
        changes=(Change(path="spec.replicas", before=3, after=1),),
    ),
)
PLAN = Plan(application="a", revision="r", waves=((STEP,),))


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def fight(seconds: Iterable[float]) -> tuple[Correction, ...]:
    known: tuple[Correction, ...] = ()
    for second in seconds:
        known = corrections.after(known, PLAN, [KEY], at(second))
    return known


def test_a_few_corrections_a_minute_are_made_at_once() -> None:
    known = fight(range(5))

    assert corrections.left_alone(known, at(5)) == frozenset()
    assert corrections.contested(known, at(5)) == ()


def test_the_sixth_within_a_minute_makes_it_contested() -> None:
    known = fight(range(6))

    assert corrections.left_alone(known, at(6)) == {KEY}
    assert corrections.left_alone(known, at(7)) == frozenset()
    (item,) = corrections.contested(known, at(8))
    assert item.writers == ("other-operator",)


def test_corrections_far_apart_are_no_fight() -> None:
    assert corrections.contested(fight(range(0, 600, 13)), at(600)) == ()


@pytest.mark.parametrize(("more", "wait_s"), [(1, 6), (2, 18), (3, 54), (4, 162), (5, 300)])
def test_it_is_left_alone_longer_each_time(more: int, wait_s: float) -> None:
    known = fight(range(6))
    for _ in range(more):
        known = corrections.after(known, PLAN, [KEY], known[0].until or NOW)

    assert known[0].until == known[0].times[-1] + timedelta(seconds=wait_s)


def test_peace_is_made_when_the_other_side_keeps_still() -> None:
    known = fight(range(6))

    assert corrections.contested(known, at(66))
    assert corrections.contested(known, at(68)) == ()
    assert corrections.after(known, PLAN, [], at(600)) == ()


def test_the_sentence_names_object_and_writer() -> None:
    (item,) = fight(range(6))

    told = corrections.told(item)

    assert "apps/Deployment agents/triage" in told
    assert "other-operator" in told
