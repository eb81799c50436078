from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from controller.errors import TransientError
from controller.objects import Manifest
from controller.reconcile.interruptions import DEAD, GONE, Interruptions
from controller.state.conversations import Conversations
from controller.state.interrupted import Process
from controller.state.sessions import Session
from controller.state.tasks import Tasks

RUNNING = {"running": {"startedAt": "2026-01-02T03:04:05Z"}}
CRASHED = {"waiting": {"reason": "CrashLoopBackOff"}}


def pod(state: Any = RUNNING, phase: str = "Running", container: str = "kagent") -> Manifest:
    status = {"phase": phase, "containerStatuses": [{"name": container, "state": state}]}
    return {"metadata": {"name": "a-1"}, "status": status}


class Pods:
    """The pods of a cluster, and what of them was heard so far."""

    def __init__(self, heard: Manifest | None, there: Manifest | None) -> None:
        self.heard = {"a-1": heard} if heard else {}
        self.there = there
        self.is_away = False
        self.asked: list[tuple[str, str]] = []

    def read(self, namespace: str, name: str) -> Manifest | None:
        self.asked.append((namespace, name))
        if self.is_away:
            raise TransientError("The API server does not answer.")
        return self.there


@pytest.fixture
def tasks(tmp_path: Path) -> Iterator[Tasks]:
    with Conversations(tmp_path) as conversations:
        owner = Session(id="s1", user="ada", agent="x__NS__a")
        for key, state in (("t1", "working"), ("t2", "submitted"), ("t3", "input-required")):
            conversations.tasks.put(
                {"id": key, "status": {"state": state}},
                owner=owner,
                is_partial=False,
                process=Process(pod="a-1", start="x"),
            )
        yield conversations.tasks


def interruptions(tasks: Tasks, pods: Pods) -> Interruptions:
    return Interruptions(
        tasks,
        place_of=lambda agent: (agent.partition("__")[0], "a"),
        pods=lambda _namespace: pods.heard,
        read_pod=pods.read,
    )


def reason(tasks: Tasks, key: str) -> str | None:
    body = tasks.find(key)[0].body
    return (body.get("metadata") or {}).get("roster_interrupted")


def test_a_pod_that_runs_costs_no_request(tasks: Tasks) -> None:
    pods = Pods(pod(), pod())

    assert interruptions(tasks, pods).visit() == 0
    assert pods.asked == []


@pytest.mark.parametrize("there", [None, pod(phase="Failed")])
def test_the_tasks_of_a_pod_that_is_gone_end_but_for_those_that_wait(
    tasks: Tasks, there: Manifest | None
) -> None:
    pods = Pods(None, there)

    assert interruptions(tasks, pods).visit() == 2

    assert pods.asked == [("x", "a-1")]
    assert (reason(tasks, "t1"), reason(tasks, "t2")) == (GONE, GONE)
    assert reason(tasks, "t3") is None


@pytest.mark.parametrize("heard", [None, pod(phase="Failed"), pod(CRASHED)])
def test_what_was_heard_of_a_pod_is_not_believed_before_the_cluster_says_it(
    tasks: Tasks, heard: Manifest | None
) -> None:
    found = interruptions(tasks, Pods(heard, pod()))

    assert (found.visit(), found.visit()) == (0, 0)


def test_nothing_ends_while_the_cluster_does_not_answer(tasks: Tasks) -> None:
    pods = Pods(None, None)
    pods.is_away = True
    found = interruptions(tasks, pods)
    assert (found.visit(), found.visit()) == (0, 0)

    pods.is_away = False
    assert found.visit() == 2


def test_a_dead_container_counts_when_it_is_dead_at_the_next_visit_too(
    tasks: Tasks,
) -> None:
    """What the cluster says of a container that was just started again may be old."""
    pods = Pods(pod(CRASHED), pod(CRASHED))
    found = interruptions(tasks, pods)

    assert found.visit() == 0
    pods.heard = {"a-1": pod()}
    assert found.visit() == 0
    pods.heard = {"a-1": pod(CRASHED)}
    assert (found.visit(), found.visit()) == (0, 2)
    assert reason(tasks, "t1") == DEAD


def test_the_end_of_a_sidecar_is_not_the_agents(tasks: Tasks) -> None:
    dead = pod(CRASHED, container="proxy")
    found = interruptions(tasks, Pods(dead, dead))

    assert (found.visit(), found.visit()) == (0, 0)
