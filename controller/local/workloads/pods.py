"""What controllers ask about a pod, and how they make one."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from controller.local.workloads import times
from controller.local.workloads.cluster import owner_reference
from controller.objects import Manifest

PORTS = "local.roster.dev/ports"
"""Annotation: real ports of a pod whose own are taken, as `8080=41234,…`. The kubelet writes it."""


def condition(pod: Manifest, kind: str) -> Mapping[str, Any] | None:
    """Give a condition of the pod's status."""
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return next((each for each in conditions if each["type"] == kind), None)


def phase(pod: Manifest) -> str:
    """Give the phase, Pending where the status has none."""
    return str((pod.get("status") or {}).get("phase") or "Pending")


def is_finished(pod: Manifest) -> bool:
    """Whether the pod ran to its end."""
    return phase(pod) in {"Succeeded", "Failed"}


def is_terminating(pod: Manifest) -> bool:
    """Whether somebody deleted the pod."""
    return bool(pod["metadata"].get("deletionTimestamp"))


def is_active(pod: Manifest) -> bool:
    """Whether the pod counts as a replica."""
    return not is_finished(pod) and not is_terminating(pod)


def is_ready(pod: Manifest) -> bool:
    """Whether the pod may be given requests."""
    found = condition(pod, "Ready")
    return found is not None and found["status"] == "True"


def available_in_s(pod: Manifest, min_ready_s: int, now: datetime) -> float | None:
    """Give the seconds until the pod counts as available: 0 if it does, None if it is not ready."""
    found = condition(pod, "Ready")
    if found is None or found["status"] != "True":
        return None
    since = times.parse(found["lastTransitionTime"])
    return max(0.0, (since + timedelta(seconds=min_ready_s) - now).total_seconds())


def from_template(owner: Manifest, template: Manifest, **metadata: Any) -> dict[str, Any]:
    """Give a pod of a workload's template, controlled by that workload."""
    given = template.get("metadata") or {}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "namespace": owner["metadata"]["namespace"],
            **{name: given[name] for name in ("labels", "annotations") if given.get(name)},
            "ownerReferences": [owner_reference(owner)],
            **metadata,
        },
        "spec": dict(template["spec"]),
    }


def real_port(pod: Manifest, port: int) -> int:
    """Give the port on which a container port of the pod is really reached."""
    text = (pod["metadata"].get("annotations") or {}).get(PORTS, "")
    pairs = (pair.partition("=") for pair in text.split(",") if pair)
    return {int(known): int(real) for known, _, real in pairs}.get(port, port)
