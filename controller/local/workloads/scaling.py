"""How many replicas the measured CPU asks for: the arithmetic of an autoscaler, without its loop.

Restates `replica_calculator.go` and the limits of `horizontal.go` (`pkg/controller/podautoscaler`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from typing import Any, TypeAlias

from controller.local.workloads import pods, times
from controller.local.workloads.kubelet import quantities
from controller.objects import Manifest

Told: TypeAlias = tuple[str, str, str, str]
"""A condition: type, status, reason, message."""

_TOLERANCE = 0.1
"""A ratio of use to target this close to 1 changes nothing."""
_DEFAULT: Mapping[str, Any] = {
    "type": "Resource",
    "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}},
}
"""What an autoscaler without metrics goes by."""


class MetricError(Exception):
    """A metric that cannot be had: the reason and message of the condition."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """How many replicas the metrics ask for, and what was measured."""

    replicas: int
    metrics: tuple[Mapping[str, Any], ...]
    name: str
    """Of the metric that asked for most."""


def propose(
    scaler: Manifest, found: Sequence[Manifest], cores: Mapping[str, float], current: int
) -> Proposal:
    """Give how many replicas the metrics of an autoscaler ask for: the most that any one does.

    `found` are the pods that were measured, at least one; `cores` what each uses, by its uid.

    Raises:
        MetricError: one of them cannot be had.
    """
    metrics = scaler["spec"].get("metrics") or (_DEFAULT,)
    asked = [_by_metric(each, found, cores, current) for each in metrics]
    most = max(asked, key=lambda proposal: proposal.replicas)
    return Proposal(
        replicas=most.replicas,
        metrics=tuple(metric for proposal in asked for metric in proposal.metrics),
        name=most.name,
    )


def measured(
    found: Sequence[Manifest], cores: Mapping[str, float], since: datetime
) -> list[Manifest]:
    """Give the pods that were measured and were ready all the time since: starting takes CPU."""
    return [pod for pod in found if pod["metadata"]["uid"] in cores and _ready_before(pod, since)]


def bounded(scaler: Manifest, current: int, asked: int) -> tuple[int, Told]:
    """Give the replicas that an autoscaler may have, and the condition that says what limits it."""
    least, most = scaler["spec"].get("minReplicas", 1), scaler["spec"]["maxReplicas"]
    fastest = max(2 * current, 4)
    if asked > min(most, fastest):
        reason, bound = "TooManyReplicas", "more than the maximum replica count"
        if fastest < most:
            reason, bound = "ScaleUpLimit", "increasing faster than the maximum scale rate"
        message = f"the desired replica count is {bound}"
        return min(most, fastest), ("ScalingLimited", "True", reason, message)
    if asked < least:
        message = "the desired replica count is less than the minimum replica count"
        return least, ("ScalingLimited", "True", "TooFewReplicas", message)
    message = "the desired count is within the acceptable range"
    return asked, ("ScalingLimited", "False", "DesiredWithinRange", message)


def _by_metric(
    metric: Mapping[str, Any],
    found: Sequence[Manifest],
    cores: Mapping[str, float],
    current: int,
) -> Proposal:
    resource = metric.get("resource") or {}
    if metric["type"] != "Resource" or resource.get("name") != "cpu":
        reason = f"FailedGet{metric['type']}Metric"
        raise MetricError(
            reason,
            "the HPA was unable to compute the replica count: the local cluster measures nothing"
            " but the CPU of pods",
        )
    used = sum(cores[pod["metadata"]["uid"]] for pod in found)
    target, average = resource["target"], used / len(found)
    now: dict[str, Any] = {"averageValue": f"{round(average * 1000)}m"}
    if target["type"] == "Utilization":
        requested = sum(map(_requested, found))
        share = used / requested
        ratio = share * 100 / target["averageUtilization"]
        now["averageUtilization"] = round(share * 100)
        name = "cpu resource utilization (percentage of request)"
    else:
        ratio = average / float(quantities.parse(target["averageValue"]))
        name = "cpu resource"
    close = abs(ratio - 1) <= _TOLERANCE
    wanted = current if close else ceil(ratio * len(found))
    shown = {"type": "Resource", "resource": {"name": "cpu", "current": now}}
    return Proposal(replicas=wanted, metrics=(shown,), name=name)


def _ready_before(pod: Manifest, since: datetime) -> bool:
    ready = pods.condition(pod, "Ready")
    if ready is None or ready["status"] != "True":
        return False
    return times.parse(ready["lastTransitionTime"]) <= since


def _requested(pod: Manifest) -> float:
    requested = 0.0
    for each in pod["spec"]["containers"]:
        cpu = ((each.get("resources") or {}).get("requests") or {}).get("cpu")
        if cpu is None:
            name = pod["metadata"]["name"]
            raise MetricError(
                "FailedGetResourceMetric",
                "the HPA was unable to compute the replica count: failed to get cpu utilization:"
                f" missing request for cpu in container {each['name']} of Pod {name}",
            )
        requested += float(quantities.parse(cpu))
    return requested
