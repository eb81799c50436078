import dataclasses
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from controller.cluster.errors import FieldConflict, UnknownKindError
from controller.diff.difference import Outcome
from controller.errors import RosterError
from controller.objects import ObjectKey
from controller.objects.metadata import with_metadata
from controller.plan.steps import Plan
from controller.render.component import Component
from controller.state.records import ObjectResult
from controller.sync.compare import differences
from controller.sync.executor import Executor


def key(name: str, kind: str = "ConfigMap") -> ObjectKey:
    return ObjectKey("apps" if kind == "Deployment" else "", kind, "ns", name)


RUNNING = {"observedGeneration": 1, "updatedReplicas": 1, "availableReplicas": 1,
           "readyReplicas": 1, "replicas": 1}  # fmt: skip


class Sync:
    """One sync of components after the other on one cluster."""

    def __init__(self, cluster: Any, client: Any, plan_of: Callable[..., Plan]) -> None:
        self.cluster = cluster
        self.client = client
        self.plan_of = plan_of
        self.intent: set[ObjectKey] = set()
        self.stopped = lambda: ""
        self.timeout_s = 60.0

    def plan(self, components: Iterable[Component], **policy: Any) -> Plan:
        found = differences(tuple(components), self.cluster, self.client)
        return self.plan_of(components, found, self.cluster.managed("app"), **policy)

    def __call__(self, *components: Component, **policy: Any) -> dict[str, ObjectResult]:
        return self.execute(self.plan(components, **policy))

    def execute(self, plan: Plan) -> dict[str, ObjectResult]:
        self.cluster.log.clear()
        executor = Executor(self.client, self.cluster, health_timeout_s=self.timeout_s)
        results = executor.execute(plan, record_intent=self._record, stopped=self.stopped)
        return {result.key: result for result in results}

    def _record(self, keys: Iterable[ObjectKey]) -> None:
        assert not self.cluster.log, "the intent comes before the first write"
        self.intent |= set(keys)


@pytest.fixture
def sync(cluster: Any, client: Any, plan_of: Callable[..., Plan]) -> Sync:
    return Sync(cluster, client, plan_of)


def statuses(results: dict[str, ObjectResult]) -> list[str]:
    return [result.status for result in results.values()]


def test_everything_is_written_with_the_revision_and_intent_first(
    sync: Sync, component: Any, cluster: Any
) -> None:
    results = sync(component("one"), component("two"))

    assert statuses(results) == ["Synced", "Synced"]
    assert sync.intent == {key("one"), key("two")}
    written = cluster.read(key("one"))
    assert written["metadata"]["annotations"]["roster.dev/revision"] == "r1"


def test_a_second_sync_writes_nothing(sync: Sync, component: Any, cluster: Any) -> None:
    sync(component("one"), component("two"))

    assert sync(component("one"), component("two")) == {}
    assert cluster.log == []


def test_kinds_are_written_in_order(sync: Sync, component: Any, cluster: Any) -> None:
    cluster.when_applied = lambda _: {"status": RUNNING}

    sync(component("one", "Deployment", "Service", "ConfigMap", "Secret", "ServiceAccount"))

    assert [line.split()[1] for line in cluster.log] == [
        "ServiceAccount", "ConfigMap", "Secret", "Service", "Deployment",
    ]  # fmt: skip


def test_dependencies_are_written_first(sync: Sync, component: Any, cluster: Any) -> None:
    sync(
        component("caller", needs=("agent",)),
        component("agent", needs=("tool", "model")),
        component("tool"),
        component("model"),
    )

    names = [line.split()[2] for line in cluster.log]
    assert sorted(names[:2]) == ["model", "tool"]
    assert names[2:] == ["agent", "caller"]


def test_a_failure_stays_with_its_component_and_those_that_need_it(
    sync: Sync, component: Any, cluster: Any, invalid: RosterError
) -> None:
    cluster.failing["tool"] = invalid

    results = sync(
        component("tool"), component("agent", needs=("tool",)),
        component("caller", needs=("agent",)), component("other"),
    )  # fmt: skip

    assert results[str(key("other"))].status == "Synced"
    assert results[str(key("tool"))].message == "Cannot apply it: spec is wrong."
    assert results[str(key("agent"))].status == "SyncFailed"
    assert "DependencyNotReady: Agent ns/tool failed" in results[str(key("agent"))].message
    assert "DependencyNotReady: Agent ns/agent failed" in results[str(key("caller"))].message
    assert cluster.log == ["apply ConfigMap other"]


