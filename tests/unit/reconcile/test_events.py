"""Which events operations give, with the local cluster."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from controller.cluster.events import Event, Recorder
from controller.definitions.findings import DefinitionId
from controller.objects import ObjectKey
from controller.plan.steps import Action, Plan, Step
from controller.reconcile import events
from controller.reconcile.workqueue import Trigger
from controller.state.records import ObjectResult, Operation

Prompts = Callable[..., str]


OPERATION = Operation(
    id=1, revision="abcdef0123", message="Be kind", started_at=datetime(2026, 1, 1, tzinfo=UTC)
)


def step(name: str) -> Step:
    key = ObjectKey("", "ConfigMap", "ns", name)
    component = DefinitionId("ConfigMap", "ns", name, "")
    return Step(action=Action.UPDATE, key=key, component=component, manifest={})


def result(name: str, status: str, **given: Any) -> ObjectResult:
    return ObjectResult(key=f"ConfigMap ns/{name}", action="update", status=status, **given)


def live(key: ObjectKey) -> dict[str, Any]:
    metadata = {"name": key.name, "namespace": key.namespace, "uid": key.name}
    return {"apiVersion": "v1", "kind": key.kind, "metadata": metadata}


def listening(world: Any) -> list[Event]:
    told: list[Event] = []
    world.reconciler = replace(world.reconciler, tell=told.append)
    return told


def test_a_sync_and_a_correction_are_told(world: Any, prompts: Prompts) -> None:
    told = listening(world)
    revision = world.commit(style=prompts())
    world.visit()
    found = world.config_map("style")
    world.client.apply({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "style", "namespace": world.namespace,
                     "annotations": found["metadata"]["annotations"],
                     "labels": found["metadata"]["labels"]},
        "data": {"text": "Be rude."},
    })  # fmt: skip
    world.seen(lambda live: live["data"] == {"text": "Be rude."})
    world.visit(Trigger.DRIFT)

    first, second = told
    assert (first.reason, first.type) == ("Synced", "Normal")
    assert first.note == f"Applied revision {revision[:7]} (automated): Change style"
    assert first.reference["uid"] == found["metadata"]["uid"]
    assert second.reason == "DriftCorrected"
    assert "data.text" in second.note


def test_a_failure_is_a_warning_and_comes_first() -> None:
    steps = [step("a"), step("b")]
    plan = Plan(application="agents", revision="r", waves=(tuple(steps),))
    results = [result("a", "Synced"), result("b", "SyncFailed", message="refused")]

    first, second = events.of_operation(OPERATION, plan, results, live)

    assert (first.type, first.reason) == ("Warning", "SyncFailed")
    assert first.note == "Revision abcdef0: ConfigMap ns/b: refused"
    assert second.reason == "Synced"


def test_what_has_nothing_to_look_at_is_not_told_of() -> None:
    plan = Plan(application="agents", revision="r", waves=((step("a"),),))

    assert events.of_operation(OPERATION, plan, [result("a", "Synced")], lambda _: None) == ()


def test_a_cluster_takes_them(world: Any, prompts: Prompts) -> None:
    recorder = Recorder(world.client.connection, instance="test")
    world.reconciler = replace(world.reconciler, tell=recorder.record)
    world.commit(style=prompts())
    world.visit()
    recorder.start()
    recorder.stop(60)

    uid = world.config_map("style")["metadata"]["uid"]
    (found,) = world.client.events(world.namespace, uid=uid)
    assert (found["reason"], found["type"]) == ("Synced", "Normal")


def test_a_first_sync_of_many_is_told_of_a_few(world: Any, prompts: Prompts) -> None:
    told = listening(world)
    world.commit(**{f"s{number}": prompts(f"s{number}") for number in range(30)})
    world.visit()

    assert len(told) == 25
