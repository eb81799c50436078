"""Real parts for the whole program."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from envtest import control_plane
from faulty import FaultyServer, faulty_server
from world import Cluster, Repository, Roster, connect, local_cluster

LOCAL_ONLY = (
    "end to end: on the local cluster only; "
    "ROSTER_TEST_KUBECONFIG or KUBEBUILDER_ASSETS lead to a real one"
)


def pytest_report_header() -> str:
    if kubeconfig := os.environ.get("ROSTER_TEST_KUBECONFIG"):
        return f"end to end: on the cluster of {kubeconfig}"
    if assets := os.environ.get("KUBEBUILDER_ASSETS"):
        return f"end to end: on the control plane in {assets}, where no pods run"
    return LOCAL_ONLY


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """The cluster that the environment names, else a local one for this worker."""
    if given := os.environ.get("ROSTER_TEST_KUBECONFIG"):
        with (found := connect(Path(given))).client:
            yield found
        return
    folder = tmp_path_factory.mktemp("cluster")
    if assets := os.environ.get("KUBEBUILDER_ASSETS"):
        with control_plane(Path(assets), folder) as kubeconfig:
            found = connect(kubeconfig, runs_pods=False)
            with found.client:
                yield found
        return
    with local_cluster(folder) as found:
        yield found


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository.create(tmp_path / "agents-repo")


@pytest.fixture
def namespace(cluster: Cluster, request: pytest.FixtureRequest) -> Iterator[str]:
    """A namespace for this test alone."""
    name = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower()).strip("-")[:50]
    yield f"{name}-{os.getpid()}"
    cluster.client.delete(f"/api/v1/namespaces/{name}-{os.getpid()}")


@pytest.fixture
def roster(
    cluster: Cluster, repository: Repository, namespace: str, tmp_path: Path
) -> Iterator[Roster]:
    """A controller on the repository, not yet started."""
    found = Roster.following(repository, namespace, "--prune", folder=tmp_path, cluster=cluster)
    yield found
    if found.process is not None and found.process.poll() is None:
        found.stop()


@pytest.fixture
def faulty(cluster: Cluster, tmp_path: Path) -> Iterator[FaultyServer]:
    with faulty_server(cluster.kubeconfig, tmp_path) as server:
        yield server


@pytest.fixture
def behind_faults(roster: Roster, faulty: FaultyServer) -> Roster:
    """The controller, behind the server that fails on demand."""
    at = roster.arguments.index("--kubeconfig") + 1
    changed = (*roster.arguments[:at], str(faulty.kubeconfig), *roster.arguments[at + 1 :])
    roster.arguments = changed
    return roster