def test_the_rest_of_a_component_is_not_written_after_a_failure(
    sync: Sync, component: Any, cluster: Any, invalid: RosterError
) -> None:
    cluster.failing["one"] = invalid

    results = sync(component("one", "ServiceAccount", "Deployment"))

    assert "ComponentFailed" in results[str(key("one", "Deployment"))].message


def test_a_dependency_is_waited_for_until_it_is_healthy(
    sync: Sync, component: Any, cluster: Any
) -> None:
    cluster.when_applied = _healthy_unless("tool")
    seen: list[bool] = []

    def become_healthy() -> str:
        if "apply Deployment tool" in cluster.log and not seen:
            seen.append("apply ConfigMap agent" in cluster.log)
            cluster.set(key("tool", "Deployment"), status=RUNNING)
        return ""

    sync.stopped = become_healthy
    results = sync(component("tool", "Deployment"), component("agent", needs=("tool",)))

    assert seen == [False]
    assert statuses(results) == ["Synced", "Synced"]


def test_a_dependency_that_does_not_become_healthy_is_named(
    sync: Sync, component: Any, cluster: Any
) -> None:
    cluster.when_applied = _healthy_unless("tool")
    sync.timeout_s = 0.2

    results = sync(
        component("tool", "Deployment"), component("agent", needs=("tool",)), component("other")
    )

    assert results[str(key("other"))].status == "Synced"
    message = results[str(key("agent"))].message
    assert message.startswith("DependencyNotReady: Agent ns/tool: apps/Deployment ns/tool is")
    assert "0 of 1 new replicas" in message


def test_a_degraded_dependency_is_not_waited_for(sync: Sync, component: Any, cluster: Any) -> None:
    late = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}
    cluster.when_applied = lambda _: {"status": {"conditions": [late]}}

    results = sync(component("tool", "Deployment"), component("agent", needs=("tool",)))

    assert "DependencyNotReady" in results[str(key("agent"))].message


def test_a_dependency_that_is_deleted_meanwhile_is_not_waited_for(
    sync: Sync, component: Any, cluster: Any
) -> None:
    cluster.when_applied = _healthy_unless("tool")

    def delete() -> str:
        if found := cluster.get(key("tool", "Deployment")):
            cluster.delete_from_store(found)
        return ""

    sync.stopped = delete
    results = sync(component("tool", "Deployment"), component("agent", needs=("tool",)))

    assert results[str(key("agent"))].message.startswith("DependencyNotReady: Agent ns/tool")


def test_a_definition_is_established_before_objects_of_its_kind_are_written(
    sync: Sync, component: Any, cluster: Any
) -> None:
    seen: list[list[str]] = []

    def establish() -> str:
        seen.append(list(cluster.log))
        found = ObjectKey("apiextensions.k8s.io", "CustomResourceDefinition", "ns", "kind")
        if cluster.get(found):
            established = {"conditions": [{"type": "Established", "status": "True"}]}
            cluster.set(found, status=established)
        return ""

    sync.stopped = establish
    definition = component("kind", "CustomResourceDefinition")
    (manifest,) = definition.manifests
    manifests = ({**manifest, "apiVersion": "apiextensions.k8s.io/v1"},)
    sync(dataclasses.replace(definition, manifests=manifests), component("thing", "Widget"))

    assert cluster.log == ["apply CustomResourceDefinition kind", "apply Widget thing"]
    assert ["apply CustomResourceDefinition kind"] in seen


def test_the_next_wave_waits_for_this_one(sync: Sync, component: Any, cluster: Any) -> None:
    cluster.when_applied = _healthy_unless("first")
    sync.timeout_s = 0.2

    results = sync(component("first", "Deployment"), component("second", wave=1))

    assert results[str(key("second"))].status == "SyncFailed"
    assert results[str(key("second"))].message.startswith("WaveNotHealthy: apps/Deployment")
    assert cluster.log == ["apply Deployment first"]


def test_waves_are_written_in_order(sync: Sync, component: Any, cluster: Any) -> None:
    sync(component("last", wave=5), component("first", wave=-1), component("middle"))

    assert [line.split()[2] for line in cluster.log] == ["first", "middle", "last"]


