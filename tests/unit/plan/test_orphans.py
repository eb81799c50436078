from datetime import UTC, datetime
from typing import Any

import pytest

from controller.definitions.findings import DefinitionId
from controller.objects import ObjectKey


def names(steps: Any) -> list[str]:
    return [step.key.name for step in steps]


@pytest.fixture
def stays(component: Any, an_object: Any) -> Any:
    return component("stays", an_object("stays"))


def test_what_left_git_is_pruned(plan: Any, stays: Any, an_object: Any) -> None:
    made = plan(stays, live=[an_object("stays"), an_object("old")])

    assert names(made.prunes) == ["old"]
    assert made.prunes[0].live == an_object("old")
    assert made.guards == ()


def test_pruning_goes_against_the_order_of_writing(plan: Any, stays: Any, an_object: Any) -> None:
    live = [an_object("stays"), *(an_object(f"x{n}") for n in range(4))]
    live += [an_object("account", "ServiceAccount"), an_object("pod", "Pod")]
    late = an_object("late", **{"roster.dev/sync-wave": "7"})

    made = plan(stays, live=[*live, late], policy={"confirmed": True})

    assert names(made.prunes) == ["late", "pod", "x3", "x2", "x1", "x0", "account"]


def test_pruning_that_is_off_keeps(plan: Any, stays: Any, an_object: Any) -> None:
    made = plan(stays, live=[an_object("old")], policy={"prune": False})

    assert made.prunes == ()
    assert (names(made.kept), made.kept[0].reason) == (["old"], "pruning is off")


def test_a_protected_object_stays(plan: Any, stays: Any, an_object: Any) -> None:
    made = plan(stays, live=[an_object("old", **{"roster.dev/prune": "disabled"})])

    assert made.prunes == ()
    assert "protected" in made.kept[0].reason


def test_objects_of_a_blocked_component_stay(plan: Any, stays: Any, an_object: Any) -> None:
    blocked = [(DefinitionId(kind="Agent", namespace="ns", name="old"), "it has an error")]

    made = plan(stays, live=[an_object("old"), an_object("gone")], blocked=blocked)

    assert names(made.prunes) == ["gone"]
    assert "error" in made.kept[0].reason


def test_objects_of_a_file_that_cannot_be_read_stay(plan: Any, stays: Any, an_object: Any) -> None:
    old = an_object("old", **{"roster.dev/source": "agents/broken.yaml"})

    made = plan(stays, live=[old], unreadable=frozenset({"agents/broken.yaml"}))

    assert made.prunes == ()
    assert "cannot be read" in made.kept[0].reason


def test_an_empty_source_prunes_nothing(plan: Any, an_object: Any) -> None:
    made = plan(live=[an_object("old")], source_is_empty=True, policy={"confirmed": True})

    assert made.prunes == ()
    assert made.guards[0].rule == "empty-source"
    assert names(made.kept) == ["old"]


def test_most_of_an_application_goes_only_when_confirmed(
    plan: Any, stays: Any, an_object: Any
) -> None:
    live = [an_object("stays"), *(an_object(f"old{n}") for n in range(3))]

    held = plan(stays, live=live)
    done = plan(stays, live=live, policy={"confirmed": True})

    assert held.prunes == ()
    assert held.guards[0].rule == "prune-needs-confirmation"
    assert "3 of 4" in held.guards[0].message
    assert len(held.guards[0].keys) == 3
    assert len(done.prunes) == 3


def test_a_couple_of_objects_needs_no_confirmation(plan: Any, stays: Any, an_object: Any) -> None:
    made = plan(stays, live=[an_object("one"), an_object("two")])

    assert len(made.prunes) == 2


def test_half_of_a_large_application_needs_no_confirmation(
    plan: Any, component: Any, an_object: Any
) -> None:
    kept = [an_object(f"kept{n}") for n in range(5)]
    live = [*kept, *(an_object(f"old{n}") for n in range(5))]

    assert len(plan(component("stays", *kept), live=live).prunes) == 5


def test_only_what_is_in_the_inventory_is_pruned(plan: Any, stays: Any, an_object: Any) -> None:
    made = plan(stays, live=[an_object("old")], inventory=frozenset())

    assert made.prunes == ()
    assert "no record" in made.kept[0].reason


def test_objects_of_others_are_not_even_looked_at(plan: Any, stays: Any, an_object: Any) -> None:
    copied = dict(an_object("slice"))
    copied["metadata"] = {**copied["metadata"], "ownerReferences": [{"controller": True}]}

    made = plan(stays, live=[an_object("theirs", application="other"), copied])

    assert (made.prunes, made.kept) == ((), ())


