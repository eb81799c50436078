"""What revisions change, with real git, the local cluster and a real database."""

from collections.abc import Callable
from typing import Any

import pytest

from controller.errors import RosterError
from controller.reconcile.semantics import MOST_STORED, Semantics

Prompts = Callable[..., str]


def between(world: Any, before: str | None = None, after: str | None = None) -> list[str]:
    semantics = Semantics(store=world.store, revisions=world.reconciler.revisions)
    return [change.summary for change in semantics.between(world.name, before, after).changes]


def test_an_operation_says_what_it_brought(world: Any, prompts: Prompts) -> None:
    first = world.commit(style=prompts(text="Be kind."))
    world.visit()
    world.commit(style=prompts(text="Be firm."))
    world.visit()

    newest, oldest = world.record.history
    assert oldest.definitions is None
    assert (newest.definitions.since, newest.definitions.total) == (first, 1)
    (change,) = newest.definitions.most_important
    assert (change.definition, change.summary) == (
        f"ConfigMap {world.namespace}/style",
        "`data.text` changed",
    )


def test_drift_that_is_corrected_brings_nothing(world: Any, prompts: Prompts) -> None:
    world.commit(style=prompts())
    world.visit()
    found = world.config_map("style")
    world.client.delete(found, uid=found["metadata"]["uid"], propagation="Background")
    world.gone("style")
    world.visit()

    assert world.record.history[0].initiated_by == "self-heal"
    assert world.record.history[0].definitions is None


def test_the_first_few_are_stored_and_the_rest_counted(world: Any, prompts: Prompts) -> None:
    world.commit(style=prompts())
    world.visit()
    world.commit(**{f"s{number}": prompts(f"s{number}") for number in range(20)})
    world.visit()

    found = world.record.history[0].definitions
    assert (found.total, len(found.most_important)) == (20, MOST_STORED)


def test_what_is_new_is_told_against_what_was_synced(world: Any, prompts: Prompts) -> None:
    world.follow(automated=False)
    first = world.commit(style=prompts(text="Be kind."))
    world.visit()
    assert between(world) == ["added"]

    world.ask()
    world.visit()
    assert between(world) == []

    second = world.commit(style=prompts(text="Be firm."))
    world.visit()
    assert between(world) == ["`data.text` changed"]
    assert between(world, second, first) == ["`data.text` changed"]
    assert between(world, "main", None) == []


def test_revisions_are_had_after_a_restart(world: Any, prompts: Prompts) -> None:
    first = world.commit(style=prompts(text="Be kind."))
    world.visit()
    world.commit(style=prompts(text="Be firm."))
    world.visit()
    world.restart()

    assert between(world, first, None) == ["`data.text` changed"]


def test_an_unknown_revision_is_an_error(world: Any, prompts: Prompts) -> None:
    world.commit(style=prompts())

    with pytest.raises(RosterError):
        between(world, "never", None)
    with pytest.raises(RosterError):
        between(world, "-x", None)


def test_a_lost_revision_does_not_keep_from_syncing(world: Any, prompts: Prompts) -> None:
    world.commit(style=prompts(text="Be kind."))
    world.visit()
    lost = world.record.status.model_copy(update={"synced_revision": "0" * 40})
    world.store.put(world.record.model_copy(update={"status": lost}))
    world.commit(style=prompts(text="Be firm."))
    world.visit()

    assert world.record.history[0].definitions is None
    assert world.config_map("style")["data"] == {"text": "Be firm."}
