from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from controller.cluster import discovery as module
from controller.cluster.client import Client
from controller.cluster.discovery import Resource
from controller.cluster.errors import UnknownKindError


def test_aggregated_discovery_gives_paths(client: Client) -> None:
    found = client.discovery.resource("apps/v1", "Deployment")

    assert found == Resource("apps/v1", "Deployment", "deployments", namespaced=True)
    assert found.path("ns", "x") == "/apis/apps/v1/namespaces/ns/deployments/x"
    assert found.path() == "/apis/apps/v1/deployments"
    namespaces = client.discovery.resource("v1", "Namespace")
    assert namespaces.path("ignored", "x") == "/api/v1/namespaces/x"


def test_a_kind_is_found_at_the_preferred_version(client: Client) -> None:
    assert client.discovery.preferred("apps", "Deployment").api_version == "apps/v1"
    assert client.discovery.preferred("", "Pod").api_version == "v1"
    with pytest.raises(UnknownKindError):
        client.discovery.preferred("apps", "Pod")


def test_a_server_without_aggregated_discovery_is_asked_group_by_group(
    client: Client, server: HTTPServer
) -> None:
    server.clear()
    deployments = {"name": "deployments", "kind": "Deployment", "namespaced": True}
    answers: dict[str, Any] = {
        "/api": {"kind": "APIVersions", "versions": ["v1"]},
        "/api/v1": {
            "resources": [
                {"name": "pods", "kind": "Pod", "namespaced": True},
                {"name": "pods/log", "kind": "Pod", "namespaced": True},
            ]
        },
        "/apis": {
            "kind": "APIGroupList",
            "groups": [
                {
                    "name": "apps",
                    "versions": [
                        {"groupVersion": "apps/v1beta1"},
                        {"groupVersion": "apps/v1"},
                    ],
                    "preferredVersion": {"groupVersion": "apps/v1"},
                }
            ],
        },
        "/apis/apps/v1": {"resources": [deployments]},
        "/apis/apps/v1beta1": {"resources": [deployments]},
    }
    for path, answer in answers.items():
        server.expect_request(path).respond_with_json(answer)

    assert client.discovery.resource("v1", "Pod").plural == "pods"
    assert client.discovery.preferred("apps", "Deployment").api_version == "apps/v1"
    assert client.discovery.resource("apps/v1beta1", "Deployment").api_version == "apps/v1beta1"


def test_an_unknown_kind_is_looked_for_again_but_not_in_a_loop(
    client: Client, server: HTTPServer, discovery: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        with pytest.raises(UnknownKindError):
            client.discovery.resource("demo.example/v1", "Widget")
        monkeypatch.setattr(module, "_REFRESH_AFTER_S", 3600.0)
    asked = len([1 for request, _ in server.log if request.path == "/apis"])

    widgets = {"resource": "widgets", "responseKind": {"kind": "Widget"}, "scope": "Cluster"}
    group = {"metadata": {"name": "demo.example"}, "versions": [
        {"version": "v1", "resources": [widgets]}]}  # fmt: skip
    server.clear()
    server.expect_request("/api").respond_with_json(discovery["/api"])
    server.expect_request("/apis").respond_with_json({**discovery["/apis"], "items": [group]})
    monkeypatch.setattr(module, "_REFRESH_AFTER_S", 0.0)

    assert asked == 1
    assert not client.discovery.resource("demo.example/v1", "Widget").namespaced
