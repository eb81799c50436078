"""kill -9 of the controller at every kind of moment: before, during and after writes and prunes.

After each: nothing lost, nothing leaked, nothing pruned that should stay, and convergence.
"""

from itertools import count

import pytest
from agents import agent, prompts
from faulty import FaultyServer, is_write
from starlette.requests import Request
from starlette.responses import Response
from waiting import eventually
from world import Cluster, Repository, Roster, texts

pytestmark = pytest.mark.e2e

FIRST = {f"agents/p{number}.yaml": prompts(f"p{number}") for number in range(4)}
SECOND = {
    "agents/p0.yaml": None,
    "agents/p1.yaml": prompts("p1", "Be brief."),
    "agents/new.yaml": prompts("new"),
}
"""One goes, one changes, one comes: a write of each kind."""


def kill_at(faulty: FaultyServer, roster: Roster, number: int, *, when: str) -> None:
    """Kill the controller at the n-th write from now on, before or after it is carried out."""
    numbers = count(1)

    def is_due(request: Request) -> bool:
        in_namespace = "/namespaces/" in request.url.path
        return is_write(request) and in_namespace and next(numbers) == number

    def before(request: Request) -> Response | None:
        if is_due(request):
            roster.crash()
            return Response(status_code=503)
        return None

    def after(request: Request) -> None:
        if is_due(request):
            roster.crash()

    if when == "before":
        faulty.before.append(before)
    else:
        faulty.after.append(after)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("write", [1, 3])
def test_killed_at_a_write_it_converges(
    cluster: Cluster,
    repository: Repository,
    behind_faults: Roster,
    faulty: FaultyServer,
    namespace: str,
    *,
    write: int,
    when: str,
) -> None:
    repository.commit(FIRST)
    behind_faults.start().wait_synced()
    kill_at(faulty, behind_faults, write, when=when)

    last = repository.commit(SECOND, "One goes, one changes, one comes")
    behind_faults.wait_dead()
    faulty.before.clear()
    faulty.after.clear()
    behind_faults.start().wait_synced(last)

    kind = "Be kind."
    expected = {"p1": "Be brief.", "p2": kind, "p3": kind, "new": kind}
    eventually(lambda: texts(cluster, namespace) == expected, what="the state of the last commit")
    assert set(behind_faults.phases()) <= {"Succeeded", "Error"}


@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_in_the_very_first_sync_nothing_is_left_behind(
    cluster: Cluster,
    repository: Repository,
    behind_faults: Roster,
    faulty: FaultyServer,
    namespace: str,
    *,
    when: str,
) -> None:
    """What was written before the crash, and left git before the restart, is not forgotten."""
    repository.commit(FIRST)
    kill_at(faulty, behind_faults, 3, when=when)
    behind_faults.start()
    behind_faults.wait_dead()
    faulty.before.clear()
    faulty.after.clear()

    gone = dict.fromkeys(["agents/p0.yaml", "agents/p1.yaml"])
    last = repository.commit(gone, "Two go while it is down")
    behind_faults.start().wait_synced(last)

    eventually(lambda: set(texts(cluster, namespace)) == {"p2", "p3"}, what="no leftovers")


def test_killed_between_two_waves_it_finishes_the_second(
    cluster: Cluster,
    repository: Repository,
    behind_faults: Roster,
    faulty: FaultyServer,
    namespace: str,
) -> None:
    later = "  annotations:\n    argocd.argoproj.io/sync-wave: '1'\n"
    second_wave = prompts("late").replace("\ndata:", f"\n{later}data:")
    first = repository.commit({"agents/a.yaml": agent("a"), "agents/late.yaml": second_wave})

    def last_of_the_first_wave(request: Request) -> None:
        if is_write(request) and request.url.path.endswith("/deployments/a"):
            behind_faults.crash()

    faulty.after.append(last_of_the_first_wave)
    behind_faults.start()
    behind_faults.wait_dead()
    assert "late" not in texts(cluster, namespace)
    faulty.after.clear()
    behind_faults.start().wait_synced(first)

    assert set(texts(cluster, namespace)) == {"late"}


def test_a_crash_shows_in_history_and_the_next_start_does_it_again(
    repository: Repository, behind_faults: Roster, faulty: FaultyServer
) -> None:
    repository.commit(FIRST)
    kill_at(faulty, behind_faults, 2, when="after")
    behind_faults.start()
    behind_faults.wait_dead()
    faulty.after.clear()

    behind_faults.start().wait_synced()

    assert behind_faults.phases()[:2] == ["Succeeded", "Error"]
