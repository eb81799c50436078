from typing import Any

import pytest

from controller.health import HealthStatus
from controller.objects import ObjectKey
from controller.sync import gate as gates
from controller.sync.gate import Gate, StoppedError

KEY = ObjectKey("demo.example", "Widget", "ns", "one")


def widget(version: int, **conditions: str) -> dict[str, Any]:
    told = [{"type": kind, "status": status} for kind, status in conditions.items()]
    metadata = {"name": "one", "namespace": "ns", "resourceVersion": str(version)}
    return {
        "apiVersion": "demo.example/v1",
        "kind": "Widget",
        "metadata": metadata,
        "status": {"conditions": told},
    }


def gate(live: Any, *, timeout_s: float = 5, stopped: Any = str, waiting: Any = int) -> Gate:
    return Gate(live, timeout_s=timeout_s, stopped=stopped, waiting=waiting)


def test_what_is_healthy_is_not_waited_for(cluster: Any) -> None:
    cluster.upsert(widget(1, Ready="True"))

    assert gate(cluster, stopped=lambda: pytest.fail("not asked")).wait([KEY]) == {}


def test_what_becomes_healthy_ends_the_wait(cluster: Any) -> None:
    cluster.upsert(widget(1, Ready="False"))
    passing = gate(cluster, waiting=lambda: cluster.upsert(widget(2, Ready="True")))

    assert passing.wait([KEY]) == {}


def test_what_is_beyond_hope_ends_the_wait(cluster: Any) -> None:
    cluster.upsert(widget(1, Stalled="True"))

    found = gate(cluster, timeout_s=600).wait([KEY])

    assert found[KEY].status is HealthStatus.DEGRADED


def test_the_time_ends_the_wait_and_the_cause_is_told(cluster: Any) -> None:
    found = gate(cluster, timeout_s=0).wait([KEY])

    assert gates.told(found) == "demo.example/Widget ns/one is Missing: Not in the cluster."


def test_a_reason_to_stop_ends_the_wait(cluster: Any) -> None:
    cluster.upsert(widget(1, Ready="False"))

    with pytest.raises(StoppedError, match="newer"):
        gate(cluster, stopped=lambda: "newer").wait([KEY])
