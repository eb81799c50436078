"""Reaching pods: the proxy subresource, the forward proxy of pods, and endpoints behind both."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from controller.local.apiserver.delegates import ProxyTarget
from controller.local.apiserver.errors import ApiError

FETCH = """
import os, sys, urllib.request
for url in sys.argv[1:]:
    try:
        print(urllib.request.urlopen(url, timeout=60).status)
    except urllib.error.HTTPError as error:
        print(error.code)
"""

STREAM = """
import socket
listener = socket.create_server(("0.0.0.0", 8080))
while True:
    connection, _ = listener.accept()
    head = connection.recv(65536)
    if head:
        connection.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Type: text/event-stream\\r\\n\\r\\n")
        connection.sendall(b"data: 1\\n\\n")
        if b"GET /again" in head:
            rest = connection.recv(1)
            print("client gone" if rest == b"" else "more", flush=True)
    connection.close()
"""

SERVICE = {
    "metadata": {"name": "web"},
    "spec": {
        "selector": {"app": "d"},
        "ports": [{"name": "http", "port": 80, "targetPort": "http"}],
    },
}


def _scope(path: str, method: str = "GET") -> dict[str, Any]:
    return {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(b"host", b"api"), (b"authorization", b"Bearer admin")],
    }


async def _ready_endpoints(cluster: Any) -> list[Any]:
    slices = await cluster.store.list("endpointslices.discovery.k8s.io", "default")
    return [
        endpoint
        for each in slices
        if each["metadata"]["labels"].get("kubernetes.io/service-name") == "web"
        for endpoint in each.get("endpoints") or ()
        if endpoint["conditions"]["ready"]
    ]


async def _get(cluster: Any, target: ProxyTarget, path: str) -> tuple[int, bytes]:
    sent: list[Any] = []
    requests = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> Any:
        if requests:
            return requests.pop()
        return await asyncio.get_running_loop().create_future()

    async def send(message: Any) -> None:
        sent.append(message)

    await cluster.workloads.proxy(target, _scope(path), receive, send)
    return sent[0]["status"], b"".join(each.get("body", b"") for each in sent[1:])


def test_service_proxy_answers_from_a_ready_pod(
    play: Any, make_deployment: Callable[..., Any]
) -> None:
    target = ProxyTarget(kind="services", namespace="default", name="web", port="http")

    async def story(cluster: Any) -> None:
        with pytest.raises(ApiError, match='services "web" not found'):
            await _get(cluster, target, "/")
        await cluster.create("services", SERVICE)
        await cluster.until(lambda: cluster.store.list("endpointslices.discovery.k8s.io"))
        with pytest.raises(ApiError, match='no endpoints available for service "web"'):
            await _get(cluster, target, "/")
        await cluster.create("deployments.apps", make_deployment("d"))
        await cluster.until(lambda: _ready_endpoints(cluster))

        (pod,) = await cluster.store.list("pods", "default")
        assert await _get(cluster, target, "/") == (200, pod["metadata"]["name"].encode())
        assert (await _get(cluster, target, "/missing"))[0] == 404
        by_pod = ProxyTarget(kind="pods", namespace="default", name=pod["metadata"]["name"])
        assert (await _get(cluster, by_pod, "/"))[0] == 200

    play(story)


def test_streamed_answer_passes_and_its_end_reaches_the_pod(
    play: Any, make_deployment: Callable[..., Any]
) -> None:
    async def story(cluster: Any) -> None:
        await cluster.create("services", SERVICE)
        deployment = make_deployment("d", script=STREAM)
        await cluster.create("deployments.apps", deployment)
        await cluster.until(lambda: _ready_endpoints(cluster))
        first, gone = asyncio.Event(), asyncio.Event()

        async def receive() -> Any:
            if not first.is_set():
                return {"type": "http.request", "body": b"", "more_body": False}
            await gone.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            if message.get("body"):
                assert message["body"] == b"data: 1\n\n"
                gone.set()
            first.set()

        target = ProxyTarget(kind="services", namespace="default", name="web", port="80")
        await cluster.workloads.proxy(target, _scope("/again"), receive, send)

        (pod,) = await cluster.store.list("pods", "default")

        async def is_told() -> bool:
            return "client gone" in await cluster.log(pod["metadata"]["name"])

        await cluster.until(is_told)

    play(story)


def test_pods_reach_services_by_name(
    play: Any, make_pod: Callable[..., Any], make_deployment: Callable[..., Any]
) -> None:
    urls = [
        "http://web/",
        "http://web.default:80/missing",
        "http://web.default.svc.cluster.local/",
        "http://nothing.default.svc:80/",
    ]

    async def story(cluster: Any) -> None:
        await cluster.create("services", SERVICE)
        await cluster.create("deployments.apps", make_deployment("d"))
        await cluster.until(lambda: _ready_endpoints(cluster))
        await cluster.create(
            "services",
            {
                "metadata": {"name": "nothing"},
                "spec": {"selector": {"app": "none"}, "ports": [{"port": 80}]},
            },
        )
        await cluster.create("pods", make_pod("p", "python3", "-S", "-c", FETCH, *urls))
        await cluster.pod("p", lambda pod: pod["status"]["phase"] in {"Succeeded", "Failed"})

        assert (await cluster.log("p")).split() == ["200", "404", "200", "503"]

    play(story)


def test_terminating_pod_leaves_the_endpoints(
    play: Any, make_deployment: Callable[..., Any]
) -> None:
    async def story(cluster: Any) -> None:
        await cluster.create("services", SERVICE)
        await cluster.create("deployments.apps", make_deployment("d"))
        await cluster.until(lambda: _ready_endpoints(cluster))
        await cluster.edit("deployments.apps", "d", lambda d: d["spec"].update(replicas=0))

        async def is_empty() -> bool:
            return not await _ready_endpoints(cluster)

        await cluster.until(is_empty)

    play(story)
