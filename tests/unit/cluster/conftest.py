"""A client that speaks to a scripted HTTP server."""

import json
import queue
from collections.abc import Iterator
from typing import Any

import pytest
from kubernetes import client as kubernetes_client
from loopback import refusing
from pytest_httpserver import HTTPServer
from waiting import eventually
from werkzeug import Request, Response

from controller.cluster.client import Client
from controller.cluster.connection import Connection

_ACCEPT = ["create", "delete", "get", "list", "patch", "update", "watch"]


def _resource(plural: str, kind: str, *, scope: str = "Namespaced") -> dict[str, Any]:
    return {
        "resource": plural,
        "responseKind": {"group": "", "version": "", "kind": kind},
        "scope": scope,
        "verbs": _ACCEPT,
    }


@pytest.fixture
def discovery() -> dict[str, Any]:
    """Aggregated discovery documents by path, in the form of Kubernetes 1.36."""
    core = [
        _resource("configmaps", "ConfigMap"),
        _resource("secrets", "Secret"),
        _resource("pods", "Pod"),
        _resource("namespaces", "Namespace", scope="Cluster"),
    ]
    apps = [_resource("deployments", "Deployment"), _resource("replicasets", "ReplicaSet")]
    head = {"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2"}
    return {
        "/api": {
            **head,
            "items": [{"metadata": {}, "versions": [{"version": "v1", "resources": core}]}],
        },
        "/apis": {
            **head,
            "items": [
                {
                    "metadata": {"name": "apps"},
                    "versions": [{"version": "v1", "resources": apps}],
                }
            ],
        },
    }


@pytest.fixture(scope="module")
def listening() -> Iterator[HTTPServer]:
    """One server a module: each takes half a second to stop."""
    with HTTPServer(host="127.0.0.1", port=0, threaded=True) as server:
        yield server


@pytest.fixture
def server(listening: HTTPServer, discovery: dict[str, Any]) -> Iterator[HTTPServer]:
    """A server that answers discovery, and what a test adds."""
    listening.clear()
    for path, answer in discovery.items():
        listening.expect_request(path).respond_with_json(answer)
    yield listening
    listening.clear()


@pytest.fixture
def client(server: HTTPServer) -> Iterator[Client]:
    """A client of that server."""
    configuration = kubernetes_client.Configuration(host=server.url_for("").rstrip("/"))
    client = Client(Connection(configuration))
    yield client
    client.close()


@pytest.fixture
def unused_port() -> Iterator[int]:
    """A port at which nobody listens."""
    with refusing() as port:
        yield port


class Script:
    """The ConfigMaps of a cluster: what a list gives, and the events that a watch tells."""

    def __init__(self) -> None:
        self.items: list[dict[str, Any]] = []
        self.version = "10"
        self.watches: list[dict[str, str]] = []
        self.lists = 0
        self.status = 200
        self._events: queue.Queue[Any] = queue.Queue()

    def tell(self, kind: str, item: dict[str, Any]) -> None:
        """Send an event to whoever watches."""
        self._events.put({"type": kind, "object": item})

    def cut(self) -> None:
        """End the watch that runs."""
        self._events.put(None)

    def answer(self, request: Request) -> Response:
        """Answer a list or a watch."""
        if self.status != 200:
            return Response("{}", status=self.status, content_type="application/json")
        if request.args.get("watch"):
            self.watches.append(dict(request.args))
            return Response(self._stream(), content_type="application/json")
        self.lists += 1
        body = {"metadata": {"resourceVersion": self.version}, "items": self.items}
        return Response(json.dumps(body), content_type="application/json")

    def _stream(self) -> Iterator[bytes]:
        yield b"\n"  # sends the headers, as a real server does at once
        while (event := self._events.get(timeout=120)) is not None:
            yield json.dumps(event).encode() + b"\n"


@pytest.fixture
def script(server: HTTPServer) -> Iterator[Script]:
    """The scripted ConfigMaps of that server."""
    script = Script()
    server.expect_request("/api/v1/configmaps").respond_with_handler(script.answer)
    yield script
    script.cut()


@pytest.fixture
def config_map() -> Any:
    """Make a ConfigMap as a server would give it."""

    def make(name: str, version: int, application: str = "app", **data: str) -> dict[str, Any]:
        return {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {
                "name": name,
                "namespace": "ns",
                "uid": f"uid-{name}",
                "resourceVersion": str(version),
                "labels": {"roster.dev/application": application},
            },
            "data": data,
        }

    return make


@pytest.fixture
def until() -> Any:
    """Wait for a condition with a deadline."""
    return eventually
