"""Roster in a cluster, with the permissions that `roster install` gives it and no more."""

import pytest
import yaml
from agents import agent, prompts
from world import Cluster, Repository, eventually, run_cli

pytestmark = pytest.mark.e2e


def test_the_installed_controller_follows_a_repository(
    cluster: Cluster, repository: Repository, namespace: str
) -> None:
    if not cluster.runs_pods:
        pytest.skip("no pods run on this control plane")
    repository.commit({"agents/a.yaml": agent("a"), "agents/prompts.yaml": prompts("style")})
    options = ("--repo", str(repository.path), "--path", "agents", "--namespace", namespace)
    printed = run_cli("install", *options, cwd=repository.path).stdout
    # A port that no other test has, and a namespace of its own.
    printed = printed.replace("127.0.0.1:8083", "127.0.0.1:0")
    own = f"{namespace}-c"
    printed = printed.replace("namespace: roster", f"namespace: {own}")
    for manifest in yaml.safe_load_all(printed):
        if manifest["kind"] == "Namespace" and manifest["metadata"]["name"] == "roster":
            manifest["metadata"]["name"] = own
        apply(cluster, manifest)

    path = f"/api/v1/namespaces/{namespace}/configmaps/style"
    eventually(lambda: cluster.get(path), what="the definition applied")
    eventually(
        lambda: (cluster.deployment(namespace, "a") or {}).get("status", {}).get("readyReplicas"),
        what="the agent ready",
    )
    cluster.client.delete(f"/api/v1/namespaces/{own}")


def apply(cluster: Cluster, manifest: dict[str, object]) -> None:
    """Apply as `kubectl apply --server-side` does."""
    plural = f"{str(manifest['kind']).lower()}s"
    version, metadata = str(manifest["apiVersion"]), manifest["metadata"]
    assert isinstance(metadata, dict)
    root = f"/apis/{version}" if "/" in version else f"/api/{version}"
    place = f"/namespaces/{metadata['namespace']}" if "namespace" in metadata else ""
    answer = cluster.client.patch(
        f"{root}{place}/{plural}/{metadata['name']}",
        params={"fieldManager": "test", "force": "true"},
        json=manifest,
        headers={"Content-Type": "application/apply-patch+yaml"},
    )
    assert answer.is_success, answer.text
