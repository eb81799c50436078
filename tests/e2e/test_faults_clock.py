"""The wall clock jumps by hours, as on a laptop that wakes up or a machine that finds its time."""

import signal
from pathlib import Path

import pytest
from agents import prompts
from waiting import eventually
from world import Cluster, Repository, Roster, texts

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize("hours", ["30", "-30"])
def test_a_jump_of_the_clock_stops_nothing(
    cluster: Cluster,
    repository: Repository,
    roster: Roster,
    namespace: str,
    *,
    hours: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("JUMP_H", hours)
    roster.program = (str(Path(__file__).with_name("jumping.py")),)
    repository.commit({"agents/a.yaml": prompts("a")})
    roster.start().wait_synced()
    assert roster.process is not None

    roster.process.send_signal(signal.SIGUSR1)
    last = repository.commit({"agents/a.yaml": prompts("a", "Be brief.")}, "After the jump")
    roster.wait_synced(last)
    path = f"/api/v1/namespaces/{namespace}/configmaps/a"
    cluster.patch(path, {"data": {"style": "Be rude."}})

    eventually(lambda: texts(cluster, namespace)["a"] == "Be brief.", what="drift healed")
    assert set(roster.phases()) == {"Succeeded"}
    times = [operation["startedAt"] for operation in roster.operations()]
    assert (times == sorted(times, reverse=True)) is (hours == "30")
