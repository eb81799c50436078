"""What an agent takes from the cluster: it restarts when that changes, and nobody else does."""

import json
from typing import Any

import pytest
from agents import agent
from waiting import eventually
from world import Cluster, Repository, Roster

pytestmark = pytest.mark.e2e

USES_KEY = "      envFrom: [{secretRef: {name: key, optional: true}}]\n"
CANARY = "canary-1c9d7"


def write(cluster: Cluster, namespace: str, kind: str, name: str, **values: str) -> None:
    """Apply a Secret or ConfigMap as somebody other than Roster."""
    field = "stringData" if kind == "Secret" else "data"
    answer = cluster.client.patch(
        f"/api/v1/namespaces/{namespace}/{kind.lower()}s/{name}",
        params={"fieldManager": "operator", "force": "true"},
        json={"apiVersion": "v1", "kind": kind, "metadata": {"name": name}, field: values},
        headers={"Content-Type": "application/apply-patch+yaml"},
    )
    assert answer.is_success, answer.text


def template(cluster: Cluster, namespace: str, name: str) -> dict[str, Any]:
    return (cluster.deployment(namespace, name) or {})["spec"]["template"]


def test_a_rotated_secret_restarts_the_agents_that_use_it(
    cluster: Cluster, repository: Repository, roster: Roster, namespace: str
) -> None:
    repository.commit({"agents/a.yaml": agent("a", extra=USES_KEY), "agents/b.yaml": agent("b")})
    roster.start().wait_synced()
    before, other = (template(cluster, namespace, name) for name in ("a", "b"))

    write(cluster, namespace, "Secret", "key", TOKEN=CANARY)
    arrived = eventually(
        lambda: (now := template(cluster, namespace, "a")) != before and now, what="a restarted"
    )
    write(cluster, namespace, "Secret", "key", TOKEN=f"{CANARY}-rotated")
    eventually(lambda: template(cluster, namespace, "a") != arrived, what="a restarted again")

    roster.wait_synced()
    assert template(cluster, namespace, "b") == other
    assert CANARY not in json.dumps(roster.application())
    assert CANARY not in roster.errors()
    stored = (file for file in (roster.folder / "state").rglob("*") if file.is_file())
    assert not any(CANARY.encode() in file.read_bytes() for file in stored)


def test_an_agent_waits_for_a_prompt_of_the_cluster(
    cluster: Cluster, repository: Repository, roster: Roster, namespace: str
) -> None:
    repository.commit(
        {
            "agents/prompted.yaml": """\
apiVersion: kagent.dev/v1alpha2
kind: Agent
metadata: {name: prompted}
spec:
  declarative:
    modelConfig: model
    systemMessageFrom: {type: ConfigMap, name: prompts, key: tone}
---
apiVersion: kagent.dev/v1alpha2
kind: ModelConfig
metadata: {name: model}
spec: {model: none, openAI: {baseUrl: "http://127.0.0.1:1"}, apiKeyPassthrough: true}
"""
        }
    )
    cluster.client.post("/api/v1/namespaces", json={"metadata": {"name": namespace}})
    roster.start()
    finding = eventually(lambda: roster.status().get("findings"), what="a finding")[0]
    assert finding["rule"] == "prompt-not-found"
    assert cluster.deployment(namespace, "prompted") is None

    write(cluster, namespace, "ConfigMap", "prompts", tone="Be kind.")

    eventually(lambda: cluster.deployment(namespace, "prompted"), what="the agent rendered")
    eventually(lambda: not roster.status().get("findings"), what="no finding left")
