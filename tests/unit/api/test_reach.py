from types import SimpleNamespace
from typing import Any

import pytest

from controller.api.reach import Agents
from controller.definitions import parse, resolve
from controller.errors import PermanentError, TransientError
from controller.state.records import (
    ApplicationRecord,
    ApplicationSpec,
    ApplicationStatus,
    ComponentStatus,
)

AGENT = b"""
apiVersion: kagent.dev/v1alpha2
kind: Agent
metadata: {name: triage, annotations: {roster.dev/forward-credentials: "true"}}
spec: {type: BYO, byo: {deployment: {image: i}}}
"""


class Cluster:
    """As much of a client as an address needs."""

    connection = SimpleNamespace(host="https://api", authorization=lambda: {"authorization": "us"})

    @staticmethod
    def proxy_path(namespace: str, service: str, port: int) -> str:
        return f"/proxy/{namespace}/{service}/{port}/"


def application(*components: ComponentStatus) -> ApplicationRecord:
    return ApplicationRecord(
        spec=ApplicationSpec(name="app", repo_url="r"),
        status=ApplicationStatus(components=components),
    )


def component(name: str, health: str = "Healthy", message: str = "") -> ComponentStatus:
    return ComponentStatus(
        id=f"Agent agents/{name}",
        kind="Agent",
        namespace="agents",
        name=name,
        health=health,
        message=message,
    )


def agents(*components: ComponentStatus) -> Agents:
    records = (application(*components),)
    catalog = resolve.resolve(parse.parse({"a.yaml": AGENT}, namespace="agents"))
    cluster: Any = Cluster()
    return Agents(lambda: records, cluster, lambda _: catalog)


def test_outside_the_cluster_the_api_server_relays_with_our_credentials() -> None:
    found = agents(component("triage", "Degraded", "ImagePullBackOff.")).find("agents", "triage")

    assert found.url == "https://api/proxy/agents/triage/8080/"
    assert (found.headers, found.is_relayed) == ({"authorization": "us"}, True)
    assert found.passes == frozenset()
    assert found.state == "It is Degraded (ImagePullBackOff)."


def test_inside_the_cluster_the_service_answers_with_what_the_definition_lets_pass(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")

    found = agents(component("triage")).find("agents", "triage")

    assert found.url == "http://triage.agents:8080/"
    assert (found.headers, found.is_relayed) == ({}, False)
    assert found.passes == {"authorization"}


def test_an_unknown_agent_is_told_with_those_that_exist() -> None:
    with pytest.raises(PermanentError) as told:
        agents(component("triage"), component("writer")).find("agents", "nobody")

    assert told.value.remedy == "There are: agents/triage, agents/writer."


def test_a_missing_agent_is_told_with_the_reason() -> None:
    with pytest.raises(TransientError, match="does not run: no Deployment"):
        agents(component("triage", "Missing", "no Deployment")).find("agents", "triage")
