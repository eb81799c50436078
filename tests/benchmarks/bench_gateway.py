"""Measures what the A2A gateway adds, and whether it loses streams.

Run: `python tests/benchmarks/bench_gateway.py [--requests N] [--streams N] [--no-cluster]`. A stub
agent, the gateway and the client are processes of their own on this machine; with the cluster, the
agent is a pod of a local one and is reached through its API server. Latencies are medians of
requests sent one after the other, taken in turn by every way; what is added is their difference.
"""

import argparse
import asyncio
import os
import platform
import ssl
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from controller.a2a.gateway import Gateway
from controller.a2a.upstream import Upstream
from controller.a2a.upstream import client as http_client
from controller.api.bodies import BoundedBodies
from controller.api.serve import Server
from controller.cluster import upstream
from controller.cluster.client import Client
from controller.local import supervisor

EVENTS = 25
INTERVAL_S = 0.04
_MUST_MS = 3.0
_CARD = {
    "name": "stub",
    "description": "Answers at once.",
    "version": "1",
    "url": "http://stub:8080/",
    "protocolVersion": "0.3.0",
    "capabilities": {"streaming": True},
    "defaultInputModes": ["text/plain"],
    "defaultOutputModes": ["text/plain"],
    "skills": [],
}
_TASK = {
    "kind": "task",
    "id": "t",
    "contextId": "c",
    "status": {"state": "completed"},
    "artifacts": [
        {"artifactId": "a", "parts": [{"kind": "text", "text": "The answer is 42. " * 20}]}
    ],
}


def stub() -> Starlette:
    """An agent of protocol 0.3 that has nothing to think about."""

    async def card(_: Request) -> Response:
        return JSONResponse(_CARD)

    async def events(id_: Any) -> AsyncIterator[bytes]:
        for number in range(EVENTS):
            update = {"kind": "artifact-update", "taskId": "t", "contextId": "c"}
            artifact = {"artifactId": "a", "parts": [{"kind": "text", "text": f"word {number}"}]}
            result = {**update, "artifact": artifact}
            yield b"data: " + JSONResponse({"jsonrpc": "2.0", "id": id_, "result": result}).body
            yield b"\n\n"
            await asyncio.sleep(INTERVAL_S)

    async def rpc(request: Request) -> Response:
        body = await request.json()
        if body["method"] == "message/stream":
            return StreamingResponse(events(body["id"]), media_type="text/event-stream")
        return JSONResponse({"jsonrpc": "2.0", "id": body["id"], "result": _TASK})

    return Starlette(
        routes=[
            Route("/", rpc, methods=["POST"]),
            Route("/.well-known/agent-card.json", card),
        ]
    )


def gateway(url: str, kubeconfig: str) -> Starlette:
    """The gateway as the controller mounts it, to a stub at an address or in a cluster."""
    cluster = Client.from_kubeconfig(Path(kubeconfig)) if kubeconfig else None

    def find(namespace: str, name: str) -> Upstream:
        if cluster is None:
            return Upstream(url=f"{url}/", headers={})
        return Upstream(
            url=upstream.service_url(cluster, namespace, name, 8080),
            headers=upstream.headers(cluster),
            is_relayed=True,
        )

    tls = upstream.tls(cluster) if cluster else ssl.create_default_context()
    passing = Gateway(find, lambda: http_client(tls))

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await passing.close()

    path = "/api/a2a/{namespace}/{name}/{tail:path}"
    bounded = BoundedBodies(passing)
    return Starlette(lifespan=lifespan, routes=[Route(path, bounded, methods=["GET", "POST"])])


def body(method: str, version: str = "0.3") -> dict[str, Any]:
    if version == "1.0":
        message = {"messageId": "m", "role": "ROLE_USER", "parts": [{"text": "hello"}]}
    else:
        part = {"kind": "text", "text": "hello"}
        message = {"kind": "message", "messageId": "m", "role": "user", "parts": [part]}
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": {"message": message}}


def latencies_ms(
    ways: Mapping[str, tuple[httpx.Client, str, dict[str, Any], dict[str, str]]], count: int
) -> dict[str, list[float]]:
    """Send every way its requests in turn, so that what else the machine does hits all alike."""
    found: dict[str, list[float]] = {name: [] for name in ways}
    for round_ in range(count + 20):
        for name, (client, url, content, headers) in ways.items():
            begun = time.perf_counter()
            answer = client.post(url, json=content, headers=headers)
            took = (time.perf_counter() - begun) * 1000
            if answer.status_code != 200 or "error" in answer.json():
                raise SystemExit(f"{name}: {answer.status_code} {answer.text[:300]}")
            if round_ >= 20:
                found[name].append(took)
    return found


async def whole_streams(url: str, count: int) -> tuple[int, float]:
    """Open streams all at once; gives how many arrived whole, and how long that took."""
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(limits=limits, timeout=60, trust_env=False) as client:

        async def one() -> bool:
            async with client.stream("POST", url, json=body("message/stream")) as answer:
                lines = [line async for line in answer.aiter_lines() if line.startswith("data:")]
                return len(lines) == EVENTS and f"word {EVENTS - 1}" in lines[-1]

        begun = time.perf_counter()
        done = await asyncio.gather(*(one() for _ in range(count)), return_exceptions=True)
        return sum(1 for whole in done if whole is True), time.perf_counter() - begun


