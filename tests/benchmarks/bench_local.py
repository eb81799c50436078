"""Measures the local cluster against what it must reach.

Run: `python tests/benchmarks/bench_local.py [--rounds N] [--objects N]`. Prints a table of medians
and spreads. The client's work is part of every figure: both run on this machine.
"""

import argparse
import base64
import http.client
import json
import os
import platform
import signal
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import yaml

_CONNECTIONS = 16
_WATCH_EVENTS = 100
_IDLE_S = 10.0
_NAMESPACE = "/api/v1/namespaces/bench"


@dataclass(frozen=True, slots=True)
class Cluster:
    """A running local cluster, as this script reaches it."""

    pid: int
    host: str
    port: int
    token: str
    tls: ssl.SSLContext
    started_s: float

    def connect(self) -> http.client.HTTPSConnection:
        """Open a connection without delays for small packets."""
        made = http.client.HTTPSConnection(self.host, self.port, context=self.tls, timeout=30)
        made.connect()
        made.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return made

    def request(
        self,
        connection: http.client.HTTPSConnection,
        method: str,
        path: str,
        body: object = None,
        media: str = "application/json",
    ) -> bytes:
        """Send a request and read the whole answer; anything but success ends the script."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": media}
        content = None if body is None else json.dumps(body)
        connection.request(method, path, body=content, headers=headers)
        answer = connection.getresponse()
        text = answer.read()
        if answer.status >= 300:
            raise SystemExit(f"{method} {path}: {answer.status} {text[:300]!r}")
        return text


@contextmanager
def running(folder: Path) -> Iterator[Cluster]:
    """Start a local cluster in a folder and kill it afterwards."""
    begun = time.monotonic()
    with (folder / "log").open("wb") as log:
        child = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "controller.local",
                "--folder",
                str(folder),
                "--die-with-parent",
            ],
            stdout=log,
            stderr=log,
        )
    try:
        yield _ready(folder, child.pid, begun)
    finally:
        child.send_signal(signal.SIGTERM)
        child.wait(10)


def _ready(folder: Path, pid: int, begun: float) -> Cluster:
    path = folder / "kubeconfig"
    while not path.exists():
        if time.monotonic() - begun > 30:
            raise SystemExit((folder / "log").read_text())
        time.sleep(0.01)
    config = yaml.safe_load(path.read_text())
    cluster = config["clusters"][0]["cluster"]
    place = urlsplit(cluster["server"])
    authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
    made = Cluster(
        pid=pid,
        host=str(place.hostname),
        port=int(place.port or 443),
        token=config["users"][0]["user"]["token"],
        tls=ssl.create_default_context(cadata=authority),
        started_s=0.0,
    )
    connection = made.connect()
    made.request(connection, "GET", "/readyz")
    elapsed = time.monotonic() - begun
    return Cluster(**{**{n: getattr(made, n) for n in made.__slots__}, "started_s": elapsed})


def apply_many(cluster: Cluster, count: int) -> float:
    """Apply small objects over several connections; give the rate per second."""
    names = iter(range(count))
    lock = threading.Lock()

    def work() -> None:
        connection = cluster.connect()
        while True:
            with lock:
                number = next(names, None)
            if number is None:
                return
            body = {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {"name": f"c{number}", "labels": {"app": "bench"}},
                "data": {"key": f"value {number}"},
            }
            path = f"{_NAMESPACE}/configmaps/c{number}?fieldManager=bench"
            cluster.request(connection, "PATCH", path, body, "application/apply-patch+yaml")

    threads = [threading.Thread(target=work) for _ in range(_CONNECTIONS)]
    begun = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return count / (time.monotonic() - begun)


def list_all(cluster: Cluster) -> float:
    """List all objects of the namespace; give the seconds."""
    connection = cluster.connect()
    begun = time.monotonic()
    cluster.request(connection, "GET", f"{_NAMESPACE}/configmaps")
    return time.monotonic() - begun


def watch_latencies(cluster: Cluster) -> list[float]:
    """Give the milliseconds from sending a write to seeing its event, one by one."""
    watcher, writer = cluster.connect(), cluster.connect()
    headers = {"Authorization": f"Bearer {cluster.token}"}
    version = json.loads(cluster.request(writer, "GET", f"{_NAMESPACE}/configmaps?limit=1"))
    since = version["metadata"]["resourceVersion"]
    watcher.request(
        "GET", f"{_NAMESPACE}/configmaps?watch=1&resourceVersion={since}", headers=headers
    )
    stream = watcher.getresponse()
    found = []
    media = "application/merge-patch+json"
    for number in range(_WATCH_EVENTS):
        begun = time.monotonic()
        body = {"data": {"key": f"again {number}"}}
        cluster.request(writer, "PATCH", f"{_NAMESPACE}/configmaps/c0", body, media)
        stream.readline()
        found.append((time.monotonic() - begun) * 1000)
    return found


def idle(cluster: Cluster) -> tuple[float, float]:
    """Give the per cent of a processor, and the MiB, that the quiet process takes."""
    begun = _processor_s(cluster.pid)
    time.sleep(_IDLE_S)
    used = (_processor_s(cluster.pid) - begun) / _IDLE_S * 100
    status = Path(f"/proc/{cluster.pid}/status").read_text()
    resident = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return used, int(resident.split()[1]) / 1024


def _processor_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def one_round(count: int, figures: dict[str, list[float]]) -> None:
    """Measure everything once, on a fresh folder."""
    with tempfile.TemporaryDirectory() as name, running(Path(name)) as cluster:
        figures["start to ready, s"].append(cluster.started_s)
        used, resident = idle(cluster)
        figures["idle processor, %"].append(used)
        figures["idle memory, MiB"].append(resident)
        connection = cluster.connect()
        body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "bench"}}
        cluster.request(connection, "POST", "/api/v1/namespaces", body)
        figures[f"apply {count}, per s"].append(apply_many(cluster, count))
        figures[f"apply {count} again, per s"].append(apply_many(cluster, count))
        figures[f"list {count}, s"].append(list_all(cluster))
        latencies = watch_latencies(cluster)
        figures["watch latency, ms"].append(statistics.median(latencies))
        figures["watch latency p99, ms"].append(sorted(latencies)[-2])


def show(figures: dict[str, list[float]], line: Callable[[str], None]) -> None:
    """Print the table."""
    line(
        f"machine: {platform.machine()}, {os.cpu_count()} processors, {platform.system()}, "
        f"Python {platform.python_version()}"
    )
    line(f"{'case':28}{'median':>10}{'least':>10}{'most':>10}")
    for name, values in figures.items():
        middle = statistics.median(values)
        line(f"{name:28}{middle:10.3g}{min(values):10.3g}{max(values):10.3g}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--objects", type=int, default=5000)
    given = parser.parse_args()
    figures: dict[str, list[float]] = {}
    names = (
        "start to ready, s",
        "idle processor, %",
        "idle memory, MiB",
        f"apply {given.objects}, per s",
        f"apply {given.objects} again, per s",
        f"list {given.objects}, s",
        "watch latency, ms",
        "watch latency p99, ms",
    )
    for name in names:
        figures[name] = []
    for _ in range(given.rounds):
        one_round(given.objects, figures)
    show(figures, print)


if __name__ == "__main__":
    main()
