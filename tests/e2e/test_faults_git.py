"""A repository that is rewritten, emptied, broken: what runs goes on running until it is whole."""

from pathlib import Path

import pytest
from agents import prompts
from waiting import eventually
from world import Cluster, Repository, Roster, texts

pytestmark = pytest.mark.e2e

FIRST = {f"agents/p{number}.yaml": prompts(f"p{number}") for number in range(4)}


def condition_types(roster: Roster) -> set[str]:
    return {condition["type"] for condition in roster.status().get("conditions", [])}


def test_a_rewritten_history_is_followed(
    cluster: Cluster, repository: Repository, roster: Roster, namespace: str
) -> None:
    repository.commit(FIRST)
    repository.commit({"agents/p0.yaml": prompts("p0", "Be brief.")}, "To be rewritten")
    roster.start().wait_synced()

    repository.git("reset", "--quiet", "--hard", "HEAD~1")
    rewritten = repository.commit({"agents/p1.yaml": prompts("p1", "Be bold.")}, "Instead")
    repository.git("reflog", "expire", "--expire=now", "--all")
    repository.git("gc", "--quiet", "--prune=now")

    roster.wait_synced(rewritten)
    said = texts(cluster, namespace)
    assert (said["p0"], said["p1"]) == ("Be kind.", "Be bold.")


@pytest.mark.parametrize(
    ("left", "told"),
    [("agents/README.md", "EmptySource"), ("README.md", "SourceError")],
    ids=["no-definitions", "no-folder"],
)
def test_an_emptied_repository_prunes_nothing(
    cluster: Cluster,
    repository: Repository,
    roster: Roster,
    namespace: str,
    *,
    left: str,
    told: str,
) -> None:
    repository.commit(FIRST)
    roster.start().wait_synced()

    repository.commit({**dict.fromkeys(FIRST), left: "Gone.\n"}, "Remove everything")

    eventually(lambda: told in condition_types(roster), what="a condition that says so")
    assert set(texts(cluster, namespace)) == {"p0", "p1", "p2", "p3"}


def test_most_of_an_application_goes_after_a_confirmation_only(
    cluster: Cluster, repository: Repository, roster: Roster, namespace: str
) -> None:
    repository.commit(FIRST)
    roster.start().wait_synced()

    last = repository.commit(dict.fromkeys(sorted(FIRST)[:3]), "Remove three of four")

    eventually(lambda: "PruneNeedsConfirmation" in condition_types(roster), what="the question")
    assert len(texts(cluster, namespace)) == 4
    assert roster.cli("sync", "agents", "--confirm").returncode == 0
    roster.wait_synced(last)
    eventually(lambda: set(texts(cluster, namespace)) == {"p3"}, what="what was confirmed")


def test_a_broken_object_is_told_and_mends(
    cluster: Cluster, repository: Repository, roster: Roster, namespace: str
) -> None:
    repository.commit(FIRST)
    roster.start().wait_synced()
    roster.stop()
    last = repository.commit({"agents/p0.yaml": prompts("p0", "Be whole.")}, "To be broken")
    broken = _object_of(repository, "HEAD:agents/p0.yaml")
    content = broken.read_bytes()
    broken.chmod(0o644)
    broken.write_bytes(b"torn by a power cut")

    roster.start()
    eventually(lambda: "SourceError" in condition_types(roster), what="a condition that says so")
    assert texts(cluster, namespace)["p0"] == "Be kind."
    broken.write_bytes(content)

    roster.cli("sync", "agents")
    roster.wait_synced(last)
    assert texts(cluster, namespace)["p0"] == "Be whole."


def _object_of(repository: Repository, name: str) -> Path:
    found = repository.git("rev-parse", name)
    return repository.path / ".git" / "objects" / found[:2] / found[2:]