@contextmanager
def child(*arguments: str) -> Iterator[str]:
    """Run this script's server in a process of its own; gives its address."""
    process = subprocess.Popen(
        [sys.executable, __file__, *arguments], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait()


@contextmanager
def stub_in_cluster(folder: Path) -> Iterator[str]:
    """Run the stub as a pod of a local cluster; gives its kubeconfig."""
    running = supervisor.start(folder, log=folder / "log", die_with_parent=True)
    try:
        client = Client.from_kubeconfig(running.kubeconfig)
        client.ensure_namespace("bench")
        labels = {"app": "stub"}
        container = {
            "name": "stub",
            "image": "python:3.12",
            "command": [
                "python",
                str(Path(__file__).resolve()),
                "stub",
                "--listen",
                "0.0.0.0:8080",
            ],
            "ports": [{"containerPort": 8080}],
            "readinessProbe": {
                "httpGet": {"path": "/.well-known/agent-card.json", "port": 8080},
                "periodSeconds": 1,
            },
        }
        metadata = {"name": "stub", "namespace": "bench"}
        template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
        for manifest in (
            {
                "apiVersion": "apps/v1",
                "kind": "Deployment",
                "metadata": metadata,
                "spec": {"selector": {"matchLabels": labels}, "template": template},
            },
            {
                "apiVersion": "v1",
                "kind": "Service",
                "metadata": metadata,
                "spec": {"selector": labels, "ports": [{"port": 8080}]},
            },
        ):
            client.apply(manifest)
        yield str(running.kubeconfig)
    finally:
        supervisor.stop(folder)


def measure(title: str, direct: tuple[httpx.Client, str], through: str, options: Any) -> bool:
    place = f"{through}/api/a2a/bench/stub/"
    with httpx.Client(timeout=30, trust_env=False) as client:
        ways = {
            "direct": (*direct, body("message/send"), {}),
            "gateway": (client, place, body("message/send"), {}),
            "translated": (
                client, place, body("SendMessage", "1.0"), {"A2A-Version": "1.0"}
            ),
        }  # fmt: skip
        found = latencies_ms(ways, options.requests)
    whole, took_s = asyncio.run(whole_streams(place, options.streams))
    print(f"\n{title}")
    base = statistics.median(found["direct"])
    for name, taken in found.items():
        taken.sort()
        low, median, high = (taken[int(len(taken) * share)] for share in (0.1, 0.5, 0.95))
        added = f"added {median - base:6.2f} ms" if name != "direct" else ""
        print(f"  {name:12} p10 {low:6.2f}   median {median:6.2f}   p95 {high:6.2f} ms   {added}")
    alone_s = EVENTS * INTERVAL_S
    print(
        f"  streams      {whole} of {options.streams} whole, in {took_s:.1f} s (one: {alone_s:.1f})"
    )
    added_ms = statistics.median(found["gateway"]) - base
    return added_ms < _MUST_MS and whole == options.streams


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("serve", nargs="?", choices=["stub", "gateway"], help=argparse.SUPPRESS)
    parser.add_argument("--listen", default="127.0.0.1:0", help=argparse.SUPPRESS)
    parser.add_argument("--url", default="", help=argparse.SUPPRESS)
    parser.add_argument("--kubeconfig", default="", help=argparse.SUPPRESS)
    parser.add_argument("--requests", type=int, default=500)
    parser.add_argument("--streams", type=int, default=200)
    parser.add_argument("--no-cluster", action="store_true")
    options = parser.parse_args()
    if options.serve:
        app = stub() if options.serve == "stub" else gateway(options.url, options.kubeconfig)
        return serve(app, options.listen)
    load = os.getloadavg()[0]
    print(f"{platform.machine()}, {os.cpu_count()} cores, load {load:.1f} before the start")
    passed = [alone(options)]
    if not options.no_cluster:
        passed.append(in_cluster(options))
    print(f"\nmust: median added under {_MUST_MS:g} ms, no stream lost: {all(passed)}")
    return None


def alone(options: Any) -> bool:
    with ExitStack() as stack:
        agent = stack.enter_context(child("stub"))
        through = stack.enter_context(child("gateway", "--url", agent))
        client = stack.enter_context(httpx.Client(timeout=30, trust_env=False))
        return measure("stub on loopback", (client, f"{agent}/"), through, options)


def in_cluster(options: Any) -> bool:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        kubeconfig = stack.enter_context(stub_in_cluster(folder))
        cluster = Client.from_kubeconfig(Path(kubeconfig))
        url = upstream.service_url(cluster, "bench", "stub", 8080)
        client = stack.enter_context(
            httpx.Client(
                verify=upstream.tls(cluster), headers=upstream.headers(cluster), timeout=30
            )
        )
        while client.get(url + ".well-known/agent-card.json").status_code != 200:
            time.sleep(0.1)
        through = stack.enter_context(child("gateway", "--kubeconfig", kubeconfig))
        title = "stub in a pod, through the API server's proxy (direct: the same proxy)"
        return measure(title, (client, url), through, options)


def serve(app: Starlette, listen: str) -> None:
    host, _, port = listen.rpartition(":")
    server = Server(app, host, int(port), insecure_listen=True)
    server.start()
    print(server.url, flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