def test_a_newer_revision_ends_the_wait(sync: Sync, component: Any, cluster: Any) -> None:
    cluster.when_applied = _healthy_unless("tool")
    sync.stopped = lambda: "Superseded" if cluster.log else ""

    results = sync(component("tool", "Deployment"), component("agent", needs=("tool",)))

    assert results[str(key("tool", "Deployment"))].status == "Synced"
    assert results[str(key("agent"))].message.startswith("Superseded")


def test_a_reason_to_stop_ends_an_operation_in_the_middle_of_a_wave(
    sync: Sync, component: Any, cluster: Any
) -> None:
    sync.stopped = lambda: "Terminated" if len(cluster.log) > 2 else ""

    results = sync(*(component(f"c{number:02}") for number in range(40)))

    written = [result for result in results.values() if result.status == "Synced"]
    assert len(written) == len(cluster.log) < 40
    assert {result.message for result in results.values() if result not in written} == {
        "Terminated"
    }


def test_a_newer_revision_ends_the_wait_for_a_namespace(
    sync: Sync, component: Any, cluster: Any
) -> None:
    pending = {"status": {"conditions": [{"type": "Reconciling", "status": "True"}]}}
    cluster.when_applied = lambda manifest: pending if manifest["kind"] == "Namespace" else {}
    sync.stopped = lambda: "Superseded" if cluster.log else ""

    results = sync(component("one", "Namespace", "ConfigMap"))

    assert [result.status for result in results.values()] == ["Synced", "SyncFailed"]
    assert results[str(key("one"))].message.startswith("Superseded")


def test_what_left_git_is_deleted_last(sync: Sync, component: Any, cluster: Any) -> None:
    sync(component("old", "ConfigMap", "Secret"), component("stays"))

    results = sync(component("stays"), component("new"))

    assert cluster.log == ["apply ConfigMap new", "delete Secret old", "delete ConfigMap old"]
    assert results[str(key("old"))].status == "Pruned"


def test_a_refused_deletion_is_reported(
    sync: Sync, component: Any, cluster: Any, invalid: RosterError
) -> None:
    sync(component("old"), component("stays"))
    cluster.failing["delete old"] = invalid

    results = sync(component("stays"))

    assert results[str(key("old"))].status == "PruneSkipped"
    assert "spec is wrong" in results[str(key("old"))].message


def test_an_object_that_was_made_anew_is_not_deleted(
    sync: Sync, component: Any, cluster: Any
) -> None:
    sync(component("old"), component("stays"))
    plan = sync.plan([component("stays")])
    metadata = cluster.read(key("old"))["metadata"]
    cluster.set(key("old"), metadata={**metadata, "uid": "another"})

    results = sync.execute(plan)

    assert results[str(key("old"))].message == "another object has its name now"
    assert cluster.get(key("old"))


def test_an_object_that_lost_our_label_is_not_deleted(
    sync: Sync, component: Any, cluster: Any
) -> None:
    sync(component("old"), component("stays"))
    plan = sync.plan([component("stays")])
    metadata = cluster.read(key("old"))["metadata"]
    cluster.set(key("old"), metadata={**metadata, "labels": {}})

    results = sync.execute(plan)

    assert results[str(key("old"))].status == "PruneSkipped"
    assert cluster.get(key("old"))


def test_what_is_kept_is_reported(sync: Sync, component: Any) -> None:
    sync(component("old"), component("stays"))

    results = sync(component("stays"), prune=False)

    assert results[str(key("old"))].message == "pruning is off"


def test_results_say_what_changed(sync: Sync, component: Any) -> None:
    sync(component("one", data={"x": "1"}))

    results = sync(component("one", data={"x": "2"}))

    assert results[str(key("one"))].changes == ("data.x: 1 -> 2",)


def _healthy_unless(*names: str) -> Callable[[Any], dict[str, Any]]:
    def status(manifest: Any) -> dict[str, Any]:
        return {} if manifest["metadata"]["name"] in names else {"status": RUNNING}

    return status


def with_options(component: Component, options: str) -> Component:
    annotations = {"roster.dev/sync-options": options}
    manifests = tuple(
        with_metadata(manifest, labels={}, annotations=annotations)
        for manifest in component.manifests
    )
    return dataclasses.replace(component, manifests=manifests)


