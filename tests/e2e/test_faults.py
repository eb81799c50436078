"""What goes wrong on real machines: power cuts, second starts, wrong addresses."""

import shutil
from pathlib import Path

import pytest
from agents import agent, prompts
from waiting import eventually
from world import Cluster, Repository, Roster, run_cli

pytestmark = pytest.mark.e2e


def test_killed_in_the_middle_it_goes_on_where_it_was(
    cluster: Cluster, repository: Repository, roster: Roster, namespace: str
) -> None:
    files = {f"agents/p{number}.yaml": prompts(f"p{number}") for number in range(60)}
    repository.commit({**files, "agents/a.yaml": agent("a")})
    roster.start()
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    eventually(lambda: len((cluster.get(path) or {"items": []})["items"]) > 2, what="first writes")

    roster.kill()
    last = repository.commit({"agents/p0.yaml": None}, "Remove one while it is down")
    roster.start()

    status = roster.wait_synced(last)

    def names() -> set[str]:
        return {item["metadata"]["name"] for item in (cluster.get(path) or {})["items"]}

    eventually(lambda: "p0" not in names(), what="the removed one pruned")
    assert {f"p{number}" for number in range(1, 60)} <= names()
    assert all(resource["status"] == "Synced" for resource in status["resources"])


def test_a_second_controller_says_why_it_stops(repository: Repository, roster: Roster) -> None:
    repository.commit({"agents/prompts.yaml": prompts("style")})
    roster.start()

    second = run_cli("run", *roster.arguments, cwd=roster.folder)

    assert second.returncode == 1
    assert roster.process is not None
    assert str(roster.process.pid) in second.stderr
    assert "Traceback" not in second.stderr


def test_it_stops_on_a_signal(repository: Repository, roster: Roster) -> None:
    repository.commit({"agents/prompts.yaml": prompts("style")})
    roster.start()

    assert roster.stop() == 0


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        pytest.param(["run"], 2, "--repo", id="nothing-to-run"),
        pytest.param(
            ["run", "--repo", "ftp://x/y", "--kubeconfig", "none"], 1, "none", id="no-kubeconfig"
        ),
        pytest.param(
            ["run", "--repo", ".", "--listen", "0.0.0.0:80"],
            2,
            "--insecure-listen",
            id="open-address",
        ),
        pytest.param(["run", "--config", "none.yaml"], 2, "none.yaml", id="no-config"),
        pytest.param(["validate", "missing"], 2, "missing", id="no-folder"),
        pytest.param(["explain", "no-such-rule"], 2, "no-such-rule", id="no-rule"),
        pytest.param(
            ["app", "list", "--server", "http://127.0.0.1:1"], 1, "roster up", id="no-server"
        ),
        pytest.param(["frobnicate"], 2, "frobnicate", id="no-verb"),
        pytest.param(["local", "kubeconfig"], 2, "roster local up", id="no-local-cluster"),
    ],
)
def test_mistakes_are_answered_with_a_sentence(
    tmp_path: Path, arguments: list[str], code: int, says: str
) -> None:
    done = run_cli(*arguments, cwd=tmp_path)

    assert done.returncode == code, done.stderr
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_a_repository_that_cannot_be_reached_is_a_condition_not_a_crash(
    cluster: Cluster, repository: Repository, roster: Roster, namespace: str
) -> None:
    repository.commit({"agents/a.yaml": prompts("style")})
    roster.start().wait_synced()

    repository.path.rename(repository.path.with_name("moved"))
    done = roster.cli("sync", "agents")

    condition = eventually(
        lambda: [c for c in roster.status().get("conditions", []) if c["type"] == "SourceError"]
    )[0]
    assert "agents-repo" in condition["message"]
    assert cluster.get(f"/api/v1/namespaces/{namespace}/configmaps/style") is not None
    assert "Traceback" not in done.stderr


def test_what_the_cluster_refuses_is_told(
    repository: Repository, roster: Roster, namespace: str
) -> None:
    repository.commit({"agents/a.yaml": prompts("style")})
    roster.arguments = tuple(a for a in roster.arguments if a != "--create-namespace")

    roster.start()

    condition = eventually(
        lambda: [c for c in roster.status().get("conditions", []) if c["type"] == "SyncError"]
    )[0]
    assert namespace in condition["message"]
    assert "SyncError" in roster.cli("app", "get", "agents").stdout


def test_a_lost_database_neither_prunes_nor_leaks(
    cluster: Cluster, repository: Repository, roster: Roster, namespace: str
) -> None:
    repository.commit({f"agents/{name}.yaml": prompts(name) for name in ("a", "b", "c")})
    roster.start().wait_synced()
    roster.stop()
    shutil.rmtree(roster.folder / "state")

    last = repository.commit({"agents/a.yaml": None}, "Remove one, with the database gone")
    roster.start().wait_synced(last)

    path = f"/api/v1/namespaces/{namespace}/configmaps"
    eventually(lambda: cluster.get(f"{path}/a") is None, what="the removed one pruned")
    assert cluster.get(f"{path}/b") is not None


def test_what_belongs_to_nobody_is_taken_over_only_when_told(
    cluster: Cluster, repository: Repository, roster: Roster, namespace: str
) -> None:
    cluster.client.post("/api/v1/namespaces", json={"metadata": {"name": namespace}})
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    made = cluster.client.post(path, json={"metadata": {"name": "style"}, "data": {"style": "x"}})
    assert made.is_success, made.text
    repository.commit({"agents/a.yaml": prompts("style")})

    roster.start()
    conditions = eventually(lambda: roster.status().get("conditions"))
    before = (cluster.get(f"{path}/style") or {})["data"]
    roster.stop()
    roster.arguments += ("--adopt",)
    roster.start().wait_synced()

    assert "ExistsAndIsNotOurs" in {condition["type"] for condition in conditions}
    assert before == {"style": "x"}
    assert (cluster.get(f"{path}/style") or {})["data"] == {"style": "Be kind."}
