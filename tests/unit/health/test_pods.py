from typing import Any

import pytest

from controller.health import Health, HealthStatus, pods

WAITS = Health(HealthStatus.PROGRESSING, "0 of 1 updated replicas are available.")


def pod(name: str, *, reason: str = "", message: str = "", phase: str = "Running") -> Any:
    state = {"waiting": {"reason": reason, "message": message}} if reason else {"running": {}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name},
        "spec": {},
        "status": {"phase": phase, "containerStatuses": [{"name": "agent", "state": state}]},
    }


@pytest.mark.parametrize(
    "reason",
    ["CrashLoopBackOff", "ImagePullBackOff", "ImageNotRunnableLocally", "InvalidImageName"],
)
def test_a_workload_is_explained_by_the_trouble_of_its_pods(reason: str) -> None:
    found = pods.explained(WAITS, [pod("a"), pod("b", reason=reason, message="it is so")])

    assert found.status is HealthStatus.DEGRADED
    assert found.message == f"Pod b: Container agent: {reason}: it is so"


def test_a_pod_that_is_being_prepared_is_no_trouble() -> None:
    assert pods.explained(WAITS, [pod("a", reason="ContainerCreating", phase="Pending")]) == WAITS


def test_a_pod_that_finds_no_node_is_told() -> None:
    unscheduled = {"type": "PodScheduled", "status": "False", "message": "0/3 nodes have room."}
    lost = {**pod("a", phase="Pending"), "status": {"conditions": [unscheduled]}}
    lost["status"]["phase"] = "Pending"

    found = pods.explained(WAITS, [lost])

    assert found.status is HealthStatus.PROGRESSING
    assert found.message == f"{WAITS.message} Pod a: 0/3 nodes have room."


@pytest.mark.parametrize("status", [HealthStatus.HEALTHY, HealthStatus.SUSPENDED])
def test_a_workload_that_is_well_needs_no_explanation(status: HealthStatus) -> None:
    own = Health(status)

    assert pods.explained(own, [pod("a", reason="CrashLoopBackOff")]) == own


def test_without_pods_the_workload_speaks_for_itself() -> None:
    assert pods.explained(WAITS, []) == WAITS


def test_a_container_that_crashes_says_how_it_ends() -> None:
    crashing = pod("a", reason="CrashLoopBackOff", message="back-off 10s")
    ended = {"terminated": {"exitCode": 3, "message": "no key"}}
    crashing["status"]["containerStatuses"][0]["lastState"] = ended

    assert pods.explained(WAITS, [crashing]).message == (
        "Pod a: Container agent: CrashLoopBackOff: ended with exit code 3 (no key)"
    )
