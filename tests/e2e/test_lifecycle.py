"""A day in the life of an agents repository, through the installed command."""

import json

import pytest
from agents import agent, prompts
from waiting import eventually
from world import Cluster, Repository, Roster, run_cli

pytestmark = pytest.mark.e2e


def answer_of(cluster: Cluster, namespace: str, name: str) -> str:
    deployment = cluster.deployment(namespace, name) or {}
    containers = deployment["spec"]["template"]["spec"]["containers"]
    return next(e["value"] for e in containers[0]["env"] if e["name"] == "ANSWER")


def test_push_edit_drift_prune_break_revert(
    cluster: Cluster, repository: Repository, roster: Roster, namespace: str
) -> None:
    first = repository.commit(
        {
            "agents/triage.yaml": agent("triage"),
            "agents/helper.yaml": agent("helper"),
            "agents/prompts.yaml": prompts("style"),
        },
        "Add triage and helper",
    )
    roster.start()
    status = roster.wait_synced(first)
    kinds = {resource["kind"] for resource in status["resources"]}
    assert {"Deployment", "Service", "ConfigMap"} <= kinds

    # An edit rolls out.
    edited = repository.commit({"agents/triage.yaml": agent("triage", answer="two")}, "Say two")
    roster.wait_synced(edited)
    assert answer_of(cluster, namespace, "triage") == "two"
    history = json.loads(roster.cli("app", "history", "agents", "-o", "json").stdout)
    assert history[0]["revision"] == edited
    assert history[0]["phase"] == "Succeeded"

    # Somebody edits the Deployment; it is put back.
    path = f"/apis/apps/v1/namespaces/{namespace}/deployments/triage"
    before = len(history)
    change = {"spec": {"template": {"spec": {"terminationGracePeriodSeconds": 5}}}}
    cluster.patch(path, {"metadata": {"labels": {"kagent": "somebody-else"}}, **change})
    eventually(
        lambda: (cluster.get(path) or {})["metadata"]["labels"]["kagent"] == "triage",
        what="drift healed",
    )
    healed = eventually(
        lambda: (
            (found := json.loads(roster.cli("app", "history", "agents", "-o", "json").stdout))[
                before:
            ]
            and found
        ),
        what="self-heal in history",
    )
    assert "self-heal" in json.dumps(healed[0])

    # A definition that leaves git takes its objects along.
    removed = repository.commit({"agents/helper.yaml": None}, "Remove helper")
    roster.wait_synced(removed)
    eventually(lambda: cluster.deployment(namespace, "helper") is None, what="helper pruned")

    # A broken commit is a finding with a position; what it defined before goes on serving.
    broken = agent("triage", answer="three").replace("description:", "descriptoin:")
    repository.commit({"agents/triage.yaml": broken}, "Break triage")
    finding = eventually(lambda: roster.status().get("findings"), what="a finding")[0]
    assert (finding["file"], finding["line"]) == ("agents/triage.yaml", 7)
    assert finding["rule"] == "unknown-field"
    assert "description" in finding["remedy"] + finding["message"]
    assert answer_of(cluster, namespace, "triage") == "two"
    assert roster.status()["sync"]["status"] != "Synced"

    # A revert mends it.
    repository.git("revert", "--no-edit", "HEAD")
    roster.wait_synced(repository.git("rev-parse", "HEAD"))
    assert not roster.status().get("findings")


@pytest.mark.parametrize("broken_off", ["a: [b\n  c: }\n", "---\nkind: [unfinished\n"])
def test_one_broken_file_blocks_only_itself(
    cluster: Cluster, repository: Repository, roster: Roster, namespace: str, broken_off: str
) -> None:
    repository.commit({"agents/a.yaml": agent("a"), "agents/b.yaml": agent("b")})
    roster.start().wait_synced()
    uid = (cluster.deployment(namespace, "a") or {})["metadata"]["uid"]

    broken = agent("a") + broken_off
    repository.commit({"agents/a.yaml": broken, "agents/b.yaml": agent("b", answer="two")})

    eventually(lambda: answer_of(cluster, namespace, "b") == "two", what="the neighbour updated")
    finding = eventually(lambda: roster.status().get("findings"))[0]
    assert finding["file"] == "agents/a.yaml"
    assert (cluster.deployment(namespace, "a") or {})["metadata"]["uid"] == uid


def test_a_second_sync_writes_nothing(
    cluster: Cluster, repository: Repository, roster: Roster, namespace: str
) -> None:
    repository.commit({"agents/a.yaml": agent("a"), "agents/prompts.yaml": prompts("style")})
    roster.start().wait_synced()
    path = f"/api/v1/namespaces/{namespace}/configmaps/style"
    before = (cluster.get(path) or {})["metadata"]["resourceVersion"]

    done = roster.cli("sync", "agents")

    assert done.returncode == 0, done.stderr
    assert (cluster.get(path) or {})["metadata"]["resourceVersion"] == before


def test_a_rollback_holds_until_the_next_commit(
    cluster: Cluster, repository: Repository, roster: Roster, namespace: str
) -> None:
    first = repository.commit({"agents/a.yaml": agent("a")}, "One")
    roster.start().wait_synced(first)
    second = repository.commit({"agents/a.yaml": agent("a", answer="two")}, "Two")
    roster.wait_synced(second)

    done = roster.cli("app", "rollback", "agents", "1")

    assert done.returncode == 0, done.stderr
    held = roster.wait_synced(first)
    assert answer_of(cluster, namespace, "a") == "one"
    assert [c["type"] for c in held["conditions"]] == ["Held"]
    third = repository.commit({"agents/a.yaml": agent("a", answer="three")}, "Three")
    assert roster.wait_synced(third)["conditions"] == []
    assert answer_of(cluster, namespace, "a") == "three"


def test_emptied_source_prunes_nothing(
    cluster: Cluster, repository: Repository, roster: Roster, namespace: str
) -> None:
    repository.commit({"agents/a.yaml": agent("a"), "README.md": "agents\n"})
    roster.start().wait_synced()

    repository.commit({"agents/a.yaml": None, "agents/.gitkeep": ""}, "Remove everything")

    eventually(
        lambda: any(c["type"] == "EmptySource" for c in roster.status().get("conditions", [])),
        what="the guard",
    )
    assert cluster.deployment(namespace, "a") is not None


def test_diff_tells_by_its_exit_code(
    cluster: Cluster, repository: Repository, roster: Roster, namespace: str
) -> None:
    repository.commit({"agents/a.yaml": agent("a")})
    roster.start().wait_synced()
    options = ("-n", namespace, "--application", "agents", "--kubeconfig", str(cluster.kubeconfig))

    same = run_cli("diff", "agents", *options, cwd=repository.path)
    (repository.path / "agents/a.yaml").write_text(agent("a", answer="two"))
    different = run_cli("diff", "agents", *options, cwd=repository.path)
    (repository.path / "agents/a.yaml").write_text("kind: [unfinished\n")
    broken = run_cli("diff", "agents", *options, cwd=repository.path)

    assert (same.returncode, same.stdout) == (0, ""), same.stderr
    assert different.returncode == 1, different.stderr
    assert "two" in different.stdout
    assert "2 low" in different.stdout.splitlines()[0], different.stdout + different.stderr
    assert broken.returncode == 2
    assert "agents/a.yaml:1" in broken.stderr
