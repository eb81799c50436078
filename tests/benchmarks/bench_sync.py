"""Measures the sync engine at the size that it is built for, with real git and real requests.

Run: `python tests/benchmarks/bench_sync.py [--agents N] [--rounds N]`. Uses `$KUBECONFIG` where it
is set (two namespaces are made, and deleted at the end), else a local cluster of its own for each
round. Prints medians and spread beside what must be reached at 1,000 agents, and the machine.

An agent is a file with a ConfigMap, a prompt that includes it and no replicas: five objects, no
pod. The controller's part of a round runs in a process of its own, so that its memory is its own.
"""

import argparse
import gc
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from controller import telemetry
from controller.cluster.client import Client
from controller.cluster.live import LiveState
from controller.local import supervisor
from controller.objects import Manifest, ObjectKey
from controller.objects.metadata import APPLICATION
from controller.reconcile import desired
from controller.reconcile.reconciler import Reconciler
from controller.reconcile.revisions import Revision, Revisions
from controller.reconcile.workqueue import Trigger
from controller.render.options import RenderOptions
from controller.source.repository import Repositories
from controller.source.snapshot import Source
from controller.state.records import ApplicationRecord, ApplicationSpec, SyncPolicy, SyncStatus
from controller.state.store import Store
from controller.sync.executor import Executor

_THREADS = 8
_BARE, _SYNC = "bench-bare", "bench-sync"
_VISITS = 5
_MODEL = """\
apiVersion: kagent.dev/v1alpha2
kind: ModelConfig
metadata: {name: model}
spec: {provider: Ollama, model: tiny, ollama: {host: "http://ollama:11434"}}
"""
_AGENT = """\
apiVersion: v1
kind: ConfigMap
metadata: {{name: prompts-{number}}}
data:
  style: "{style}"
---
apiVersion: kagent.dev/v1alpha2
kind: Agent
metadata: {{name: agent-{number}}}
spec:
  description: Agent number {number}.
  declarative:
    modelConfig: model
    systemMessage: |
      You are agent {number}. {filler}
      {{{{include "own/style"}}}}
    promptTemplate:
      dataSources: [{{kind: ConfigMap, name: prompts-{number}, alias: own}}]
    deployment:
      replicas: 0
      env: [{{name: LOG_LEVEL, value: info}}]
      resources: {{limits: {{memory: 256Mi}}}}
"""
ROWS = {
    "no-change visit, API requests": "0",
    "no-change visit, CPU s": "1",
    "one file changed, components rendered": "touched: 2",
    "one file changed, API requests": "9",
    "one file changed, render+diff+plan ms": "200",
    "one file changed, the same, CPU ms": "",
    "one file changed, whole visit ms": "",
    "first sync, objects per s": "",
    "bare loop, objects per s": "",
    "first sync, share of the bare loop": "0.8 or more",
    "memory in steady state, MiB": "250",
    "cold render, CPU s": "10",
    "warm render, CPU s": "1",
}
"""Every row of the table, with what it must reach; in the order of printing."""


