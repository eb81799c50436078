from collections.abc import Callable
from typing import Any

import pytest

from controller import telemetry
from controller.reconcile.workqueue import Trigger


def sample(metric: str, application: str) -> float:
    return telemetry.REGISTRY.get_sample_value(metric, {"application": application}) or 0.0


@pytest.mark.parametrize("heals", [True, False], ids=["corrected", "reported"])
def test_drift_is_counted(world: Any, prompts: Callable[..., str], heals: bool) -> None:
    world.follow(self_heal=heals)
    world.commit(style=prompts())
    world.visit()
    found = world.config_map("style")
    world.client.delete(found, uid=found["metadata"]["uid"], propagation="Background")
    world.gone("style")
    world.visit(Trigger.DRIFT)

    assert sample("roster_drift_found_total", world.name) == 1
    assert sample("roster_drift_corrected_total", world.name) == int(heals)


def test_a_new_revision_is_no_drift(world: Any, prompts: Callable[..., str]) -> None:
    world.commit(style=prompts(text="one"))
    world.visit()
    world.commit(style=prompts(text="two"))
    world.visit()

    assert sample("roster_drift_found_total", world.name) == 0


def test_a_visit_notes_what_its_line_says(world: Any, prompts: Callable[..., str]) -> None:
    revision = world.commit(style=prompts())
    telemetry.noted()
    world.visit()

    expected = {"revision": revision, "sync": "Synced", "health": "Healthy", "objects": 1}
    operation = {"operation": 1, "phase": "Succeeded", "written": 1}
    assert telemetry.noted() == {**operation, **expected}


def test_a_visit_that_finds_nothing_new_writes_nothing(
    world: Any, prompts: Callable[..., str]
) -> None:
    world.commit(style=prompts())
    world.visit()
    world.visit()
    (file,) = (world.folder / "state").rglob(f"{world.name}.json")
    written = file.stat().st_mtime_ns
    world.later(60)
    world.visit()

    assert file.stat().st_mtime_ns == written
    assert world.record.status.reconciled_at == world.now
