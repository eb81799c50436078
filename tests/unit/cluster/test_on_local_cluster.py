"""Client, watches, comparison and executor together, on the local cluster's API server."""

import os
import signal
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from waiting import eventually

from controller.cluster.client import Client
from controller.cluster.errors import ConflictError, InvalidError, NotFoundError, UnavailableError
from controller.cluster.live import LiveState
from controller.definitions.findings import DefinitionId, Position
from controller.definitions.syncoptions import SyncOptions
from controller.diff.difference import Outcome
from controller.diff.ignore import Rule
from controller.local import supervisor
from controller.objects import Manifest, ObjectKey
from controller.objects.metadata import with_metadata
from controller.plan import make
from controller.plan.policy import Policy
from controller.plan.steps import Plan
from controller.render.component import Component
from controller.state.records import ObjectResult
from controller.sync import compare
from controller.sync.executor import Executor
from controller.sync.memory import Memory

APPLIED = Path(__file__).parents[1] / "diff" / "objects"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of a local cluster that runs."""
    folder = tmp_path_factory.mktemp("cluster")
    supervisor.start(folder, log=folder / "log", die_with_parent=True)
    yield folder
    supervisor.stop(folder)


@pytest.fixture
def client(folder: Path) -> Iterator[Client]:
    client = Client.from_kubeconfig(folder / "kubeconfig")
    yield client
    client.close()


@pytest.fixture
def namespace(client: Client, request: pytest.FixtureRequest) -> str:
    """A namespace of the test's own, which is the application's name too."""
    name = f"n{abs(hash(request.node.name)) % 10**9}"
    assert client.ensure_namespace(name)
    return name


@pytest.fixture
def live(client: Client) -> Iterator[LiveState]:
    live = LiveState(client)
    live.start()
    yield live
    live.stop()


class Application:
    """One application: what it wants, and visits of the cluster."""

    def __init__(self, client: Client, live: LiveState, name: str) -> None:
        self.client = client
        self.live = live
        self.name = name
        self.memory = Memory()
        self.requests: list[str] = []
        self._count_requests()

    def component(self, name: str, *manifests: Manifest) -> Component:
        id_ = DefinitionId(kind="Agent", namespace=self.name, name=name)
        stamped = [
            with_metadata(
                {**manifest, "metadata": {**manifest["metadata"], "namespace": self.name}},
                labels={"roster.dev/application": self.name},
                annotations={"roster.dev/component": str(id_)},
            )
            for manifest in manifests
        ]
        return Component(id=id_, position=Position("a.yaml"), manifests=tuple(stamped))

    def plan(self, components: Iterable[Component], **policy: Any) -> Plan:
        wanted = tuple(components)
        compare.follow(self.live, self.client, wanted, ())
        found = policy.pop("differences", None) or compare.differences(
            wanted, self.live, self.client, memory=self.memory
        )
        live = self.live.managed(self.name)
        return make.make(
            application=self.name,
            revision="r1",
            components=wanted,
            blocked=(),
            live=live,
            differences=found,
            inventory=frozenset(live),
            policy=Policy(**{"prune": True, **policy}),
            source_is_empty=False,
        )

    def sync(self, *components: Component, **policy: Any) -> tuple[ObjectResult, ...]:
        executor = Executor(self.client, self.live, health_timeout_s=60)
        return executor.execute(
            self.plan(components, **policy),
            record_intent=lambda _: None,
            stopped=lambda: "",
        )

    def _count_requests(self) -> None:
        send = self.client.connection.request

        def counted(method: str, path: str, **rest: Any) -> Any:
            self.requests.append(f"{method} {path}")
            return send(method, path, **rest)

        self.client.connection.request = counted  # type: ignore[method-assign] # counts, and sends


@pytest.fixture
def application(client: Client, live: LiveState, namespace: str) -> Application:
    return Application(client, live, namespace)


def config_map(name: str, **data: str) -> Manifest:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def applied_manifests() -> Iterator[Manifest]:
    """Give the manifests that the recorded applies began with, but for custom resources."""
    for file in sorted(APPLIED.glob("*.yaml")):
        desired, _ = yaml.safe_load_all(file.read_text())
        if "demo.example" not in desired["apiVersion"]:
            metadata = {**desired["metadata"], "name": file.stem}
            yield {**desired, "metadata": metadata}


def edit(application: Application, name: str, **data: str) -> None:
    """Change a ConfigMap by hand."""
    application.client.connection.request(
        "PATCH",
        f"/api/v1/namespaces/{application.name}/configmaps/{name}",
        action="edit",
        query={"fieldManager": "kubectl-edit"},
        body={"data": data},
        content_type="application/merge-patch+json",
    )


def test_what_was_synced_is_the_same_without_a_single_request(application: Application) -> None:
    component = application.component("all", *applied_manifests())

    results = application.sync(component)
    application.requests.clear()
    plan = application.plan([component])

    assert {result.status for result in results} == {"Synced"}
    assert plan.is_empty, [
        step.difference.changes for wave in plan.waves for step in wave if step.difference
    ]
    assert len(plan.unchanged) == len(component.manifests)
    assert application.requests == []


def test_drift_is_heard_of_seen_and_healed(application: Application) -> None:
    component = application.component("one", config_map("prompt", text="Be kind."))
    application.sync(component)
    heard: list[tuple[str, str]] = []
    application.live.subscribe(lambda key, app: heard.append((key.name, app)))

    edit(application, "prompt", text="Be rude.", extra="theirs")
    eventually(lambda: ("prompt", application.name) in heard)
    (result,) = application.sync(component)

    assert result.changes == ("data.text: Be rude. -> Be kind.",)
    found = application.live.get(ObjectKey("", "ConfigMap", application.name, "prompt")) or {}
    assert found["data"] == {"text": "Be kind.", "extra": "theirs"}
    assert application.plan([component]).is_empty


def test_fields_that_others_add_are_theirs(application: Application) -> None:
    component = application.component("one", config_map("prompt", text="Be kind."))
    application.sync(component)

    edit(application, "prompt", extra="theirs")
    key = ObjectKey("", "ConfigMap", application.name, "prompt")
    eventually(lambda: "extra" in (application.live.get(key) or {})["data"])

    assert application.plan([component]).is_empty


def test_a_field_that_left_git_leaves_the_cluster(application: Application) -> None:
    application.sync(application.component("one", config_map("prompt", a="1", b="2")))

    (result,) = application.sync(application.component("one", config_map("prompt", a="1")))

    assert result.changes == ("data.b: 2 -> (none)",)


def test_what_left_git_is_pruned(application: Application) -> None:
    stays = application.component("stays", config_map("stays"))
    application.sync(stays, application.component("old", config_map("old")))

    results = application.sync(stays)

    assert [(result.key, result.status) for result in results] == [
        (f"ConfigMap {application.name}/old", "Pruned")
    ]
    key = ObjectKey("", "ConfigMap", application.name, "old")
    assert application.client.get(key) is None
    eventually(lambda: application.live.get(key) is None)


def test_an_object_of_nobody_is_left_alone(application: Application) -> None:
    foreign = config_map("theirs", a="1")
    application.client.connection.request(
        "POST",
        f"/api/v1/namespaces/{application.name}/configmaps",
        action="create",
        body=foreign,
    )
    component = application.component("one", config_map("theirs", a="2"))

    refused = application.plan([component])
    (adopted,) = application.sync(component, options=SyncOptions(adopt=True))

    assert refused.is_empty
    assert refused.guards[0].rule == "exists-and-is-not-ours"
    assert adopted.status == "Synced"
    assert application.plan([component]).is_empty


def test_a_broken_object_is_reported_and_its_neighbours_are_written(
    application: Application,
) -> None:
    broken = {**config_map("broken"), "data": {"a": {"not": "text"}}}

    results = application.sync(
        application.component("bad", broken), application.component("good", config_map("good"))
    )

    assert {result.key.split("/")[1]: result.status for result in results} == {
        "broken": "SyncFailed",
        "good": "Synced",
    }


def test_conflicts_name_the_other_manager(application: Application) -> None:
    component = application.component("one", config_map("prompt", text="ours"))
    application.sync(component)
    edit(application, "prompt", text="theirs")

    with pytest.raises(ConflictError) as raised:
        application.client.apply(component.manifests[0], force=False)

    assert [str(conflict) for conflict in raised.value.conflicts] == [
        ".data.text belongs to 'kubectl-edit'"
    ]


def test_secret_values_stay_out_of_refusals(application: Application) -> None:
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "key", "namespace": application.name},
        "data": {"key": "hunter2 is no base64"},
    }

    with pytest.raises(InvalidError) as raised:
        application.client.apply(secret)

    assert "hunter2" not in str(raised.value)


def test_undecided_comparisons_are_settled_by_the_server(application: Application) -> None:
    """Another manager holds a field at our value: only a dry-run can tell that nothing differs."""
    component = application.component("one", config_map("prompt", text="same"))
    application.sync(component)
    edit(application, "prompt", text="other")
    edit(application, "prompt", text="same")
    key = ObjectKey("", "ConfigMap", application.name, "prompt")
    newest = (application.client.get(key) or {})["metadata"]["resourceVersion"]
    eventually(lambda: (application.live.get(key) or {})["metadata"]["resourceVersion"] == newest)

    found = compare.differences([component], application.live, application.client)

    assert found[key].outcome is Outcome.SAME


def test_kinds_come_and_go_with_their_definitions(application: Application) -> None:
    live, client = application.live, application.client
    plural = f"widgets.{application.name}.example"
    version, kind = f"{application.name}.example/v1", "Widget"
    live.follow([(version, kind)])
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": plural},
        "spec": {
            "group": f"{application.name}.example",
            "names": {"kind": kind, "plural": "widgets", "singular": "widget"},
            "scope": "Namespaced",
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": {"type": "object"}},
                }
            ],
        },
    }
    widget = application.component(
        "w", {"apiVersion": version, "kind": kind, "metadata": {"name": "w"}}
    ).manifests[0]
    key = ObjectKey.of(widget)

    for _ in range(2):
        crd = client.apply(definition)
        eventually(lambda: _applies(client, widget))
        eventually(lambda: live.get(key))
        client.delete(ObjectKey.of(definition), uid=crd["metadata"]["uid"])
        eventually(lambda: live.get(key) is None)


def _applies(client: Client, manifest: Manifest) -> bool:
    try:
        client.apply(manifest)
    except (NotFoundError, UnavailableError):
        return False
    return True


def test_watches_survive_a_restarted_server(folder: Path, application: Application) -> None:
    component = application.component("one", config_map("prompt", text="Be kind."))
    application.sync(component)
    running = supervisor.status(folder)
    assert running is not None

    os.kill(running.pid, signal.SIGKILL)
    eventually(lambda: supervisor.status(folder) is None)
    supervisor.start(folder, log=folder / "log", die_with_parent=True)
    edit(application, "prompt", text="Be rude.")

    key = ObjectKey("", "ConfigMap", application.name, "prompt")
    eventually(lambda: (application.live.get(key) or {}).get("data") == {"text": "Be rude."})
    (result,) = application.sync(component)
    assert result.status == "Synced"


def selecting(name: str, app: str) -> Manifest:
    labels = {"app": app}
    pod = {"containers": [{"name": "main", "image": "roster:0.1.0"}]}
    template = {"metadata": {"labels": labels}, "spec": pod}
    spec = {"replicas": 0, "selector": {"matchLabels": labels}, "template": template}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "annotations": {}},
        "spec": spec,
    }


def test_an_immutable_field_is_told_and_changed_where_that_is_allowed(
    application: Application,
) -> None:
    def wants(app: str, **annotations: str) -> Component:
        manifest = with_metadata(selecting("one", app), labels={}, annotations=annotations)
        return application.component("one", manifest)

    application.sync(wants("old"))
    key = ObjectKey("apps", "Deployment", application.name, "one")
    before = application.client.get(key) or {}

    (refused,) = application.sync(wants("new"))
    (forced,) = application.sync(wants("new", **{"roster.dev/sync-options": "Force=true"}))

    assert refused.status == "SyncFailed"
    assert "field is immutable" in refused.message
    assert "roster.dev/sync-options: Force=true" in refused.message
    assert (forced.status, forced.message) == ("Synced", "deleted and created anew")
    after = application.client.get(key) or {}
    assert after["metadata"]["uid"] != before["metadata"]["uid"]
    assert after["spec"]["selector"]["matchLabels"] == {"app": "new"}


def test_a_conflict_names_both_managers_where_it_is_not_forced(
    application: Application,
) -> None:
    fails = {"roster.dev/sync-options": "ServerSideApplyConflicts=fail"}
    wanted = with_metadata(config_map("one", a="git"), labels={}, annotations=fails)
    application.sync(application.component("one", wanted))
    edit(application, "one", a="by hand")

    def drifted() -> bool:
        return not application.plan([application.component("one", wanted)]).is_empty

    eventually(drifted)
    (failed,) = application.sync(application.component("one", wanted))

    assert ".data.a belongs to the field manager 'kubectl-edit', and 'roster'" in failed.message
    key = ObjectKey("", "ConfigMap", application.name, "one")
    assert (application.client.get(key) or {})["data"] == {"a": "by hand"}


def test_replacing_takes_away_what_others_added(application: Application) -> None:
    def wants(value: str) -> Component:
        options = {"roster.dev/sync-options": "Replace=true"}
        manifest = with_metadata(config_map("one", a=value), labels={}, annotations=options)
        return application.component("one", manifest)

    application.sync(wants("1"))
    edit(application, "one", theirs="x")
    (replaced,) = application.sync(wants("2"))

    assert replaced.message == "replaced"
    key = ObjectKey("", "ConfigMap", application.name, "one")
    assert (application.client.get(key) or {})["data"] == {"a": "2"}
    assert application.plan([wants("2")]).is_empty


def test_what_an_expression_names_is_left_to_others(application: Application) -> None:
    rule = Rule(kind="ConfigMap", jq_path_expressions=('.data | select(.a == "by hand").a',))
    wanted = application.component("one", config_map("one", a="git", b="git"))
    application.sync(wanted)
    edit(application, "one", a="by hand", b="by hand")
    key = ObjectKey("", "ConfigMap", application.name, "one")
    eventually(lambda: (application.live.get(key) or {})["data"]["b"] == "by hand")

    found = compare.differences([wanted], application.live, application.client, ignored=[rule])
    application.sync(wanted, differences=found)

    assert (application.client.get(key) or {})["data"] == {"a": "by hand", "b": "git"}


NAMES = st.sampled_from(["a", "b", "c"])
DATA = st.dictionaries(st.sampled_from(["x", "y", "z"]), st.text("ab\n", max_size=3), max_size=3)
VARIABLES = st.dictionaries(st.sampled_from(["A", "B", "C"]), st.sampled_from(["1", ""]))


@st.composite
def workloads(draw: st.DrawFn) -> Manifest:
    """A Deployment without pods, whose lists grow, shrink and are left out."""
    name = draw(NAMES)
    manifest = selecting(name, name)
    container: dict[str, Any] = {"name": "main", "image": draw(st.sampled_from(["a:1", "a:2"]))}
    if variables := draw(st.permutations(sorted(draw(VARIABLES).items()))):
        container["env"] = [{"name": key, "value": value} for key, value in variables]
    if draw(st.booleans()):
        container["args"] = draw(st.lists(st.sampled_from(["-v", "-q"]), max_size=2))
    if draw(st.booleans()):
        container["resources"] = {"limits": {"cpu": draw(st.sampled_from(["1", "1000m", "2"]))}}
    template = {**manifest["spec"]["template"], "spec": {"containers": [container]}}
    return {**manifest, "spec": {**manifest["spec"], "template": template}}


COMMITS = st.lists(
    st.tuples(
        st.dictionaries(NAMES, DATA, max_size=3),
        st.lists(workloads(), max_size=2, unique_by=lambda one: one["metadata"]["name"]),
    ),
    min_size=1,
    max_size=4,
)


def state(application: Application) -> dict[str, Any]:
    """What the namespace holds of the two kinds, in the fields that commits are about."""
    found: dict[str, Any] = {}
    for version, kind in (("v1", "ConfigMap"), ("apps/v1", "Deployment")):
        for item in application.client.list(version, kind, namespace=application.name):
            key = f"{kind} {item['metadata']['name']}"
            if kind == "ConfigMap":
                found[key] = item.get("data", {})
            else:
                (container,) = item["spec"]["template"]["spec"]["containers"]
                parts = ("image", "env", "args", "resources")
                found[key] = {part: container[part] for part in parts if container.get(part)}
    return found


@settings(
    max_examples=10,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(COMMITS)
def test_any_order_of_commits_ends_in_the_state_of_the_last(
    application: Application, commits: list[tuple[dict[str, dict[str, str]], list[Manifest]]]
) -> None:
    def of(commit: tuple[dict[str, dict[str, str]], list[Manifest]]) -> list[Component]:
        maps, deployments = commit
        made = [config_map(name, **data) for name, data in maps.items()] + deployments
        return [
            application.component(f"{one['kind']}-{one['metadata']['name']}".lower(), one)
            for one in made
        ]

    def apply(components: list[Component]) -> None:
        application.sync(*components, confirmed=True)
        # What an object owns is deleted before it; until then the server has it.
        eventually(
            lambda: not any(map(is_going, application.live.managed(application.name).values()))
        )

    for commit in commits:
        apply(of(commit))
    again = application.plan(of(commits[-1]), confirmed=True)
    reached = state(application)
    apply([])
    apply(of(commits[-1]))

    assert again.is_empty, "a second sync changes nothing"
    assert reached == state(application), "as if the last commit were the only one"


def is_going(manifest: Manifest) -> bool:
    return "deletionTimestamp" in manifest["metadata"]
