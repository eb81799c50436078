from datetime import UTC, datetime
from typing import Any

import pytest

from controller.local.workloads import scaling


def scaler(target: dict[str, Any] | None = None, **spec: Any) -> dict[str, Any]:
    resource = {
        "name": "cpu",
        "target": target or {"type": "Utilization", "averageUtilization": 50},
    }
    metrics = [{"type": "Resource", "resource": resource}]
    return {"spec": {"minReplicas": 1, "maxReplicas": 10, "metrics": metrics, **spec}}


def pod(name: str, *, cpu: str | None = "100m", ready: str = "") -> dict[str, Any]:
    resources = {"requests": {"cpu": cpu}} if cpu else {}
    condition = {"type": "Ready", "status": "True" if ready else "False"}
    return {
        "metadata": {"name": name, "uid": name},
        "spec": {"containers": [{"name": "main", "resources": resources}]},
        "status": {"conditions": [{**condition, "lastTransitionTime": ready}]},
    }


@pytest.mark.parametrize(
    ("cores", "replicas"),
    [
        pytest.param(0.05, 2, id="at the target"),
        pytest.param(0.054, 2, id="within tolerance"),
        pytest.param(0.1, 4, id="twice the target"),
        pytest.param(0.01, 1, id="idle"),
    ],
)
def test_replicas_follow_the_share_of_the_request(cores: float, replicas: int) -> None:
    pods = [pod("a"), pod("b")]

    proposal = scaling.propose(scaler(), pods, {"a": cores, "b": cores}, 2)

    assert proposal.replicas == replicas


def test_use_per_pod_is_a_target_too() -> None:
    target = {"type": "AverageValue", "averageValue": "20m"}

    proposal = scaling.propose(scaler(target), [pod("a", cpu=None)], {"a": 0.06}, 1)

    assert proposal.replicas == 3
    (metric,) = proposal.metrics
    assert metric["resource"]["current"] == {"averageValue": "60m"}


@pytest.mark.parametrize(
    ("spec", "found", "reason"),
    [
        pytest.param(scaler(), [pod("a", cpu=None)], "FailedGetResourceMetric", id="no-request"),
        pytest.param(
            scaler(metrics=[{"type": "External"}]),
            [pod("a")],
            "FailedGetExternalMetric",
            id="other-metric",
        ),
    ],
)
def test_what_cannot_be_measured_is_named(spec: Any, found: Any, reason: str) -> None:
    with pytest.raises(scaling.MetricError) as caught:
        scaling.propose(spec, found, {"a": 1.0}, 1)

    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("current", "asked", "allowed", "reason"),
    [
        (2, 3, 3, "DesiredWithinRange"),
        (6, 20, 10, "TooManyReplicas"),
        (1, 9, 4, "ScaleUpLimit"),
        (2, 0, 1, "TooFewReplicas"),
    ],
)
def test_replicas_keep_within_bounds(current: int, asked: int, allowed: int, reason: str) -> None:
    wanted, told = scaling.bounded(scaler(), current, asked)

    assert (wanted, told[2]) == (allowed, reason)


def test_what_a_pod_takes_to_start_does_not_count() -> None:
    found = [
        pod("steady", ready="2026-01-01T00:00:00Z"),
        pod("new", ready="2026-01-01T00:00:20Z"),
        pod("starting"),
        pod("unmeasured", ready="2026-01-01T00:00:00Z"),
    ]
    since = datetime(2026, 1, 1, 0, 0, 10, tzinfo=UTC)

    counted = scaling.measured(found, {"steady": 1.0, "new": 9.0, "starting": 9.0}, since)

    assert [each["metadata"]["name"] for each in counted] == ["steady"]
