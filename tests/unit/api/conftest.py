"""Applications as they are stored, and the API around them with a real store and queue."""

import base64
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import flask
import httpx
import pytest
from browsing import chromium, new_context
from flask.testing import FlaskClient
from kubernetes import client as kubernetes_client
from playwright.sync_api import Browser, Page
from pytest_httpserver import HTTPServer

from controller.api import flask_app, shell
from controller.api.serve import Server
from controller.api.services import Rendered, Services
from controller.cluster.client import Client
from controller.cluster.connection import Connection
from controller.cluster.logs import PodLogs
from controller.definitions import parse, resolve
from controller.definitions.findings import DefinitionId, Position
from controller.diff import compare
from controller.diff.difference import Difference
from controller.diff.semantic.change import Change, Kind, Mark, Piece, SemanticDiff, Severity
from controller.errors import PermanentError
from controller.objects import Manifest, ObjectKey, scrubber
from controller.plan.steps import Action, Guard, Plan, Step
from controller.reconcile import operations
from controller.reconcile.origins import Origin
from controller.reconcile.workqueue import WorkQueue
from controller.source.snapshot import Commit
from controller.state.conversations import Conversations
from controller.state.records import (
    ApplicationRecord,
    ApplicationSpec,
    ApplicationStatus,
    CommitRecord,
    ComponentStatus,
    Condition,
    ObjectResult,
    ObjectStatus,
    Operation,
    OperationPhase,
    StoredFinding,
    SyncPolicy,
    SyncRequest,
    SyncStatus,
)
from controller.state.store import Store

CANARY = "canary-s3cr3t-value"
NOW = datetime(2026, 1, 2, 12, 0, 0, tzinfo=UTC)
REVISION = "8a1cb4a02d3538e54907c827352f66f20c3d7b0d"
BEFORE = "1f0c4b7e6a9d2c3b4a5968778695a4b3c2d1e0f9"
SECRETS = {"github": "gh-secret", "gitlab": "gl-secret", "gitea": "gt-secret"}

KNOWN = {("agents", "triage"), ("default", "agent-a")}

AGENTS = ("triage", "researcher", "writer", "reviewer", "release-notes", "oncall")


def component(
    kind: str, name: str, *, health: str = "Healthy", message: str = "", **given: Any
) -> ComponentStatus:
    group = "" if kind in {"ConfigMap", "Secret"} else "kagent.dev"
    return ComponentStatus(
        id=str(DefinitionId(kind=kind, namespace="agents", name=name, group=group)),
        kind=kind,
        namespace="agents",
        name=name,
        file=f"agents/{name}.yaml",
        line=1,
        sync=given.pop("sync", SyncStatus.SYNCED),
        health=health,
        message=message,
        **given,
    )


def objects_of(item: ComponentStatus) -> tuple[ObjectStatus, ...]:
    kinds = {
        "Agent": ("apps/Deployment", "Service", "ConfigMap", "Secret", "ServiceAccount"),
        "MCPServer": ("apps/Deployment", "Service"),
        "ConfigMap": ("ConfigMap",),
        "Secret": ("Secret",),
    }.get(item.kind, ())
    return tuple(
        ObjectStatus(
            key=f"{kind} {item.namespace}/{item.name}",
            api_version="apps/v1" if kind.startswith("apps/") else "v1",
            component=item.id,
            file=item.file,
            line=item.line,
            sync=item.sync if kind in {"apps/Deployment", "ConfigMap"} else SyncStatus.SYNCED,
            health=item.health if kind == "apps/Deployment" else "Healthy",
            message=item.message if kind == "apps/Deployment" else "",
            wave=2 if item.kind == "Agent" else 0,
        )
        for kind in kinds
    )


def operation(number: int, **given: Any) -> Operation:
    started = NOW - timedelta(hours=3 * (10 - number))
    defaults: dict[str, Any] = {
        "revision": f"{number:x}" * 40 if number < 10 else REVISION,
        "author": "Ada Lovelace",
        "message": f"Change number {number}",
        "phase": OperationPhase.SUCCEEDED,
        "result_message": "successfully synced (3 created, 1 updated)",
        "started_at": started,
        "finished_at": started + timedelta(seconds=4.2),
    }
    return Operation(id=number, **{**defaults, **given})