def main() -> None:
    """Run the rounds and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--agents", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--child", metavar="KUBECONFIG", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        print(json.dumps(controller_part(Path(given.child), given.agents)))
        return
    print(f"{platform.platform()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    print(f"load before: {os.getloadavg()[0]:.1f}; {given.agents} agents, {given.rounds} rounds")
    found: dict[str, list[float]] = {row: [] for row in ROWS}
    for _ in range(given.rounds):
        for row, values in one_round(given.agents).items():
            found[row] += values
    print(f"{'case':<40} {'median':>9} {'min':>9} {'max':>9}   must")
    for row, must in ROWS.items():
        values = found[row]
        middle = statistics.median(values)
        print(f"{row:<40} {middle:>9.3g} {min(values):>9.3g} {max(values):>9.3g}   {must}")


def one_round(agents: int) -> Mapping[str, list[float]]:
    """Give the figures of one round, by row."""
    with cluster() as kubeconfig:
        rate = bare_loop(kubeconfig, agents)
        command = [sys.executable, __file__, "--agents", str(agents), "--child", str(kubeconfig)]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        found: dict[str, list[float]] = json.loads(done.stdout.splitlines()[-1])
        clean(kubeconfig)
    synced = found["first sync, objects per s"][0]
    found["bare loop, objects per s"] = [rate]
    found["first sync, share of the bare loop"] = [synced / rate]
    return found


def bare_loop(kubeconfig: Path, agents: int) -> float:
    """Apply what the agents render to from as many threads, and nothing else; give the rate."""
    client = Client.from_kubeconfig(kubeconfig)
    client.ensure_namespace(_BARE)
    made = desired.of_files(files(agents), options(_BARE))
    manifests: list[Manifest] = [unlabelled(manifest) for manifest in made.objects().values()]
    with ThreadPoolExecutor(_THREADS) as pool:
        started = time.perf_counter()
        list(pool.map(client.apply, manifests))
        took = time.perf_counter() - started
    client.close()
    return len(manifests) / took


def unlabelled(manifest: Manifest) -> Manifest:
    """Give a manifest that the controller, which is measured afterwards, does not watch."""
    metadata = dict(manifest["metadata"])
    labels = {k: v for k, v in metadata.get("labels", {}).items() if k != APPLICATION}
    return {**manifest, "metadata": {**metadata, "labels": labels}}


def controller_part(kubeconfig: Path, agents: int) -> Mapping[str, list[float]]:
    """Render, sync, visit and change as the controller does; give the figures by row."""
    found: dict[str, list[float]] = {}
    for case in ("cold", "warm"):
        cpu = time.process_time()
        desired.of_files(files(agents), options(_SYNC))
        found[f"{case} render, CPU s"] = [time.process_time() - cpu]
    with tempfile.TemporaryDirectory() as name, visits(Path(name), kubeconfig) as world:
        world.commit(files(agents))
        world.visit()
        record = world.record
        operation = record.operation
        assert record.status.sync is SyncStatus.SYNCED, record.status.conditions
        assert operation is not None
        assert operation.finished_at is not None
        seconds = (operation.finished_at - operation.started_at).total_seconds()
        found["first sync, objects per s"] = [len(record.status.objects) / seconds]
        world.settle()
        unchanged = [world.measured() for _ in range(_VISITS)]
        found["no-change visit, API requests"] = [one.requests for one in unchanged]
        found["no-change visit, CPU s"] = [one.cpu_s for one in unchanged]
        for number in range(_VISITS):
            for row, value in world.changed(number).items():
                found.setdefault(row, []).append(value)
        gc.collect()
        found["memory in steady state, MiB"] = [resident_mib()]
    return found


@dataclass(frozen=True, slots=True)
class Cost:
    """What a visit took."""

    requests: float
    cpu_s: float
    wall_s: float


@dataclass(frozen=True, slots=True)
class Visits:
    """One application with its repository and the reconciler that visits it."""

    repository: Path
    store: Store
    repositories: Repositories
    reconciler: Reconciler

    @property
    def record(self) -> ApplicationRecord:
        """The application as it is stored."""
        found = self.store.application(_SYNC)
        assert found is not None
        return found

    def visit(self) -> None:
        """Visit it as polling does."""
        self.reconciler.visit(_SYNC, frozenset({Trigger.POLL}))

    def measured(self) -> Cost:
        """Visit it, and give what that took."""
        requests, cpu, wall = api_requests(), time.process_time(), time.perf_counter()
        self.visit()
        return Cost(
            api_requests() - requests, time.process_time() - cpu, time.perf_counter() - wall
        )

    def settle(self) -> None:
        """Visit until a visit asks nothing: the watches have told everything."""
        deadline = time.perf_counter() + 60
        while self.measured().requests and time.perf_counter() < deadline:
            self.reconciler.live.wait(0.5)

    def changed(self, number: int) -> Mapping[str, float]:
        """Commit a change of one file; give what the work and the visit that applies it take."""
        before = {id(one) for one in self._current().desired.rendered.components}
        self.commit({f"agent-{number}.yaml": agent(number, style="Be brief.").encode()})
        spec = self.record.spec
        source = Source(repo_url=spec.repo_url, target_revision=spec.target_revision)
        snapshot = self.repositories.fetch(source, self.repositories.resolve(source, fresh=True))
        started, cpu = time.perf_counter(), time.process_time()
        wanted = desired.of_snapshot(snapshot, options(_SYNC))
        revision = Revision(spec=spec, commit=snapshot.commit, desired=wanted)
        self.reconciler.planner.plan(self.record, revision, None)
        work, cpu = time.perf_counter() - started, time.process_time() - cpu
        components = [one for one in wanted.rendered.components if id(one) not in before]
        cost = self.measured()
        self.settle()
        return {
            "one file changed, components rendered": len(components),
            "one file changed, API requests": cost.requests,
            "one file changed, render+diff+plan ms": work * 1000,
            "one file changed, the same, CPU ms": cpu * 1000,
            "one file changed, whole visit ms": cost.wall_s * 1000,
        }

    def commit(self, changed: Mapping[str, bytes]) -> None:
        """Write files and commit them."""
        for name, content in changed.items():
            (self.repository / name).write_bytes(content)
        git(self.repository, "add", "--all")
        git(self.repository, "commit", "--quiet", "-m", "Change")

    def _current(self) -> Revision:
        return self.reconciler.revisions.current(self.record, refresh=False)


@contextmanager
def visits(folder: Path, kubeconfig: Path) -> Iterator[Visits]:
    """Give an application with an empty repository."""
    repository = folder / "repository"
    repository.mkdir()
    git(repository, "init", "--quiet", "--initial-branch=main")
    client = Client.from_kubeconfig(kubeconfig)
    live = LiveState(client)
    live.start()
    repositories = Repositories(folder / "mirrors", listing_validity_s=0)
    with Store(folder / "state") as store:
        policy = SyncPolicy(create_namespace=True)
        spec = ApplicationSpec(
            name=_SYNC, repo_url=str(repository), namespace=_SYNC, sync_policy=policy
        )
        store.put(ApplicationRecord(spec=spec))
        reconciler = Reconciler(
            store=store,
            revisions=Revisions(repositories=repositories, options=lambda _: options(_SYNC)),
            client=client,
            live=live,
            executor=Executor(client, live, concurrency=_THREADS),
            now=lambda: datetime.now(UTC),
        )
        yield Visits(repository, store, repositories, reconciler)
    live.stop()
    client.close()


def files(agents: int) -> Mapping[str, bytes]:
    """Give the files of the repository."""
    return {
        "model.yaml": _MODEL.encode(),
        **{f"agent-{number}.yaml": agent(number).encode() for number in range(agents)},
    }


def agent(number: int, *, style: str = "Be kind.") -> str:
    """Give the file of one agent."""
    return _AGENT.format(number=number, style=style, filler="Answer with care. " * 20)


def options(name: str) -> RenderOptions:
    """Give what rendering needs to know."""
    return RenderOptions(application=name, namespace=name)


def api_requests() -> float:
    """Give the number of requests to the Kubernetes API so far, watches excepted."""
    return sum(
        sample.value
        for metric in telemetry.KUBERNETES_REQUEST_DURATION.collect()
        for sample in metric.samples
        if sample.name.endswith("_count")
    )


def resident_mib() -> float:
    """Give the memory that this process holds now; the most that it ever held elsewhere."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(one for one in status.read_text().splitlines() if one.startswith("VmRSS"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def git(folder: Path, *arguments: str) -> None:
    """Run git."""
    identity = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com")
    subprocess.run(["git", "-C", folder, *identity, *arguments], check=True)


def clean(kubeconfig: Path) -> None:
    """Delete what was made, and wait until a cluster that stays is rid of it."""
    client = Client.from_kubeconfig(kubeconfig)
    for name in (_BARE, _SYNC):
        found: Any = client.get(ObjectKey("", "Namespace", "", name), "v1")
        if found is not None:
            client.delete(found, uid=found["metadata"]["uid"], propagation="Background")
    while os.environ.get("KUBECONFIG") and any(
        client.get(ObjectKey("", "Namespace", "", name), "v1") for name in (_BARE, _SYNC)
    ):
        time.sleep(1)
    client.close()


@contextmanager
def cluster() -> Iterator[Path]:
    """Give the kubeconfig of the cluster to measure."""
    if given := os.environ.get("KUBECONFIG"):
        yield Path(given)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        running = supervisor.start(folder, log=folder / "log", die_with_parent=True)
        yield running.kubeconfig
        supervisor.stop(folder)


if __name__ == "__main__":
    main()
