"""The same object in another version of its API: what is stored, and what a client sees.

Objects are stored in the version in which they were written last. Custom resources change their
`apiVersion` only (conversion strategy None). Of the built-in kinds two have a second version:
events (also served as events.k8s.io/v1) and autoscalers (autoscaling/v1).
"""

from collections.abc import Callable
from typing import Any

from controller.local.apiserver.resources import Resource
from controller.local.apiserver.storage import Object


def view(value: Object, resource: Resource) -> Object:
    """Give a stored object as a version of its resource shows it."""
    if value["apiVersion"] == resource.api_version:
        return value
    step = _STEPS.get((value["apiVersion"], resource.api_version, resource.kind))
    made = step(dict(value)) if step else value
    return {**made, "apiVersion": resource.api_version}


def to_storage(value: Object, resource: Resource) -> Object:
    """Give an object as it is stored: built-in kinds in their preferred version."""
    step = _STEPS.get((resource.api_version, "", resource.kind))
    return step(dict(value)) if step else value


def _renamed(value: Object, names: dict[str, str]) -> Object:
    return {names.get(name, name): part for name, part in value.items()}


_EVENT_NAMES = {
    "involvedObject": "regarding",
    "message": "note",
    "source": "deprecatedSource",
    "firstTimestamp": "deprecatedFirstTimestamp",
    "lastTimestamp": "deprecatedLastTimestamp",
    "count": "deprecatedCount",
    "reportingComponent": "reportingController",
}


def _event_to_new(value: Object) -> Object:
    return _renamed(value, _EVENT_NAMES)


def _event_to_core(value: Object) -> Object:
    made = _renamed(value, {new: old for old, new in _EVENT_NAMES.items()})
    absent: Object = {
        "source": {},
        "firstTimestamp": None,
        "lastTimestamp": None,
        "involvedObject": {},
    }
    return {**absent, **made, "apiVersion": "v1"}


def _cpu_target(metrics: list[dict[str, Any]]) -> int | None:
    for metric in metrics:
        resource = metric.get("resource", {})
        if metric.get("type") == "Resource" and resource.get("name") == "cpu":
            target: int | None = resource.get("target", {}).get("averageUtilization")
            return target
    return None


def _autoscaler_to_old(value: Object) -> Object:
    spec = {n: p for n, p in value["spec"].items() if n not in {"metrics", "behavior"}}
    target = _cpu_target(value["spec"].get("metrics", []))
    if target is not None:
        spec["targetCPUUtilizationPercentage"] = target
    status = {name: value["status"].get(name, 0) for name in ("currentReplicas", "desiredReplicas")}
    return {**value, "spec": spec, "status": status}


def _autoscaler_to_new(value: Object) -> Object:
    spec = dict(value["spec"])
    percent = spec.pop("targetCPUUtilizationPercentage", 80)
    target = {"type": "Utilization", "averageUtilization": percent}
    spec.setdefault(
        "metrics", [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]
    )
    status = {"desiredReplicas": 0, "currentMetrics": None, **value.get("status", {})}
    return {**value, "apiVersion": "autoscaling/v2", "spec": spec, "status": status}


_STEPS: dict[tuple[str, str, str], Callable[[Object], Object]] = {
    ("v1", "events.k8s.io/v1", "Event"): _event_to_new,
    ("events.k8s.io/v1", "", "Event"): _event_to_core,
    ("autoscaling/v2", "autoscaling/v1", "HorizontalPodAutoscaler"): _autoscaler_to_old,
    ("autoscaling/v1", "", "HorizontalPodAutoscaler"): _autoscaler_to_new,
}