def well(name: str = "agents", **spec: Any) -> ApplicationRecord:
    """An application that is Synced and Healthy."""
    components = (
        *(component("Agent", agent) for agent in AGENTS),
        component("ModelConfig", "claude"),
        component("ModelConfig", "demo"),
        component("RemoteMCPServer", "search"),
        component("MCPServer", "tickets"),
        component("ConfigMap", "prompts"),
        component("Secret", "claude-key"),
    )
    return ApplicationRecord(
        spec=ApplicationSpec(
            **{
                "name": name,
                "repo_url": "https://github.com/acme/agents.git",
                "target_revision": "main",
                "path": "agents",
                "namespace": "agents",
                "sync_policy": SyncPolicy(prune=True),
                **spec,
            }
        ),
        status=ApplicationStatus(
            sync=SyncStatus.SYNCED,
            health="Healthy",
            commit=CommitRecord(
                revision=REVISION,
                author="Ada Lovelace",
                email="ada@example.com",
                message="Give the triage agent the ticket tools\n\nIt asked for them.",
                committed_at=NOW - timedelta(minutes=42),
            ),
            synced_revision=REVISION,
            reconciled_at=NOW - timedelta(seconds=20),
            components=components,
            objects=tuple(found for item in components for found in objects_of(item)),
        ),
        operation=operation(10),
        history=tuple(operation(number) for number in range(10, 4, -1)),
        inventory=("apps/Deployment agents/triage",),
        next_operation_id=11,
    )


def ill(name: str = "staging") -> ApplicationRecord:
    """An application with findings, drift, a failed operation and something to prune."""
    fine = well(name, repo_url="git@github.com:acme/staging.git", target_revision="HEAD")
    crash = "Back-off restarting failed container: ANTHROPIC_API_KEY is not set"
    components = (
        component("Agent", "triage", health="Degraded", message=crash),
        component("Agent", "researcher", health="Progressing", sync=SyncStatus.OUT_OF_SYNC),
        component(
            "Agent",
            "writer",
            health="Missing",
            sync=SyncStatus.UNKNOWN,
            message="DependencyNotReady: waits for ModelConfig agents/gpt",
        ),
        *fine.status.components[6:],
    )
    orphan = ObjectStatus(
        key="apps/Deployment agents/retired",
        api_version="apps/v1",
        component="Agent agents/retired",
        sync=SyncStatus.OUT_OF_SYNC,
        health="Healthy",
        message="left git, and prune is off",
        requires_pruning=True,
    )
    failed = operation(
        10,
        phase=OperationPhase.FAILED,
        initiated_by="ada",
        request_id=10,
        retry_count=3,
        result_message="1 of 4 objects failed",
        objects=(
            ObjectResult(
                key="apps/Deployment agents/researcher",
                action="update",
                status="SyncFailed",
                message="conflict with kubectl-edit: .spec.replicas",
                changes=("spec.replicas: 3 -> 1",),
            ),
            ObjectResult(key="Service agents/researcher", action="create", status="Synced"),
        ),
    )
    return fine.model_copy(
        update={
            "status": fine.status.model_copy(
                update={
                    "sync": SyncStatus.OUT_OF_SYNC,
                    "health": "Degraded",
                    "health_message": f"apps/Deployment agents/triage: {crash}",
                    "components": components,
                    "objects": (
                        *(found for item in components for found in objects_of(item)),
                        orphan,
                    ),
                    "conditions": (
                        Condition(
                            type="SourceError",
                            message="cannot reach https://bot:hunter2@git.example.com/x: timeout",
                            last_transition_time=NOW - timedelta(minutes=3),
                        ),
                    ),
                    "findings": FINDINGS,
                }
            ),
            "operation": failed,
            "history": (failed, *fine.history[1:]),
            "next_request_id": 11,
        }
    )


FINDINGS = (
    StoredFinding(
        rule="unknown-field",
        severity="error",
        message="`spec.declarative.modelConfg` is not a field of Agent.",
        remedy="Did you mean `modelConfig`?",
        file="agents/writer.yaml",
        line=9,
        column=5,
        definition="Agent agents/writer",
    ),
    StoredFinding(
        rule="unused-model",
        severity="warning",
        message="No agent uses ModelConfig agents/demo.",
        remedy="Remove it, or name it in an agent.",
        file="agents/demo.yaml",
        line=1,
        column=1,
        definition="ModelConfig agents/demo",
    ),
)


