"""Measures the sync engine: first sync against a bare loop of applies, and a visit without change.

Run: `python tests/benchmarks/bench_sync.py [--agents N]`. Uses `$KUBECONFIG` where it is set, else
a local cluster of its own. Prints a table.
"""

import argparse
import os
import resource
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from controller.cluster.client import Client
from controller.cluster.live import LiveState
from controller.definitions.findings import DefinitionId, Position
from controller.local import supervisor
from controller.objects import Manifest, ObjectKey, content_hash
from controller.objects.metadata import with_metadata
from controller.plan import make
from controller.plan.policy import Policy
from controller.plan.steps import Plan
from controller.render.component import Component
from controller.sync import compare
from controller.sync.executor import Executor
from controller.sync.memory import Memory

_THREADS = 8
_BARE, _SYNC = "bench-bare", "bench-sync"


def main() -> None:
    """Run the cases and print what they took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--agents", type=int, default=200)
    agents = parser.parse_args().agents
    with cluster() as client:
        bare = bare_loop(client, agents)
        live = LiveState(client)
        live.start()
        measure(Visits(client, live, _SYNC), agents, bare)
        live.stop()
        # Only now: deleting goes on in the server after the answer, and would slow the sync down.
        for name in (_BARE, _SYNC):
            found = client.get(ObjectKey("", "Namespace", "", name)) or {}
            client.delete(found, uid=found["metadata"]["uid"], propagation="Background")
    print(f"peak memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")


class Visits:
    """Visits of one application, as the reconciler makes them."""

    def __init__(self, client: Client, live: LiveState, name: str) -> None:
        self.client = client
        self.live = live
        self.name = name
        self.memory = Memory()

    def plan(self, components: tuple[Component, ...]) -> Plan:
        """Compare and plan."""
        compare.follow(self.live, self.client, components, ())
        found = compare.differences(components, self.live, self.client, memory=self.memory)
        live = self.live.managed(self.name)
        return make.make(
            application=self.name,
            revision="r1",
            components=components,
            blocked=(),
            live=live,
            differences=found,
            inventory=frozenset(live),
            policy=Policy(prune=True, confirmed=True),
            source_is_empty=False,
        )

    def sync(self, components: tuple[Component, ...]) -> None:
        """Carry out the plan."""
        executor = Executor(self.client, self.live, concurrency=_THREADS)
        results = executor.execute(
            self.plan(components), record_intent=lambda _: None, stopped=lambda: ""
        )
        failed = [one for one in results if one.status not in {"Synced", "Pruned"}]
        assert not failed, failed[0]


def measure(visits: Visits, agents: int, bare: float) -> None:
    """Sync, visit twice without a change, and delete everything."""
    components = tuple(component(visits.name, f"agent-{n}") for n in range(agents))
    objects = sum(len(one.manifests) for one in components)
    visits.client.ensure_namespace(visits.name)
    with timed("first sync", objects) as took:
        visits.sync(components)
    print(f"  {bare / took[0]:.2f} of the bare loop's rate")
    for case in ("visit without a change, first", "visit without a change, then"):
        with timed(case, objects):
            assert visits.plan(components).is_empty
    with timed("prune", objects):
        visits.sync(())


def bare_loop(client: Client, agents: int) -> float:
    """Apply as many objects from as many threads, and nothing else."""
    client.ensure_namespace(_BARE)
    manifests = [m for n in range(agents) for m in component(_BARE, f"agent-{n}").manifests]
    with ThreadPoolExecutor(_THREADS) as pool, timed("bare loop", len(manifests)) as took:
        list(pool.map(client.apply, manifests))
    return took[0]


def component(application: str, name: str) -> Component:
    """Give an agent's five objects, of about the size of real ones; no pod is started."""
    id_ = DefinitionId(kind="Agent", namespace=application, name=name)
    labels = {"kagent": name}
    container: dict[str, Any] = {
        "name": "kagent",
        "image": "roster:0.1.0",
        "env": [{"name": f"VARIABLE_{n}", "value": "value"} for n in range(8)],
        "ports": [{"name": "http", "containerPort": 8080}],
        "resources": {"limits": {"cpu": "2000m", "memory": "1Gi"}},
        "volumeMounts": [{"name": "config", "mountPath": "/config"}],
    }
    pod = {
        "containers": [container],
        "volumes": [{"name": "config", "secret": {"secretName": name}}],
    }
    template = {"metadata": {"labels": labels}, "spec": pod}
    deployment = {"replicas": 0, "selector": {"matchLabels": labels}, "template": template}
    parts: list[tuple[str, str, Manifest]] = [
        ("v1", "ServiceAccount", {}),
        ("v1", "ConfigMap", {"data": {"prompt": "Be kind.\n" * 40}}),
        ("v1", "Secret", {"stringData": {"config.json": '{"model": {}}' * 40}}),
        ("v1", "Service", {"spec": {"selector": labels, "ports": [{"port": 8080}]}}),
        ("apps/v1", "Deployment", {"spec": deployment}),
    ]
    manifests = tuple(
        stamped({"apiVersion": version, "kind": kind, **rest}, application, name, id_)
        for version, kind, rest in parts
    )
    return Component(id=id_, position=Position("agents.yaml"), manifests=manifests)


def stamped(manifest: Manifest, application: str, name: str, id_: DefinitionId) -> Manifest:
    """Give a manifest its name and the marks of rendering."""
    named = {**manifest, "metadata": {"name": name, "namespace": application}}
    labels = {"roster.dev/application": application}
    annotations = {"roster.dev/component": str(id_), "roster.dev/content-hash": content_hash(named)}
    return with_metadata(named, labels=labels, annotations=annotations)


@contextmanager
def timed(case: str, objects: int) -> Iterator[list[float]]:
    """Print how long something took; the time is in the list afterwards."""
    took: list[float] = []
    started, cpu = time.perf_counter(), time.process_time()
    yield took
    took.append(time.perf_counter() - started)
    rate, used = objects / took[0], time.process_time() - cpu
    print(f"{case:30} {objects:6} objects {took[0]:8.3f} s {rate:9.0f}/s {used:7.3f} s CPU")


@contextmanager
def cluster() -> Iterator[Client]:
    """Give a client of the cluster to measure."""
    if os.environ.get("KUBECONFIG"):
        yield Client.from_kubeconfig()
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        running = supervisor.start(folder, log=folder / "log", die_with_parent=True)
        yield Client.from_kubeconfig(running.kubeconfig)
        supervisor.stop(folder)


if __name__ == "__main__":
    main()
