"""Syncs of chosen objects, and those that only tell what they would do."""

from collections.abc import Callable
from typing import Any

import pytest

from controller.objects import ObjectKey
from controller.plan.selection import Selector
from controller.reconcile.workqueue import Trigger
from controller.state.records import OperationPhase, SyncStatus

Write = Callable[..., str]
A = Selector(kind="ConfigMap", name="a")


def messages(world: Any) -> dict[str, tuple[str, str]]:
    operation = world.record.history[0]
    return {
        ObjectKey.parse(item.key).name: (item.status, item.message) for item in operation.objects
    }


def ask(world: Any, **request: Any) -> None:
    world.ask(**request)
    world.visit(Trigger.MANUAL)


def test_only_the_chosen_objects_are_written(world: Any, prompts: Write) -> None:
    world.follow(automated=False)
    world.commit(a=prompts("a"), b=prompts("b"))

    ask(world, resources=(A,))

    assert world.config_map("a")
    assert world.config_map("b") is None
    assert world.record.status.sync is SyncStatus.OUT_OF_SYNC
    assert world.record.status.synced_revision == ""
    assert world.record.history[0].resources == (A,)


def test_an_object_that_there_is_not_cannot_be_chosen(world: Any, prompts: Write) -> None:
    world.follow(automated=False)
    world.commit(a=prompts("a"))

    ask(world, resources=(Selector(kind="Secret", name="a"),))

    assert world.record.history[0].phase is OperationPhase.ERROR
    assert "no object :Secret:a" in world.record.history[0].result_message
    assert world.config_map("a") is None


def test_a_dry_run_tells_and_does_nothing(world: Any, prompts: Write) -> None:
    world.follow(prune=True)
    world.commit(a=prompts("a"), old=prompts("old"))
    world.visit()
    world.follow(automated=False, prune=True)
    world.commit(a=prompts("a", "Be brief."), new=prompts("new"), old=None)
    before = world.record

    ask(world, dry_run=True)

    assert messages(world) == {
        "a": ("Synced", "would be updated (dry run)"),
        "new": ("Synced", "would be created (dry run)"),
        "old": ("Pruned", "would be deleted (dry run)"),
    }
    assert world.record.history[0].dry_run
    assert world.config_map("a")["data"] == {"text": "Be kind."}
    assert (world.config_map("new"), bool(world.config_map("old"))) == (None, True)
    assert world.record.inventory == before.inventory
    assert world.record.request is None


@pytest.mark.parametrize("resources", [(), (Selector(kind="Secret", name="none"),)])
def test_a_dry_run_is_not_the_last_operation(
    world: Any, prompts: Write, resources: tuple[Selector, ...]
) -> None:
    world.commit(a=prompts("a"))
    world.visit()
    before = world.record.operation

    ask(world, dry_run=True, resources=resources)

    assert world.record.operation == before
    assert world.record.history[0].dry_run
    assert world.record.request is None


def test_a_dry_run_of_another_revision_does_not_stay_there(world: Any, prompts: Write) -> None:
    first = world.commit(a=prompts("a", "one"))
    second = world.commit(a=prompts("a", "two"))
    world.visit()

    ask(world, dry_run=True, revision=first)
    world.visit(Trigger.DRIFT)

    assert messages(world)["a"] == ("Synced", "would be updated (dry run)")
    assert world.record.hold is None
    assert world.record.status.commit.revision == second
    assert world.config_map("a")["data"] == {"text": "two"}


def test_a_dry_run_that_is_asked_for_during_another_writes_nothing(
    world: Any, prompts: Write
) -> None:
    world.follow(automated=False)
    world.commit(a=prompts("a"))
    more = [True]
    world.when_tried = lambda _: more and more.pop() and world.ask(dry_run=True)

    ask(world, dry_run=True)

    assert [item.dry_run for item in world.record.history] == [True, True]
    assert world.config_map("a") is None
    assert world.record.request is None


def test_a_dry_run_that_is_asked_for_during_a_sync_lets_it_end(world: Any, prompts: Write) -> None:
    world.follow(automated=False)
    first = world.commit(a=prompts("a"), b=prompts("b", **{"roster.dev/sync-wave": "1"}))
    more = [True]
    world.when_applied = lambda _: more and more.pop() and world.ask(dry_run=True)

    ask(world, revision=first)
    world.visit(Trigger.MANUAL)

    assert [(item.dry_run, item.phase) for item in world.record.history] == [
        (True, OperationPhase.SUCCEEDED),
        (False, OperationPhase.SUCCEEDED),
    ]
    assert world.config_map("b")
    assert world.record.request is None


def test_a_dry_run_tells_what_would_be_refused(world: Any, prompts: Write) -> None:
    world.follow(automated=False)
    world.commit(
        a=prompts("a"),
        hook=prompts("hook", **{"roster.dev/hook": "PreSync"}).replace("name:", "generateName:", 1),
        widget="apiVersion: demo.example/v1\nkind: Widget\nmetadata: {name: w}\n",
    )

    ask(world, dry_run=True)

    assert messages(world)["a"][0] == "Synced"
    (hook,) = [name for name in messages(world) if name.startswith("hook")]
    assert messages(world)[hook] == ("HookSkipped", "would run (dry run)")
    assert "does not know the kind" in messages(world)["w"][1]


def test_options_of_a_request_hold_for_that_sync(world: Any, prompts: Write) -> None:
    world.commit(a=prompts("a", "one"))
    world.visit()
    world.follow(automated=False)
    world.commit(a=prompts("a", "two"))

    ask(world, sync_options=("Replace=true",))

    assert messages(world) == {"a": ("Synced", "replaced")}
