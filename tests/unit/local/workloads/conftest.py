"""A whole local cluster in the test's own process: API server, workloads, real pod processes."""

import asyncio
import copy
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from waiting import PATIENCE_S

from controller.local import certificates
from controller.local.apiserver.delegates import LogRequest
from controller.local.apiserver.server import ApiServer
from controller.local.workloads import Workloads

LOOK_S = 0.02

SERVER = """
import http.server, os, socketserver
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        is_missing = self.path == "/missing"
        self.send_response(404 if is_missing else 200)
        self.end_headers()
        self.wfile.write(os.environ["HOSTNAME"].encode())
    def log_message(self, *_): pass
class Server(socketserver.TCPServer):  # HTTPServer would ask DNS for the name of its address
    allow_reuse_address = True
Server(("0.0.0.0", 8080), Handler).serve_forever()
"""


class Cluster:
    """What a test does with a running cluster."""

    def __init__(self, folder: Path, server: ApiServer, workloads: Workloads) -> None:
        self.folder = folder
        self.store = server.store
        self.workloads = workloads

    async def create(self, resource: str, manifest: dict[str, Any]) -> Any:
        return await self.store.create(resource, "default", manifest)

    async def edit(self, resource: str, name: str, change: Callable[[Any], object]) -> Any:
        found = copy.deepcopy(await self.store.get(resource, "default", name))
        change(found)
        return await self.store.update(resource, found)

    async def delete(self, resource: str, name: str, **options: Any) -> None:
        await self.store.delete(resource, "default", name, **options)

    async def until(
        self, found: Callable[[], Awaitable[Any]], timeout_s: float = PATIENCE_S
    ) -> Any:
        """Give the first true answer, or fail with the last one."""
        deadline = time.monotonic() + timeout_s
        while not (answer := await found()):
            assert time.monotonic() < deadline, await self.describe()
            await asyncio.sleep(LOOK_S)
        return answer

    async def pod(self, name: str, is_so: Callable[[Any], object]) -> Any:
        """Give the pod as soon as its status is so."""

        async def found() -> Any:
            pod = await self.store.get("pods", "default", name)
            return (
                pod
                if pod and pod.get("status", {}).get("containerStatuses") and is_so(pod)
                else None
            )

        return await self.until(found)

    async def gone(self, resource: str, name: str) -> None:
        async def is_gone() -> bool:
            return await self.store.get(resource, "default", name) is None

        await self.until(is_gone)

    def private(self, pod: Any, *parts: str) -> Path:
        """Give a path in the pod's private folder."""
        return self.folder.joinpath("pods", pod["metadata"]["uid"], *parts)

    async def log(self, pod: str, **options: Any) -> str:
        request = LogRequest(namespace="default", name=pod, **options)
        return b"".join([line async for line in self.workloads.log(request)]).decode()

    async def events(self, name: str) -> list[tuple[str, str]]:
        found = await self.store.list("events", "default")
        return [(e["reason"], e["message"]) for e in found if e["involvedObject"]["name"] == name]

    async def describe(self) -> str:
        pods = await self.store.list("pods")
        states = {p["metadata"]["name"]: p["status"].get("containerStatuses") for p in pods}
        return f"not in time; pods: {states}"


Story = Callable[[Cluster], Coroutine[Any, Any, None]]


@asynccontextmanager
async def running(folder: Path, **options: Any) -> AsyncIterator[Cluster]:
    folder.mkdir(parents=True, exist_ok=True)  # noqa: ASYNC240 - nothing else runs yet
    files = certificates.prepare(folder, ["127.0.0.1"])
    failures: list[Exception] = []
    server = ApiServer(
        folder,
        host="127.0.0.1",
        port=0,
        files=files,
        failed=lambda error, _key: failures.append(error),
    )
    workloads = Workloads(
        server.store, folder, api_url=server.url, ca_file=files.authority, **options
    )
    server.delegate_to(workloads)
    await server.start()
    await workloads.start()
    try:
        yield Cluster(folder, server, workloads)
    finally:
        await workloads.stop()
        await server.stop()
    assert failures == []


@pytest.fixture
def play(tmp_path: Path) -> Callable[..., None]:
    """Run a story on a cluster of its own; a second story finds the cluster of the first.

    Options are those of the workloads (`clock`).
    """

    def run(story: Story, **options: Any) -> None:
        async def whole() -> None:
            async with running(tmp_path / "cluster", **options) as cluster:
                await story(cluster)

        asyncio.run(whole())

    return run


@pytest.fixture
def make_pod() -> Callable[..., dict[str, Any]]:
    """Give a pod of one container; `container` changes the container, other names the spec."""

    def make(name: str, *command: str, container: Any = None, **spec: Any) -> dict[str, Any]:
        main = {"name": "main", "image": "python:3.12", "command": list(command)}
        return {
            "metadata": {"name": name, "namespace": "default", "labels": {"app": name}},
            "spec": {
                "terminationGracePeriodSeconds": 2,
                "restartPolicy": "Never",
                **spec,
                "containers": [{**main, **(container or {})}],
            },
        }

    return make


@pytest.fixture
def make_deployment() -> Callable[..., dict[str, Any]]:
    """Give a Deployment of small HTTP servers."""

    def make(name: str, *, replicas: int = 1, script: str = SERVER, **spec: Any) -> dict[str, Any]:
        container = {
            "name": "main",
            "image": "python:3.12",
            "command": ["python3"],
            "args": ["-S", "-c", script],
            "ports": [{"name": "http", "containerPort": 8080}],
            "readinessProbe": {"httpGet": {"path": "/", "port": "http"}},
        }
        return {
            "metadata": {"name": name, "namespace": "default"},
            "spec": {
                "replicas": replicas,
                "selector": {"matchLabels": {"app": name}},
                "template": {
                    "metadata": {"labels": {"app": name}},
                    "spec": {"terminationGracePeriodSeconds": 2, "containers": [container]},
                },
                **spec,
            },
        }

    return make
