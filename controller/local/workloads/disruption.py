"""PodDisruptionBudgets: how many of a budget's pods may be taken away at this moment.

Restates `pkg/controller/disruption/disruption.go` of Kubernetes, but for evictions that are under
way: there is one node here, and nobody drains it.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from fractions import Fraction
from math import ceil
from typing import Any

from controller.local.workloads import pods, times
from controller.local.workloads.cluster import Cluster, matches
from controller.local.workloads.informers import Key, controller_of, key_of
from controller.objects import Manifest

RESOURCE = "poddisruptionbudgets.policy"
_SCALED = {
    "ReplicaSet": "replicasets.apps",
    "Deployment": "deployments.apps",
    "StatefulSet": "statefulsets.apps",
}


class Budgets:
    """The controller."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def budgets_of(self, pod: Manifest) -> Iterator[Key]:
        """Give the budgets that count a pod."""
        for budget in self._cluster[RESOURCE].objects(pod["metadata"]["namespace"]):
            if _selects(budget, pod):
                yield key_of(budget)

    async def visit(self, key: Key) -> float | None:
        """Count the pods of one budget."""
        budget = self._cluster[RESOURCE].get(key)
        if budget is None or pods.is_terminating(budget):
            return None
        found = [
            pod
            for pod in self._cluster["pods"].objects(key[0])
            if _selects(budget, pod) and not pods.is_finished(pod)
        ]
        status = status_of(budget, found, self._scale(found), times.now())
        if status != budget.get("status"):
            await self._cluster.update_status(RESOURCE, {**budget, "status": status})
        return None

    def _scale(self, found: Sequence[Manifest]) -> int:
        """Give how many pods the workloads of these pods want to have."""
        owners = {}
        for pod in found:
            owner = self._owner(pod)
            owners[(owner or pod)["metadata"]["uid"]] = owner
        wanted = (owner["spec"].get("replicas", 1) if owner else 1 for owner in owners.values())
        return sum(wanted)

    def _owner(self, each: Manifest) -> Manifest | None:
        """Give the uppermost workload that an object belongs to."""
        reference = controller_of(each)
        if reference is None or reference["kind"] not in _SCALED:
            return None
        informer = self._cluster[_SCALED[reference["kind"]]]
        found = informer.get((each["metadata"]["namespace"], reference["name"]))
        return (self._owner(found) or found) if found else None


def status_of(
    budget: Manifest, found: Sequence[Manifest], scale: int, now: datetime
) -> dict[str, Any]:
    """Give the status of a budget with these pods, whose workloads want `scale` of them."""
    spec, before = budget["spec"], budget.get("status") or {}
    expected, desired = _wanted(spec, len(found), scale)
    healthy = sum(pods.is_ready(pod) and not pods.is_terminating(pod) for pod in found)
    allowed = max(0, healthy - desired) if expected else 0
    return {
        "conditions": [_condition(before, now, is_allowed=allowed > 0)],
        "currentHealthy": healthy,
        "desiredHealthy": desired,
        "disruptionsAllowed": allowed,
        "expectedPods": expected,
        "observedGeneration": budget["metadata"]["generation"],
    }


def _wanted(spec: Manifest, count: int, scale: int) -> tuple[int, int]:
    """Give how many pods there should be, and how many of them healthy."""
    most_missing, least = spec.get("maxUnavailable"), spec.get("minAvailable")
    if most_missing is not None:
        return scale, max(0, scale - _share(most_missing, scale))
    if isinstance(least, str):
        return scale, _share(least, scale)
    return count, int(least or 0)


def _share(value: int | str, whole: int) -> int:
    if isinstance(value, int):
        return value
    return ceil(Fraction(int(value.rstrip("%")), 100) * whole)


def _condition(before: Manifest, now: datetime, *, is_allowed: bool) -> dict[str, Any]:
    state = "True" if is_allowed else "False"
    known: Manifest = next(iter(before.get("conditions") or ()), {})
    since = known.get("lastTransitionTime") if known.get("status") == state else None
    return {
        "lastTransitionTime": since or times.written(now),
        "message": "",
        "reason": "SufficientPods" if is_allowed else "InsufficientPods",
        "status": state,
        "type": "DisruptionAllowed",
    }


def _selects(budget: Manifest, pod: Manifest) -> bool:
    selector = budget["spec"].get("selector")
    # In policy/v1 an empty selector takes all pods, an absent one none.
    return selector == {} or matches(selector, pod["metadata"].get("labels") or {})