def test_what_is_being_deleted_is_not_deleted_again(plan: Any, stays: Any, an_object: Any) -> None:
    going = dict(an_object("old"))
    going["metadata"] = {**going["metadata"], "deletionTimestamp": "2026-01-01T00:00:00Z"}

    made = plan(stays, live=[going])

    assert made.kept[0].reason == "it is being deleted"


def test_a_namespace_that_the_server_dropped_does_not_make_an_orphan(
    plan: Any, component: Any, an_object: Any
) -> None:
    desired = an_object("role", "ClusterRole")
    live = {**desired, "metadata": {**desired["metadata"], "namespace": ""}}

    made = plan(component("one", desired), live=[live])

    assert (made.prunes, made.kept) == ((), ())


def test_what_is_tracked_and_gone_needs_no_step(plan: Any, stays: Any) -> None:
    gone = frozenset({ObjectKey("", "ConfigMap", "ns", "gone")})

    made = plan(stays, inventory=gone)

    assert (made.prunes, made.kept) == ((), ())


@pytest.mark.parametrize(
    ("option", "confirmed", "kept"),
    [
        ("Prune=false", True, "it is protected by the sync option Prune=false"),
        ("Prune=confirm", False, "its deletion needs a confirmation"),
        ("Prune=confirm", True, ""),
        ("PruneLast=true", False, ""),
    ],
)
def test_the_sync_options_of_an_orphan_are_followed(
    plan: Any, an_object: Any, option: str, confirmed: bool, kept: str
) -> None:
    found = an_object("gone", **{"argocd.argoproj.io/sync-options": option})

    made = plan(live=[found], policy={"confirmed": confirmed})

    assert [step.key.name for step in made.prunes] == ([] if kept else ["gone"])
    assert [kept in step.reason for step in made.kept] == ([True] if kept else [])


@pytest.mark.parametrize(
    ("approval", "is_pruned"),
    [
        pytest.param({"argocd.argoproj.io/deletion-approved": "2026-01-02T03:04:05Z"}, True),
        pytest.param({"roster.dev/deletion-approved": "2026-01-02T03:04:05.6+01:00"}, True),
        pytest.param({"argocd.argoproj.io/deletion-approved": "false"}, False),
        pytest.param({"argocd.argoproj.io/deletion-approved": "2026-01-02T03:04:05"}, False),
        pytest.param({"roster.dev/deletion-approved": ""}, False),
    ],
    ids=["argo", "roster", "no-time", "no-zone", "empty"],
)
def test_a_deletion_is_approved_on_the_object(
    plan: Any, an_object: Any, approval: dict[str, str], *, is_pruned: bool
) -> None:
    found = an_object("gone", **{"roster.dev/sync-options": "Prune=confirm", **approval})

    made = plan(live=[found])

    assert bool(made.prunes) is is_pruned


@pytest.mark.parametrize(
    ("time", "is_pruned"),
    [("2026-01-02T03:04:04Z", False), ("2026-01-02T04:04:05+01:00", True)],
    ids=["earlier", "since"],
)
def test_an_approval_is_of_the_deletion_that_git_asks_for_now(
    plan: Any, an_object: Any, time: str, *, is_pruned: bool
) -> None:
    notes = {"roster.dev/sync-options": "Prune=confirm", "roster.dev/deletion-approved": time}
    since = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

    made = plan(live=[an_object("gone", **notes)], policy={"approved_since": since})

    assert bool(made.prunes) is is_pruned


def test_a_deletion_that_waits_for_a_confirmation_is_a_guard(plan: Any, an_object: Any) -> None:
    found = [an_object(name, **{"roster.dev/sync-options": "Prune=confirm"}) for name in ("a", "b")]

    (guard,) = plan(live=found).guards

    assert guard.rule == "prune-needs-confirmation"
    assert guard.message == (
        "pruning ConfigMap ns/a and 1 more needs a confirmation: it has Prune=confirm. "
        "Confirm the sync, or annotate it with roster.dev/deletion-approved and the time, which "
        "has to be later than the commit"
    )


def test_what_is_to_be_pruned_last_comes_last(plan: Any, an_object: Any) -> None:
    last = an_object("z", **{"roster.dev/sync-options": "PruneLast=true"})

    made = plan(live=[last, an_object("a")])

    assert [step.key.name for step in made.prunes] == ["a", "z"]
