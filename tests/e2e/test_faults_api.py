"""An API server that refuses, hangs, and drops its watches: everything ends where git says."""

import threading

import pytest
from agents import prompts
from faulty import FaultyServer, is_watch, is_write, status
from starlette.requests import Request
from starlette.responses import Response
from waiting import eventually
from world import Cluster, Repository, Roster, texts

pytestmark = pytest.mark.e2e

FIRST = {f"agents/p{number}.yaml": prompts(f"p{number}") for number in range(3)}


def writes_prompts(request: Request) -> bool:
    return is_write(request) and "/configmaps/p" in request.url.path


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (409, "Conflict"),
        (429, "TooManyRequests"),
        (500, "InternalError"),
        (503, "ServiceUnavailable"),
    ],
)
def test_refused_writes_are_tried_again(
    cluster: Cluster,
    repository: Repository,
    behind_faults: Roster,
    faulty: FaultyServer,
    namespace: str,
    *,
    code: int,
    reason: str,
) -> None:
    faulty.fail(lambda: status(code, reason), times=6, when=writes_prompts)
    revision = repository.commit(FIRST)

    behind_faults.start().wait_synced(revision)

    assert set(texts(cluster, namespace)) == {"p0", "p1", "p2"}


@pytest.mark.parametrize("code", [410, 500, 503])
def test_refused_lists_and_watches_are_begun_again(
    cluster: Cluster,
    repository: Repository,
    behind_faults: Roster,
    faulty: FaultyServer,
    namespace: str,
    *,
    code: int,
) -> None:
    """Drift is still seen afterwards: the watches stand again."""
    revision = repository.commit(FIRST)
    behind_faults.start().wait_synced(revision)
    faulty.fail(lambda: status(code, "Expired"), times=8, when=is_watch)
    faulty.cut_streams()

    path = f"/api/v1/namespaces/{namespace}/configmaps/p1"
    cluster.patch(path, {"data": {"style": "Be rude."}})

    eventually(lambda: texts(cluster, namespace)["p1"] == "Be kind.", what="drift healed")


def test_a_watch_cut_in_the_middle_misses_no_deletion(
    cluster: Cluster,
    repository: Repository,
    behind_faults: Roster,
    faulty: FaultyServer,
    namespace: str,
) -> None:
    revision = repository.commit(FIRST)
    behind_faults.start().wait_synced(revision)
    away = threading.Event()
    faulty.before.append(
        lambda request: status(503, "Away") if is_watch(request) and not away.is_set() else None
    )
    faulty.cut_streams()

    cluster.client.delete(f"/api/v1/namespaces/{namespace}/configmaps/p2")
    away.set()

    eventually(lambda: "p2" in texts(cluster, namespace), what="the deleted one made again")


def test_a_server_that_hangs_costs_its_timeout_and_no_more(
    cluster: Cluster,
    repository: Repository,
    behind_faults: Roster,
    faulty: FaultyServer,
    namespace: str,
    *,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ROSTER_CLUSTER_TIMEOUT_S", "3")
    faulty.hang(times=2, when=writes_prompts)
    revision = repository.commit(FIRST)

    behind_faults.start().wait_synced(revision)

    assert set(texts(cluster, namespace)) == {"p0", "p1", "p2"}


def test_while_the_cluster_is_away_nothing_is_called_synced_or_pruned(
    cluster: Cluster,
    repository: Repository,
    behind_faults: Roster,
    faulty: FaultyServer,
    namespace: str,
) -> None:
    behind_faults.start()
    repository.commit(FIRST)
    behind_faults.cli("sync", "agents")
    behind_faults.wait_synced()
    faulty.before.append(lambda _request: Response(status_code=503))
    faulty.cut_streams()
    last = repository.commit({"agents/p0.yaml": None}, "Remove one while the cluster is away")

    eventually(lambda: behind_faults.status().get("conditions"), what="a condition that says so")
    eventually(
        lambda: behind_faults.status()["sync"]["status"] == "Unknown", what="nothing called synced"
    )
    assert "p0" in texts(cluster, namespace)
    faulty.before.clear()

    behind_faults.wait_synced(last)
    eventually(lambda: "p0" not in texts(cluster, namespace), what="pruned after all")
