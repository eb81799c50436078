from typing import Any

import pytest

from controller.definitions.findings import DefinitionId, Position
from controller.definitions.syncoptions import SyncOptions
from controller.diff.difference import Outcome
from controller.objects import ObjectKey
from controller.plan.steps import Action
from controller.render.component import Component


def names(steps: Any) -> list[str]:
    return [step.key.name for step in steps]


def test_outcomes_become_actions(plan: Any, component: Any, an_object: Any) -> None:
    objects = [an_object(name) for name in ("new", "changed", "open", "same")]
    outcomes = {
        "changed": Outcome.DIFFERENT,
        "open": Outcome.UNDECIDED,
        "same": Outcome.SAME,
    }

    made = plan(component("one", *objects), outcomes=outcomes)

    (wave,) = made.waves
    assert {step.key.name: step.action for step in wave} == {
        "new": Action.CREATE,
        "changed": Action.UPDATE,
        "open": Action.UPDATE,
    }
    assert names(made.unchanged) == ["same"]
    assert not made.is_empty


def test_nothing_to_do_is_an_empty_plan(plan: Any, component: Any, an_object: Any) -> None:
    one = an_object("same")

    made = plan(component("one", one), outcomes={"same": Outcome.SAME}, live=[one])

    assert made.is_empty
    assert made.waves == ()


@pytest.mark.parametrize("outcome", [Outcome.SAME, Outcome.DIFFERENT])
def test_what_is_being_deleted_counts_as_gone(
    plan: Any, component: Any, an_object: Any, outcome: Outcome
) -> None:
    one = an_object("going")
    live = {**one, "metadata": {**one["metadata"], "deletionTimestamp": "2026-01-01T00:00:00Z"}}

    made = plan(component("one", one), outcomes={"going": outcome}, live=[live])

    ((step,),) = made.waves
    assert (step.action, step.live) == (Action.CREATE, live)
    assert step.reason == "it is being deleted, and is created anew when it is gone"


def test_waves_come_before_dependencies_before_kinds(
    plan: Any, component: Any, an_object: Any
) -> None:
    made = plan(
        component("late", an_object("late"), wave=2),
        component("caller", an_object("caller", "ServiceAccount"), needs=("agent",)),
        component("agent", an_object("agent-pod", "Pod"), an_object("agent", "Secret")),
        component("early", an_object("early"), wave=-1),
    )

    assert [names(wave) for wave in made.waves] == [
        ["early"], ["agent", "agent-pod"], ["caller"], ["late"],
    ]  # fmt: skip


def test_a_wave_annotation_moves_one_object(plan: Any, component: Any, an_object: Any) -> None:
    first = an_object("first", **{"roster.dev/sync-wave": "-1"})
    argo = an_object("argo", **{"argocd.argoproj.io/sync-wave": "3"})

    made = plan(component("one", an_object("middle"), argo, first))

    assert [names(wave) for wave in made.waves] == [["first"], ["middle"], ["argo"]]


def test_a_bad_wave_blocks_its_component_and_says_so(
    plan: Any, component: Any, an_object: Any
) -> None:
    bad = an_object("bad", **{"roster.dev/sync-wave": "soon"})

    made = plan(component("one", bad, an_object("other")), component("two", an_object("good")))

    assert [names(wave) for wave in made.waves] == [["good"]]
    assert made.guards[0].rule == "bad-sync-wave"
    assert "'soon'" in made.blocked[0][1]


def test_an_object_of_another_application_is_refused_with_both_names(
    plan: Any, component: Any, an_object: Any
) -> None:
    theirs = an_object("shared", application="theirs")

    made = plan(component("one", an_object("shared")), there={"shared": theirs})

    assert made.is_empty
    assert made.guards[0].rule == "claimed-by-another-application"
    assert "'theirs'" in made.guards[0].message
    assert "'app'" in made.guards[0].message
    assert [str(id_) for id_, _ in made.blocked] == ["Agent ns/one"]


