"""The local cluster through the eyes of kubectl, as somebody types it."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
import yaml
from waiting import eventually
from world import Cluster

KUBECTL = shutil.which("kubectl", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(KUBECTL is None, reason="needs kubectl: `make kubectl` gets it"),
]

Kubectl = Callable[..., str]

WEB = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: web
        image: python:3.12-slim
        command: [python3, -u, -m, http.server, "8080", --bind, 0.0.0.0]
        ports: [{containerPort: 8080, name: http}]
        env: [{name: MODE, value: one}]
        readinessProbe: {httpGet: {path: /, port: http}, periodSeconds: 1}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  selector: {app: web}
  ports: [{port: 80, targetPort: http}]
"""


@pytest.fixture
def kubectl(cluster: Cluster, namespace: str, tmp_path: Path) -> Iterator[Kubectl]:
    """kubectl in a namespace of its own; gives what it printed, fails where it fails."""

    def run(*arguments: str, code: int = 0, stdin: str = "", **environment: str) -> str:
        done = subprocess.run(
            [str(KUBECTL), "--kubeconfig", str(cluster.kubeconfig), "-n", namespace, *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=150,
            check=False,
            env={**os.environ, "HOME": str(tmp_path), **environment},
        )
        assert done.returncode == code, f"{arguments}: {done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    run("create", "namespace", namespace)
    yield run
    run("delete", "namespace", namespace, "--wait=false")


def test_a_deployment_from_apply_to_delete(kubectl: Kubectl) -> None:
    kubectl("apply", "-f", "-", stdin=WEB)
    assert "successfully rolled out" in kubectl("rollout", "status", "deploy/web", "--timeout=120s")
    row = kubectl("get", "deploy", "web", "--no-headers").split()
    assert row[:4] == ["web", "1/1", "1", "1"]
    described = kubectl("describe", "deploy", "web")
    assert re.search(r"NewReplicaSet: +web-\w+ \(1/1 replicas created\)", described)
    assert "Scaled up replica set" in described
    assert "Started container web" in kubectl("describe", "pod", "-l", "app=web")
    assert "Serving HTTP" in kubectl("logs", "deploy/web")

    changed = WEB.replace("value: one", "value: two")
    assert "+          value: two" in kubectl("diff", "-f", "-", stdin=changed, code=1)
    kubectl("apply", "-f", "-", stdin=changed)
    kubectl("rollout", "status", "deploy/web", "--timeout=120s")
    history = kubectl("rollout", "history", "deploy/web")
    assert [line.split()[0] for line in history.splitlines() if line[:1].isdigit()] == ["1", "2"]
    kubectl("rollout", "undo", "deploy/web")
    kubectl("rollout", "status", "deploy/web", "--timeout=120s")
    path = "jsonpath={.spec.template.spec.containers[0].env[0].value}"
    assert kubectl("get", "deploy", "web", "-o", path) == "one"

    kubectl("scale", "deploy", "web", "--replicas=2")
    ready = "--for=jsonpath={.status.readyReplicas}=2"
    kubectl("wait", ready, "deploy/web", "--timeout=120s")
    kubectl("delete", "-f", "-", "--timeout=120s", stdin=WEB)
    assert "No resources found" in kubectl("get", "deploy")


def test_server_side_apply_tells_conflicts_and_forces_them(kubectl: Kubectl) -> None:
    config = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: cm}\ndata: {a: b}\n"
    kubectl("apply", "--server-side", "-f", "-", stdin=config)
    other = ("--server-side", "--field-manager=other", "-f", "-")

    refused = kubectl("apply", *other, stdin=config.replace("a: b", "a: c"), code=1)
    kubectl("apply", *other, "--force-conflicts", stdin=config.replace("a: b", "a: c"))

    assert 'conflict with "kubectl": .data.a' in refused
    assert kubectl("get", "cm", "cm", "-o", "jsonpath={.data.a}") == "c"


def test_small_changes_of_every_kind(kubectl: Kubectl) -> None:
    kubectl("create", "configmap", "cm", "--from-literal=a=b")

    kubectl("label", "cm", "cm", "tier=test")
    kubectl("annotate", "cm", "cm", "note=x")
    kubectl("patch", "cm", "cm", "-p", '{"data":{"z":"1"}}')
    kubectl("patch", "cm", "cm", "--type=json", "-p", '[{"op":"remove","path":"/data/z"}]')
    kubectl("edit", "cm", "cm", EDITOR="sed -i s/a:.b/a:\\ edited/")
    kubectl("delete", "cm", "cm", "--dry-run=server")

    made = yaml.safe_load(kubectl("get", "cm", "-l", "tier=test", "-o", "yaml"))["items"][0]
    assert made["data"] == {"a": "edited"}
    assert made["metadata"]["annotations"]["note"] == "x"


def test_jobs_and_pods_run_and_leave_their_logs(kubectl: Kubectl) -> None:
    say = ("--image=python:3.12-slim", "--", "python3", "-c", "print('done')")

    kubectl("create", "job", "j", *say)
    kubectl("wait", "--for=condition=complete", "job/j", "--timeout=120s")

    assert kubectl("logs", "job/j") == "done\n"
    kubectl("delete", "job", "j", "--timeout=120s")
    assert "No resources found" in kubectl("get", "pods")