def manifest(key: ObjectKey, *, replicas: int = 1) -> dict[str, Any]:
    """The object as git wants it; Secrets hold the canary, in every place it could leak from."""
    made: dict[str, Any] = {
        "apiVersion": f"{key.group}/v1" if key.group else "v1",
        "kind": key.kind,
        "metadata": {"name": key.name, "namespace": key.namespace, "labels": {"app": key.name}},
    }
    if key.kind == "Secret":
        made["data"] = {"key": base64.b64encode(CANARY.encode()).decode()}
        made["stringData"] = {"other": CANARY}
        made["metadata"]["annotations"] = {
            "kubectl.kubernetes.io/last-applied-configuration": f'{{"stringData":"{CANARY}"}}'
        }
    elif key.kind == "Deployment":
        image = f"registry.example.com/agents/{key.name}:1.4.2"
        containers = [{"name": "agent", "image": image, "args": ["--port", "8080"]}]
        made["spec"] = {"replicas": replicas, "template": {"spec": {"containers": containers}}}
    elif key.kind == "ConfigMap":
        made["data"] = {"system.txt": "You are calm and precise.\nAnswer in one paragraph.\n"}
    return made


def live_object(key: ObjectKey) -> Manifest | None:
    """The object as the cluster has it: researcher has drifted, what is Missing is not there."""
    if key.name == "writer":
        return None
    made = manifest(key, replicas=3 if key.name == "researcher" else 1)
    made["metadata"] |= {
        "uid": f"uid-{key.kind}-{key.name}",
        "resourceVersion": "4711",
        "creationTimestamp": "2026-01-01T00:00:00Z",
        "managedFields": [{"manager": "kubectl", "fieldsV1": {"f:data": {CANARY: {}}}}],
    }
    if key.kind == "ConfigMap":
        owner = {"apiVersion": "apps/v1", "kind": "Deployment", "name": key.name, "uid": "u1"}
        made["metadata"]["ownerReferences"] = [owner]
    return made


def comparison(_name: str, key: ObjectKey) -> Difference | None:
    """Both sides of an object, with a prediction for the one that has drifted."""
    if key.name == "retired":
        return None
    found = compare.compare(manifest(key), live_object(key))
    if key.name != "researcher":
        return found
    return compare.decide(found, {**(found.live or {}), **manifest(key), "predicted": True})


def rendered(name: str, revision: str | None) -> Rendered:
    """What the application's objects are rendered to."""
    if revision == "no-such-revision":
        raise PermanentError("There is no revision 'no-such-revision'.")
    record = ill(name) if name == "staging" else well(name)
    keys = [ObjectKey.parse(item.key) for item in record.status.objects]
    return Rendered(revision=revision or REVISION, manifests=[manifest(key) for key in keys])


def light(kind: str, name: str, **rest: Any) -> dict[str, Any]:
    """A light node as the cluster's watches keep it."""
    version = {"ReplicaSet": "apps/v1"}.get(kind, "v1")
    return {
        "apiVersion": version,
        "kind": kind,
        "metadata": {
            "name": name,
            "namespace": "agents",
            "uid": f"uid-{name}",
            "creationTimestamp": "2026-01-01T00:00:00Z",
            **rest.pop("metadata", {}),
        },
        **rest,
    }


