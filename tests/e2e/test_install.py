"""Roster in a cluster, with the permissions that `roster install` gives it and no more."""

import pytest
import yaml
from agents import agent, prompts
from loopback import spare_port
from waiting import eventually
from world import Cluster, Repository, run_cli

pytestmark = pytest.mark.e2e


def test_the_installed_controller_follows_a_repository(
    cluster: Cluster, repository: Repository, namespace: str
) -> None:
    if not cluster.runs_pods:
        pytest.skip("no pods run on this control plane")
    repository.commit(
        {
            "agents/a.yaml": storing("a", TOKEN),
            "agents/b.yaml": storing("b", ""),
            "agents/prompts.yaml": prompts("style"),
        }
    )
    options = ("--repo", str(repository.path), "--path", "agents", "--namespace", namespace)
    printed = run_cli("install", *options, cwd=repository.path).stdout
    # A port that no other test has, and a namespace of its own.
    printed = printed.replace("127.0.0.1:8083", f"127.0.0.1:{spare_port()}")
    own = f"{namespace}-c"
    printed = printed.replace("namespace: roster", f"namespace: {own}")
    printed = printed.replace("roster.roster:8083", f"roster.{own}:8083")
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
    # Agents reach the controller through its Service, and only with their token.
    eventually(lambda: stored(cluster, namespace, "a") == 201, what="a session stored")
    eventually(lambda: stored(cluster, namespace, "b") == 401, what="a session refused")
    cluster.client.delete(f"/api/v1/namespaces/{own}")


STORE = """
import http.server, json, os, sys, urllib.error, urllib.request

def store():
    agent = f"{os.environ['KAGENT_NAMESPACE']}__NS__{os.environ['KAGENT_NAME']}".replace("-", "_")
    headers = {"X-Agent-Name": agent, "Content-Type": "application/json"}
    if sys.argv[2]:
        headers["Authorization"] = f"Bearer {open(sys.argv[2]).read()}"
    body = json.dumps({"agent_ref": agent, "id": "s1"}).encode()
    request = urllib.request.Request(f"{os.environ['KAGENT_URL']}/api/sessions", body, headers)
    try:
        return urllib.request.urlopen(request, timeout=60).status
    except urllib.error.HTTPError as error:
        return error.code
    except OSError as error:
        return str(error)

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(store() if "store" in self.path else {}).encode())

http.server.ThreadingHTTPServer((sys.argv[1], 8080), Handler).serve_forever()
"""
"""An agent that stores a session when it is asked for /store, and says what came of it."""
TOKEN = "/var/run/secrets/tokens/kagent-token"


def storing(name: str, token: str) -> str:
    made = yaml.safe_load(agent(name))
    made["spec"]["byo"]["deployment"]["args"] = ["-c", STORE, "0.0.0.0", token]
    return yaml.safe_dump(made)


def stored(cluster: Cluster, namespace: str, name: str) -> object:
    path = f"/api/v1/namespaces/{namespace}/services/{name}:8080/proxy/store"
    answer = cluster.client.get(path)
    return answer.json() if answer.is_success else None


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