def test_an_object_is_created_anew_where_it_may_be(
    sync: Sync, component: Any, cluster: Any
) -> None:
    sync(component("one", data={"x": "1"}))
    cluster.immutable.add("one")

    results = sync(with_options(component("one", data={"x": "2"}), "Force=true"))

    assert results[str(key("one"))].message == "deleted and created anew"
    assert cluster.log == ["delete ConfigMap one", "apply ConfigMap one"]
    assert cluster.read(key("one"))["data"] == {"x": "2"}


def dying(cluster: Any, name: str) -> None:
    """Begin to delete an object that a finalizer keeps."""
    metadata = cluster.read(key(name))["metadata"]
    going = {"deletionTimestamp": "2026-01-01T00:00:00Z", "finalizers": ["demo/keep"]}
    cluster.set(key(name), metadata={**metadata, **going})


def test_what_is_being_deleted_is_created_anew_when_it_is_gone(
    sync: Sync, component: Any, cluster: Any
) -> None:
    sync(component("one"))
    dying(cluster, "one")
    old = cluster.read(key("one"))
    looks: list[str] = []

    def let_go_after_a_while() -> str:
        looks.append("look")
        if len(looks) == 4 and not cluster.log:
            cluster.delete_from_store(old)
        return ""

    sync.stopped = let_go_after_a_while
    results = sync(component("one"))

    assert results[str(key("one"))].message == "created anew when its deletion had ended"
    assert cluster.log == ["apply ConfigMap one"]
    assert cluster.read(key("one"))["metadata"]["uid"] != old["metadata"]["uid"]


def test_an_apply_that_lands_on_what_began_to_go_is_done_again(
    sync: Sync, component: Any, cluster: Any
) -> None:
    sync(component("one", data={"x": "1"}))
    plan = sync.plan([component("one", data={"x": "2"})])
    dying(cluster, "one")
    old = cluster.read(key("one"))
    cluster.when_applied = lambda manifest: (
        {"metadata": {**manifest["metadata"], **old["metadata"]}} if not cluster.log else {}
    )
    sync.stopped = lambda: cluster.delete_from_store(old) or "" if cluster.log else ""

    results = sync.execute(plan)

    assert results[str(key("one"))].status == "Synced"
    assert cluster.log == ["apply ConfigMap one", "apply ConfigMap one"]
    assert "deletionTimestamp" not in cluster.read(key("one"))["metadata"]


def test_what_does_not_go_fails_with_what_keeps_it(
    sync: Sync, component: Any, cluster: Any
) -> None:
    sync(component("one"))
    dying(cluster, "one")
    sync.timeout_s = 0.2

    results = sync(component("one"), component("two"))

    assert results[str(key("one"))].message.endswith(
        "is still being deleted after 0.2 s: demo/keep keeps it."
    )
    assert results[str(key("two"))].status == "Synced"


def test_a_reason_to_stop_ends_the_wait_for_a_deletion(
    sync: Sync, component: Any, cluster: Any
) -> None:
    sync(component("one"))
    dying(cluster, "one")
    plan = sync.plan([component("one")])
    cluster.requests.clear()
    sync.stopped = lambda: "Superseded." if "get one" in cluster.requests else ""

    results = sync.execute(plan)

    assert results[str(key("one"))].message.endswith("is still being deleted. Superseded.")


def test_what_holds_others_is_not_created_anew(sync: Sync, component: Any, cluster: Any) -> None:
    sync(component("one", "Namespace", spec={"x": "1"}))
    cluster.immutable.add("one")

    (result,) = sync(
        with_options(component("one", "Namespace", spec={"x": "2"}), "Force=true")
    ).values()

    assert "everything in it would go" in result.message
    assert cluster.log == []


def test_an_object_is_replaced_whole_where_asked(sync: Sync, component: Any, cluster: Any) -> None:
    first = sync(with_options(component("one", data={"x": "1"}), "Replace=true"))
    created = list(cluster.log)
    second = sync(with_options(component("one", data={"x": "2"}), "Replace=true"))

    assert first[str(key("one"))].message == "created"
    assert created == ["apply ConfigMap one"]
    assert second[str(key("one"))].message == "replaced"
    assert cluster.log == ["replace ConfigMap one", "apply ConfigMap one"]