CRASH = {"reason": "CrashLoopBackOff", "message": "back-off 10s restarting"}
POD = light(
    "Pod",
    "triage-7d9f-abcde",
    spec={"nodeName": "local", "containers": [{"name": "agent", "image": "roster:1"}]},
    status={
        "phase": "Running",
        "containerStatuses": [
            {
                "name": "agent",
                "ready": False,
                "restartCount": 3,
                "image": "roster:1",
                "state": {"waiting": CRASH},
            }
        ],
    },
)
CHILDREN: dict[str, tuple[dict[str, Any], ...]] = {
    "uid-Deployment-triage": (
        light(
            "ReplicaSet",
            "triage-7d9f",
            metadata={"annotations": {"deployment.kubernetes.io/revision": "2"}},
            spec={"replicas": 1},
        ),
    ),
    "uid-triage-7d9f": (POD,),
}
EVENTS: tuple[dict[str, Any], ...] = tuple(
    {
        "metadata": {"name": f"e{number}", "namespace": "agents", "uid": f"e-{number}"},
        "involvedObject": {
            "kind": kind,
            "namespace": "agents",
            "name": uid.removeprefix("uid-"),
            "uid": uid,
        },
        "type": "Warning",
        "reason": "BackOff",
        "message": f"restarting; the key was {CANARY}",
        "count": number,
        "lastTimestamp": f"2026-01-02T11:5{number}:00Z",
        "source": {"component": "kubelet"},
    }
    for number, (kind, uid) in enumerate(
        [
            ("Pod", "uid-triage-7d9f-abcde"),
            ("Deployment", "uid-Deployment-triage"),
            ("Pod", "uid-of-another-application"),
        ],
        start=1,
    )
)
COMMIT = Commit(
    revision=BEFORE,
    author="Grace Hopper",
    email="grace@example.com",
    message="Teach triage to count\n\nMore words.",
    committed_at=NOW - timedelta(days=3),
)


def plan_of(name: str, request: SyncRequest | None = None) -> Plan:
    """A plan with an update, a prune, a guard and a blocked definition."""
    if name == "broken":
        raise PermanentError(
            "cannot read https://bot:hunter2@git.example.com/x", remedy="Correct the URL."
        )
    steps = []
    for kind in ("apps/Deployment", "Secret"):
        key = ObjectKey.parse(f"{kind} agents/researcher")
        live = {**(live_object(key) or {}), "data": {"key": "b2xk"}}
        steps.append(
            Step(
                action=Action.UPDATE,
                key=key,
                component=DefinitionId(kind="Agent", namespace="agents", name="researcher"),
                manifest=manifest(key),
                difference=compare.compare(manifest(key), live),
                wave=2,
                reason="drift",
            )
        )
    retired = ObjectKey.parse("apps/Deployment agents/retired")
    return Plan(
        application=name,
        revision=REVISION,
        waves=(tuple(steps),),
        kept=(
            Step(
                action=Action.KEEP,
                key=retired,
                component=None,
                manifest=None,
                reason="left git, and prune is off",
            ),
        ),
        blocked=(
            (
                DefinitionId(kind="Agent", namespace="agents", name="writer"),
                "waits for ModelConfig agents/gpt",
            ),
        ),
        guards=(
            Guard(
                rule="prune-needs-confirmation",
                message="7 of 12 objects would go.",
                keys=(retired,),
            ),
        ),
    )


def semantic_between(_name: str, before: str | None, after: str | None) -> SemanticDiff:
    """A prompt that changed; a revision that was pushed away for `gone`."""
    if before == "gone":
        raise PermanentError("There is no commit gone.")
    agent = DefinitionId("Agent", "agents", "triage")
    change = Change(
        kind=Kind.PROMPT,
        severity=Severity.MEDIUM,
        definition=agent,
        position=Position("agents/triage.yaml", 9),
        summary="system message",
        pieces=(Piece(Mark.SAME, "Be "), Piece(Mark.ADDED, "<b>kind</b>"), Piece(Mark.SAME, "\n.")),
        agents=(agent,),
        reaches=(DefinitionId("Agent", "agents", "oncall"),),
    )
    return SemanticDiff(before=before or BEFORE, after=after or REVISION, changes=(change,))


CATALOG = resolve.resolve(
    parse.parse(
        {
            "agents/triage.yaml": b"""
apiVersion: kagent.dev/v1alpha2
kind: Agent
metadata: {name: triage}
spec:
  type: Declarative
  description: Sorts tickets.
  declarative:
    modelConfig: claude
    systemMessage: You sort tickets.
---
apiVersion: kagent.dev/v1alpha2
kind: ModelConfig
metadata: {name: claude}
spec:
  provider: Anthropic
  model: claude-sonnet
  apiKeySecret: claude-key
  apiKeySecretKey: key
  anthropic: {maxTokens: 1000}
"""
        },
        namespace="agents",
    )
)