def test_an_object_of_nobody_is_adopted_only_on_demand(
    plan: Any, component: Any, an_object: Any
) -> None:
    one, foreign = component("one", an_object("found")), an_object("found", application="")

    refused = plan(one, there={"found": foreign})
    adopted = plan(
        one,
        there={"found": foreign},
        outcomes={"found": Outcome.DIFFERENT},
        policy={"options": SyncOptions(adopt=True)},
    )

    assert refused.guards[0].rule == "exists-and-is-not-ours"
    assert refused.is_empty
    assert [step.action for step in adopted.waves[0]] == [Action.UPDATE]


def test_a_plan_knows_what_depends_on_what(plan: Any, component: Any, an_object: Any) -> None:
    made = plan(component("a", an_object("a"), needs=("b",)), component("b", an_object("b")))

    assert {str(k): {str(v) for v in vs} for k, vs in made.depends_on.items()} == {
        "Agent ns/a": {"Agent ns/b"},
        "Agent ns/b": set(),
    }


def test_what_cannot_be_compared_is_not_written(plan: Any, component: Any, an_object: Any) -> None:
    made = plan(
        component("one", an_object("hidden")),
        component("two", an_object("seen")),
        messages={"hidden": "Cannot list v1 ConfigMap."},
        untouchable={"hidden"},
    )

    assert [names(wave) for wave in made.waves] == [["seen"]]
    assert made.blocked[0][1] == "Cannot list v1 ConfigMap."


@pytest.mark.parametrize(
    ("owner", "options", "is_blocked"),
    [
        ("app", SyncOptions(), False),
        ("app", SyncOptions(fail_on_shared_resource=True), True),
        ("other", SyncOptions(), True),
        (None, SyncOptions(), True),
    ],
    ids=["ours", "ours, and to fail", "theirs", "not made yet"],
)
def test_an_object_that_two_applications_ask_for_is_told_on_both_sides(
    plan: Any, an_object: Any, owner: str | None, options: SyncOptions, is_blocked: bool
) -> None:
    shared = an_object("shared")
    there = {"shared": an_object("shared", application=owner)} if owner else {}
    component = Component(
        id=DefinitionId("Agent", "ns", "one"), position=Position("a.yaml"), manifests=(shared,)
    )

    made = plan(
        component,
        there=there,
        claims={ObjectKey.of(shared): "other"},
        policy={"options": options},
    )

    (guard,) = made.guards
    assert guard.rule == "claimed-by-another-application"
    assert guard.message == (
        "ConfigMap ns/shared is claimed by the applications 'app' and 'other': remove it from one"
    )
    assert bool(made.blocked) is is_blocked


def test_everything_that_holds_a_component_back_is_told(
    plan: Any, component: Any, an_object: Any
) -> None:
    made = plan(
        component("one", an_object("a"), an_object("b")),
        there={name: an_object(name, application="") for name in ("a", "b")},
    )

    assert [guard.keys[0].name for guard in made.guards] == ["a", "b"]
    assert len(made.blocked) == 1


def test_hooks_are_apart_from_what_is_kept_as_it_is_in_git(
    plan: Any, component: Any, an_object: Any
) -> None:
    def hook(name: str, phases: str, **notes: str) -> Any:
        return an_object(name, "Job", **{"argocd.argoproj.io/hook": phases, **notes})

    made = plan(
        component("one", hook("b", "PostSync,PreSync"), an_object("kept")),
        component("two", hook("a", "PreSync", **{"roster.dev/sync-wave": "-1"})),
        component("three", hook("never", "Skip")),
    )

    assert [(one.phase, one.wave, one.key.name) for one in made.hooks] == [
        ("PreSync", -1, "a"), ("PreSync", 0, "b"), ("PostSync", 0, "b"),
    ]  # fmt: skip
    assert [names(wave) for wave in made.waves] == [["kept"]]
    assert plan(component("two", hook("a", "PreSync"))).is_empty


def test_runs_of_a_hook_are_no_orphans(plan: Any, component: Any, an_object: Any) -> None:
    note = {"argocd.argoproj.io/hook": "PreSync", "roster.dev/component": "Agent ns/one"}
    template = an_object("", "Job", **note)
    earlier = an_object("one-presync-1", "Job", **note)

    assert plan(component("one", template), live=[earlier]).prunes == ()
    assert names(plan(live=[earlier]).prunes) == ["one-presync-1"]