def test_a_conflict_that_may_not_be_forced_names_both_managers(
    sync: Sync, component: Any, cluster: Any
) -> None:
    cluster.contested["one"] = FieldConflict("kubectl", ".data.x")

    forced = sync(component("one", data={"x": "1"}))
    results = sync(with_options(component("one", data={"x": "2"}), "ServerSideApplyConflicts=fail"))

    assert forced[str(key("one"))].status == "Synced"
    message = results[str(key("one"))].message
    assert ".data.x belongs to the field manager 'kubectl', and 'roster' would set it" in message
    assert "ServerSideApplyConflicts=force" in message


def test_unknown_fields_are_sent_where_validation_is_off(
    sync: Sync, component: Any, cluster: Any
) -> None:
    sync(with_options(component("one"), "Validate=false"), component("two"))

    assert cluster.asked == {"one": (True, "Ignore"), "two": (True, "Strict")}


def test_dependents_are_deleted_as_the_option_says(
    sync: Sync, component: Any, cluster: Any
) -> None:
    sync(
        with_options(component("one"), "PrunePropagationPolicy=orphan"),
        with_options(component("two"), "PrunePropagationPolicy=background"),
        component("three"),
    )

    sync(confirmed=True)

    assert cluster.propagations == {"one": "Orphan", "two": "Background", "three": "Foreground"}


def asked(cluster: Any) -> list[str]:
    """What was tried and applied, in order."""
    return [line for line in cluster.requests if not line.startswith("get")]


def custom(component: Component) -> Component:
    """Give the component with its first object of a kind that only the server knows."""
    first, *rest = component.manifests
    manifests = ({**first, "apiVersion": "demo.example/v1", "kind": "Widget"}, *rest)
    return dataclasses.replace(component, manifests=manifests)


def test_what_the_server_would_refuse_keeps_its_whole_component_from_being_written(
    sync: Sync, component: Any, cluster: Any, invalid: RosterError
) -> None:
    cluster.failing["bad"] = invalid

    results = sync(
        custom(component("bad", "ConfigMap", "Secret")),
        component("needs", needs=("bad",)),
        component("other"),
    )

    assert asked(cluster) == ["try bad", "apply other"]
    message = results["Secret ns/bad"].message
    assert message == (
        "ComponentFailed: demo.example/Widget ns/bad: Cannot apply it: spec is wrong."
    )
    assert "DependencyNotReady" in results["ConfigMap ns/needs"].message
    assert results["ConfigMap ns/other"].status == "Synced"


def test_built_in_kinds_are_tried_where_the_option_says_so(
    sync: Sync, component: Any, cluster: Any
) -> None:
    sync(with_options(component("one"), "Validate=server"), component("two"))

    assert asked(cluster)[0] == "try one"
    assert "try two" not in asked(cluster)


def test_what_the_plan_makes_first_is_not_missed(sync: Sync, component: Any, cluster: Any) -> None:
    spec = {"group": "demo.example", "names": {"kind": "Widget"}}
    definition = component("crd", "CustomResourceDefinition", spec=spec)
    cluster.when_applied = lambda _: {"status": {"conditions": ESTABLISHED}}

    results = sync(definition, custom(component("one")))

    assert statuses(results) == ["Synced", "Synced"]
    assert "try one" not in asked(cluster)


ESTABLISHED = [{"type": name, "status": "True"} for name in ("Established", "NamesAccepted")]


@pytest.mark.parametrize(
    ("option", "requests"),
    [("", 1), ("SkipDryRunOnMissingResource=true", 2), ("Validate=false", 1)],
)
def test_a_kind_that_the_server_does_not_know_yet(
    sync: Sync, component: Any, cluster: Any, option: str, requests: int
) -> None:
    cluster.failing["one"] = UnknownKindError("The cluster does not know the kind Widget.")

    (result,) = sync(with_options(custom(component("one")), option)).values()

    assert result.status == "SyncFailed"
    assert len(asked(cluster)) == requests


def test_a_webhook_that_cannot_try_is_asked_by_the_write(
    sync: Sync, component: Any, cluster: Any
) -> None:
    sync(component("one", data={"x": "1"}))
    plan = sync.plan([component("one", data={"x": "2"})])
    webhook = 'admission webhook "x" does not support dry run'

    def with_message(step: Any) -> Any:
        undecided = dataclasses.replace(step.difference, outcome=Outcome.UNDECIDED, message=webhook)
        return dataclasses.replace(step, difference=undecided)

    waves = tuple(tuple(map(with_message, wave)) for wave in plan.waves)
    (result,) = sync.execute(dataclasses.replace(plan, waves=waves)).values()

    assert result.status == "Synced"