@dataclass
class Controller:
    """Stands for what is behind the API; remembers what it was asked for."""

    store: Store
    conversations: Conversations
    queue: WorkQueue = field(default_factory=WorkQueue)
    requests: list[tuple[str, SyncRequest]] = field(default_factory=list)
    reverts: list[tuple[str, int, str]] = field(default_factory=list)
    is_ready: tuple[bool, str] = (True, "")
    logs: PodLogs | None = None
    verify_agent: Callable[[str, str], bool] | None = None

    def sync(self, name: str, request: SyncRequest) -> ApplicationRecord:
        self.requests.append((name, request))
        return self.store.update(name, lambda record: operations.accept(record, request))

    def revert(self, record: ApplicationRecord, operation: Operation, branch: str) -> str:
        if branch == "taken":
            raise PermanentError("There is a branch 'taken' already.", remedy="Choose another.")
        self.reverts.append((record.spec.name, operation.id, branch))
        return "d" * 40

    def services(self) -> Services:
        return Services(
            store=self.store,
            queue=self.queue,
            plan=plan_of,
            semantic=semantic_between,
            live_object=live_object,
            comparison=comparison,
            children=lambda uid: CHILDREN.get(uid, ()),
            read=lambda key, _version: POD if key.kind == "Pod" else None,
            events=lambda _namespace, uid: tuple(
                event for event in EVENTS if uid in {"", event["involvedObject"]["uid"]}
            ),
            rendered=rendered,
            origin=lambda _record, _component: Origin(COMMIT),
            scrubber=lambda _name: scrubber([manifest(ObjectKey("", "Secret", "agents", "x"))]),
            sync=self.sync,
            revert=self.revert,
            ready=lambda: self.is_ready,
            webhook_secrets=SECRETS,
            version="9.9.9",
            logs=self.logs,
            conversations=self.conversations,
            catalog=lambda name: CATALOG if name == "agents" else None,
            knows_agent=lambda namespace, name: (namespace, name) in KNOWN,
            agent_revision=lambda _namespace, _name: REVISION,
            verify_agent=self.verify_agent,
        )


@pytest.fixture
def controller(tmp_path: Path) -> Iterator[Controller]:
    with (
        Store(tmp_path / "state") as store,
        Conversations(tmp_path / "state" / "conversations") as conversations,
    ):
        yield Controller(store, conversations)


@pytest.fixture
def app(controller: Controller) -> flask.Flask:
    return flask_app.create(controller.services())


@pytest.fixture
def client(app: flask.Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def stored(controller: Controller) -> Controller:
    """The controller with two applications: one that is well and one that is not."""
    controller.store.put(well())
    controller.store.put(ill())
    return controller


@pytest.fixture
def make() -> SimpleNamespace:
    """Builders and constants for tests, which cannot import this file."""
    return SimpleNamespace(
        well=well,
        ill=ill,
        operation=operation,
        component=component,
        canary=CANARY,
        canaries=(CANARY, base64.b64encode(CANARY.encode()).decode(), "hunter2"),
        secrets=SECRETS,
        revision=REVISION,
        now=NOW,
    )


@pytest.fixture
def server(stored: Controller) -> Iterator[Server]:
    """The whole thing on a real socket."""
    running = Server(shell.create(stored.services()), "127.0.0.1", 0)
    running.start()
    yield running
    running.stop()


@pytest.fixture
def cluster() -> Iterator[HTTPServer]:
    with HTTPServer(host="127.0.0.1", port=0, threaded=True) as server:
        yield server


@pytest.fixture
def reading(stored: Controller, cluster: HTTPServer) -> Iterator[Server]:
    """The whole thing with a way to logs, from the API of a cluster that a test scripts."""
    configuration = kubernetes_client.Configuration(host=cluster.url_for("").rstrip("/"))
    reader = Client(Connection(configuration))
    stored.logs = PodLogs(reader, httpx.AsyncClient)
    running = Server(shell.create(stored.services()), "127.0.0.1", 0)
    running.start()
    yield running
    running.stop()
    reader.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for a file: starting it is what takes long."""
    with chromium() as opened:
        yield opened


@pytest.fixture
def page(server: Server, browser: Browser) -> Iterator[Page]:
    """A page on the dashboard; complaints on its console fail the test."""
    complaints: list[str] = []
    context = new_context(browser, base_url=server.url)
    opened = context.new_page()
    opened.on("console", lambda message: complaints.append(message.text))
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    yield opened
    context.close()
    assert complaints == []
