"""One application from end to end in one thread: real git, the local cluster, a real database."""

import dataclasses
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from waiting import eventually

from controller.cluster.client import Client
from controller.cluster.live import LiveState
from controller.local import supervisor
from controller.objects import Manifest, ObjectKey
from controller.reconcile.reconciler import Reconciler
from controller.reconcile.revisions import Revisions
from controller.reconcile.workqueue import Trigger
from controller.render.options import RenderOptions
from controller.source.repository import Repositories
from controller.state.records import ApplicationRecord, ApplicationSpec, SyncPolicy, SyncRequest
from controller.state.store import Store
from controller.sync.executor import Executor

START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="session")
def kubeconfig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A local cluster for all tests of this worker."""
    folder = tmp_path_factory.mktemp("cluster")
    running = supervisor.start(folder, log=folder / "log", die_with_parent=True)
    yield running.kubeconfig
    supervisor.stop(folder)


class World:
    """A repository that is committed to, a cluster, and visits of the application between them."""

    name = "agents"

    def __init__(self, folder: Path, client: Client, live: LiveState, namespace: str) -> None:
        self.folder = folder
        self.repository = folder / "repository"
        self.repository.mkdir()
        self.git("init", "--quiet", "--initial-branch=main")
        self.client = client
        self.live = live
        self.namespace = namespace
        self.now = START
        self.pending: set[Trigger] = set()
        self.stopping = False
        self.when_applied: Callable[[Manifest], None] = lambda _: None
        self.when_tried: Callable[[Manifest], None] = lambda _: None
        self._lock = threading.Lock()
        self._apply = client.apply
        client.apply = self._observed_apply  # type: ignore[method-assign] # tells, and applies
        self.name = namespace
        self.start()

    def start(self) -> None:
        """Begin anew with what is on the disk, as after a restart."""
        self.store = Store(self.folder / "state")
        if self.store.application(self.name) is None:
            self.follow()
        self.reconciler = Reconciler(
            store=self.store,
            revisions=Revisions(
                repositories=Repositories(self.folder / "mirrors", listing_validity_s=0),
                options=lambda spec: RenderOptions(application=spec.name, namespace=spec.namespace),
            ),
            client=self.client,
            live=self.live,
            executor=Executor(self.client, self.live, health_timeout_s=60),
            now=lambda: self.now,
            chance=lambda: 0.0,
            pending=lambda _: frozenset(self.pending),
            stopping=lambda: self.stopping,
        )

    def give_up_after(self, seconds: float) -> None:
        """Wait for health no longer than this."""
        executor = Executor(self.client, self.live, health_timeout_s=seconds)
        self.reconciler = dataclasses.replace(self.reconciler, executor=executor)

    def restart(self) -> None:
        self.store.close()
        self.start()

    def follow(self, *, spec: Mapping[str, Any] = MappingProxyType({}), **policy: Any) -> None:
        """Set what the application follows, and how."""
        known = self.store.application(self.name)
        given = {"repo_url": str(self.repository), "namespace": self.namespace, **spec}
        followed = ApplicationSpec(
            name=self.name,
            sync_policy=SyncPolicy(**{"create_namespace": True, **policy}),
            **given,
        )
        record = known or ApplicationRecord(spec=followed)
        self.store.put(record.model_copy(update={"spec": followed}))

    @property
    def record(self) -> ApplicationRecord:
        found = self.store.application(self.name)
        assert found is not None
        return found

    def visit(self, *triggers: Trigger) -> float | None:
        return self.reconciler.visit(self.name, frozenset(triggers or {Trigger.POLL}))

    def ask(self, **request: Any) -> ApplicationRecord:
        return self.reconciler.request(self.name, SyncRequest(**request))

    def later(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def git(self, *arguments: str) -> str:
        identity = ("-c", "user.name=Ada", "-c", "user.email=a@b")
        done = subprocess.run(
            ["git", "-C", self.repository, *identity, *arguments],
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    def commit(self, **files: str | None) -> str:
        """Write files named without their `.yaml` (None: remove one), and commit."""
        for name, content in files.items():
            file = self.repository / f"{name}.yaml"
            if content is None:
                file.unlink()
            else:
                file.write_text(content)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "-m", f"Change {', '.join(files)}")
        return self.git("rev-parse", "HEAD")

    def seen(self, is_so: Callable[[Manifest], bool], name: str = "style") -> None:
        """Wait until the watches know of a ConfigMap that is so."""
        key = ObjectKey("", "ConfigMap", self.namespace, name)
        eventually(
            lambda: (found := self.live.get(key)) is not None and is_so(found),
            what="the watches' knowledge",
        )

    def gone(self, name: str) -> None:
        """Wait until the watches know that a ConfigMap is no more."""
        key = ObjectKey("", "ConfigMap", self.namespace, name)
        eventually(lambda: self.live.get(key) is None, what="the watches' knowledge")

    def config_map(self, name: str) -> Manifest | None:
        return self.client.get(ObjectKey("", "ConfigMap", self.namespace, name), "v1")

    def edit(self, name: str, data: Mapping[str, str]) -> None:
        """Change a ConfigMap as somebody with kubectl would, and wait until that is known."""
        self.client.connection.request(
            "PATCH",
            f"/api/v1/namespaces/{self.namespace}/configmaps/{name}",
            action="edit it",
            query={"fieldManager": "kubectl-edit"},
            body={"data": data},
            content_type="application/merge-patch+json",
        )
        self.seen(lambda live: live["data"] == data, name)

    def _observed_apply(self, manifest: Manifest, **options: bool) -> Manifest:
        with self._lock:
            (self.when_tried if options.get("dry_run") else self.when_applied)(manifest)
        return self._apply(manifest, **options)


@pytest.fixture
def world(tmp_path: Path, kubeconfig: Path, request: pytest.FixtureRequest) -> Iterator[World]:
    client = Client.from_kubeconfig(kubeconfig)
    live = LiveState(client)
    live.start()
    namespace = f"n{abs(hash(request.node.nodeid)) % 10**9}"
    found = World(tmp_path, client, live, namespace)
    yield found
    found.store.close()
    live.stop()
    client.close()


@pytest.fixture
def prompts() -> Callable[..., str]:
    """Write a ConfigMap."""

    def write(name: str = "style", text: str = "Be kind.", **annotations: str) -> str:
        marks = "".join(f"    {key}: {value!r}\n" for key, value in annotations.items())
        marks = f"  annotations:\n{marks}" if marks else ""
        return (
            f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n{marks}"
            f"data:\n  text: {text!r}\n"
        )

    return write