def test_a_schedule_starts_jobs_and_lends_its_template(kubectl: Kubectl) -> None:
    say = ("--image=python:3.12-slim", "--", "python3", "-c", "print('tick')")
    refused = kubectl("create", "cronjob", "never", "--schedule=0 25 * * *", *say, code=1)
    assert 'spec.schedule: Invalid value: "0 25 * * *": end of range (25) above maximum' in refused

    kubectl("create", "cronjob", "tick", "--schedule=@every 1s", *say)
    ran = "--for=jsonpath={.status.lastSuccessfulTime}"
    kubectl("wait", ran, "cronjob/tick", "--timeout=50s")
    kubectl("patch", "cronjob", "tick", "-p", '{"spec":{"suspend":true}}')
    kubectl("create", "job", "once", "--from=cronjob/tick")
    kubectl("wait", "--for=condition=complete", "job/once", "--timeout=40s")

    assert kubectl("logs", "job/once") == "tick\n"
    row = kubectl("get", "cronjob", "tick", "--no-headers").split()
    assert row[:5] == ["tick", "@every", "1s", "<none>", "True"]
    assert "Created job tick-" in kubectl("describe", "cronjob", "tick")
    assert "cronjob.batch/tick" in kubectl("get", "all", "-o", "name")


INDEXED = """\
apiVersion: batch/v1
kind: Job
metadata: {name: parts}
spec:
  completionMode: Indexed
  completions: 3
  parallelism: 3
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: part
        image: python:3.12-slim
        command: [python3, -c, "import os; print(os.environ['JOB_COMPLETION_INDEX'])"]
"""


def test_an_indexed_job_does_each_part_once(kubectl: Kubectl) -> None:
    kubectl("apply", "-f", "-", stdin=INDEXED)
    kubectl("wait", "--for=condition=complete", "job/parts", "--timeout=50s")

    assert "Completed Indexes:  0-2" in kubectl("describe", "job", "parts")
    second = "batch.kubernetes.io/job-completion-index=1"
    assert kubectl("logs", "-l", second) == "1\n"


def test_generators_make_what_they_name(kubectl: Kubectl, tmp_path: Path) -> None:
    made = {
        "deployment web": ["--image=python:3.12-slim", "--replicas=0"],
        "secret generic secret": ["--from-literal=a=b"],
        "serviceaccount robot": [],
        "role reader": ["--verb=get,list", "--resource=pods"],
        "rolebinding reading": ["--role=reader", "--serviceaccount=x:robot"],
        "service clusterip inner": ["--tcp=80:8080"],
        "poddisruptionbudget budget": ["--selector=app=web", "--min-available=1"],
        "ingress way": ["--rule=a.example/*=inner:80"],
        "quota few": ["--hard=pods=3"],
    }
    for words, options in made.items():
        assert "created" in kubectl("create", *words.split(), *options)
    (tmp_path / "kustomization.yaml").write_text(
        "configMapGenerator: [{name: made, literals: [a=b]}]\n"
    )
    assert "configmap/made-" in kubectl("apply", "-k", str(tmp_path))

    kubectl("autoscale", "deployment", "web", "--max=2", "--cpu=50%")
    kubectl("set", "env", "deployment/web", "A=b")
    assert "ey" in kubectl("create", "token", "robot")
    assert kubectl("get", "ingress", "way", "--no-headers").split()[:3] == [
        "way",
        "<none>",
        "a.example",
    ]
    assert "Deployment/web" in kubectl("get", "hpa", "--no-headers")


def test_it_explains_itself(kubectl: Kubectl) -> None:
    assert "<RollingUpdateDeployment>" in kubectl("explain", "deploy.spec.strategy")
    assert "statefulsets" in kubectl("api-resources", "--api-group=apps", "-o", "name")
    assert "Server Version: v1.36" in kubectl("version")
    assert kubectl("auth", "can-i", "create", "pods").strip() == "yes"


def test_a_typing_error_is_refused_by_the_schema(kubectl: Kubectl) -> None:
    wrong = WEB.replace("readinessProbe", "readynessProbe")

    refused = kubectl("apply", "-f", "-", stdin=wrong, code=1)

    assert 'unknown field "spec.template.spec.containers[0].readynessProbe"' in refused


def test_proxy_leads_to_the_api_and_to_services(
    cluster: Cluster, kubectl: Kubectl, namespace: str
) -> None:
    kubectl("apply", "-f", "-", stdin=WEB)
    kubectl("rollout", "status", "deploy/web", "--timeout=120s")
    arguments = [str(KUBECTL), "--kubeconfig", str(cluster.kubeconfig), "proxy", "--port=0"]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as proxy:
        try:
            assert proxy.stdout is not None
            address = re.search(r"127\.0\.0\.1:\d+", proxy.stdout.readline())
            assert address is not None
            url = f"http://{address[0]}/api/v1/namespaces/{namespace}/services/web:80/proxy/"
            page = eventually(lambda: httpx.get(url, trust_env=False).text, what="an answer")
        finally:
            proxy.terminate()

    assert "Directory listing" in page


@pytest.mark.parametrize(
    "verb",
    [
        ["exec", "x", "--", "true"],
        ["port-forward", "x", ":80"],
        ["cp", "/etc/hostname", "x:/tmp/h"],
        ["debug", "x", "--image=python:3.12-slim", "--profile=general"],
    ],
    ids=lambda verb: verb[0],
)
def test_what_it_cannot_do_it_says(kubectl: Kubectl, verb: list[str]) -> None:
    pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec:\n  containers:\n"
    pod += "  - {name: c, image: python:3.12-slim, command: [python3, -c, input()], stdin: true}\n"
    kubectl("apply", "-f", "-", stdin=pod)
    kubectl("wait", "--for=condition=Ready", "pod/x", "--timeout=120s")

    refused = kubectl(*verb, code=1)

    assert "The local cluster has no" in refused
