"""The status of a Deployment: counts and the conditions Available, Progressing, ReplicaFailure.

Restates `calculateStatus` (`sync.go`) and `syncRolloutStatus` (`progress.go`) of Kubernetes'
deployment controller; reasons and messages are its own, because people and `kubectl rollout status`
read them.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from controller.local.workloads.deployments import rollout
from controller.local.workloads.times import parse, written
from controller.objects import Manifest

Condition = Mapping[str, Any]


def condition(status: Mapping[str, Any], kind: str) -> Condition | None:
    """Give the condition of a type."""
    return next((each for each in status.get("conditions") or () if each["type"] == kind), None)


def with_condition(  # noqa: PLR0913, PLR0917 - a condition is these, in this order everywhere
    conditions: Sequence[Condition], kind: str, state: str, reason: str, message: str, now: datetime
) -> list[Condition]:
    """Give the conditions with this one set.

    The same status and reason change nothing, not even the message or a time; the same status keeps
    the time of transition.
    """
    current = next((each for each in conditions if each["type"] == kind), None)
    if current and current["status"] == state and current["reason"] == reason:
        return list(conditions)
    time = written(now)
    kept = current["lastTransitionTime"] if current and current["status"] == state else time
    new = {
        "type": kind,
        "status": state,
        "lastUpdateTime": time,
        "lastTransitionTime": kept,
        "reason": reason,
        "message": message,
    }
    return [*(each for each in conditions if each["type"] != kind), new]


def without_condition(conditions: Sequence[Condition], kind: str) -> list[Condition]:
    """Give the conditions without those of a type."""
    return [each for each in conditions if each["type"] != kind]


def counted(
    deployment: Manifest, replica_sets: Sequence[Manifest], new: Manifest | None, now: datetime
) -> dict[str, Any]:
    """Give the status with counts, and Available; other conditions as they are."""
    available = _sum(replica_sets, "availableReplicas")
    counts = {
        "observedGeneration": deployment["metadata"]["generation"],
        "replicas": _sum(replica_sets, "replicas"),
        "updatedReplicas": rollout.reported(new, "replicas") if new else 0,
        "readyReplicas": _sum(replica_sets, "readyReplicas"),
        "availableReplicas": available,
        "unavailableReplicas": max(0, rollout.total(replica_sets) - available),
    }
    status = {name: count for name, count in counts.items() if count}
    status["terminatingReplicas"] = _sum(replica_sets, "terminatingReplicas")
    before = deployment.get("status") or {}
    if before.get("collisionCount"):
        status["collisionCount"] = before["collisionCount"]
    enough = available >= rollout.replicas(deployment) - rollout.bounds(deployment)[1]
    told = _AVAILABLE if enough else _UNAVAILABLE
    status["conditions"] = with_condition(before.get("conditions") or (), "Available", *told, now)
    return status


def progressed(
    deployment: Manifest,
    replica_sets: Sequence[Manifest],
    new: Manifest | None,
    now: datetime,
) -> dict[str, Any]:
    """Give the status during and after a rollout: counts and all conditions."""
    status = counted(deployment, replica_sets, new, now)
    conditions = status["conditions"]
    if deadline_s(deployment) is None:
        conditions = without_condition(conditions, "Progressing")
    elif not _was_complete(deployment, status):
        conditions = _with_progress(deployment, status, new, now)
    status["conditions"] = _with_failures(conditions, replica_sets, new, now)
    return status


def deadline_s(deployment: Manifest) -> int | None:
    """Give the progress deadline; None where there is none."""
    seconds = deployment["spec"].get("progressDeadlineSeconds", 600)
    return None if seconds >= 2**31 - 1 else int(seconds)


def expires_in_s(deployment: Manifest, status: Mapping[str, Any], now: datetime) -> float | None:
    """Give the seconds until the progress deadline could pass; None where it cannot."""
    limit, current = deadline_s(deployment), condition(status, "Progressing")
    if limit is None or current is None or current["reason"] in _FINAL:
        return None
    if rollout.is_complete(deployment, status):
        return None
    passed = (now - parse(current["lastUpdateTime"])).total_seconds()
    return max(0.0, limit - passed) + 1


def _was_complete(deployment: Manifest, status: Mapping[str, Any]) -> bool:
    current = condition(deployment.get("status") or {}, "Progressing")
    same = status.get("replicas") == status.get("updatedReplicas")
    return same and current is not None and current["reason"] == "NewReplicaSetAvailable"


def _with_progress(
    deployment: Manifest, status: Mapping[str, Any], new: Manifest | None, now: datetime
) -> list[Condition]:
    before = deployment.get("status") or {}
    conditions: list[Condition] = status["conditions"]
    subject = (
        f'ReplicaSet "{new["metadata"]["name"]}"'
        if new
        else f'Deployment "{deployment["metadata"]["name"]}"'
    )
    if rollout.is_complete(deployment, status):
        told = ("True", "NewReplicaSetAvailable", f"{subject} has successfully progressed.")
        return with_condition(conditions, "Progressing", *told, now)
    if _is_progressing(before, status):
        return _refreshed(conditions, f"{subject} is progressing.", now)
    if _is_timed_out(deployment, before, now):
        told = ("False", "ProgressDeadlineExceeded", f"{subject} has timed out progressing.")
        return with_condition(conditions, "Progressing", *told, now)
    return conditions


def _refreshed(conditions: list[Condition], message: str, now: datetime) -> list[Condition]:
    """Set Progressing anew, also where it says the same: the deadline runs from its time."""
    current = next((each for each in conditions if each["type"] == "Progressing"), None)
    others = without_condition(conditions, "Progressing")
    set_now = with_condition(others, "Progressing", "True", "ReplicaSetUpdated", message, now)
    if current and current["status"] == "True":
        kept = current["lastTransitionTime"]
        set_now[-1] = {**set_now[-1], "lastTransitionTime": kept}
    return set_now


def _is_progressing(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    def count(status: Mapping[str, Any], field: str) -> int:
        return int(status.get(field) or 0)

    def old(status: Mapping[str, Any]) -> int:
        return count(status, "replicas") - count(status, "updatedReplicas")

    grown = ("updatedReplicas", "readyReplicas", "availableReplicas")
    return old(after) < old(before) or any(count(after, f) > count(before, f) for f in grown)


def _is_timed_out(deployment: Manifest, before: Mapping[str, Any], now: datetime) -> bool:
    limit, current = deadline_s(deployment), condition(before, "Progressing")
    if limit is None or current is None or current["reason"] == "NewReplicaSetAvailable":
        return False
    if current["reason"] == "ProgressDeadlineExceeded":
        return True
    return parse(current["lastUpdateTime"]) + timedelta(seconds=limit) < now


def _with_failures(
    conditions: list[Condition],
    replica_sets: Sequence[Manifest],
    new: Manifest | None,
    now: datetime,
) -> list[Condition]:
    ordered = ([new] if new else []) + [each for each in replica_sets if each is not new]
    failures = (condition(each.get("status") or {}, "ReplicaFailure") for each in ordered)
    failure = next((each for each in failures if each), None)
    if failure is None:
        return without_condition(conditions, "ReplicaFailure")
    told = (failure["status"], failure["reason"], failure["message"])
    return with_condition(conditions, "ReplicaFailure", *told, now)


def _sum(replica_sets: Sequence[Manifest], field: str) -> int:
    return sum(rollout.reported(each, field) for each in replica_sets)


_AVAILABLE = ("True", "MinimumReplicasAvailable", "Deployment has minimum availability.")
_UNAVAILABLE = (
    "False",
    "MinimumReplicasUnavailable",
    "Deployment does not have minimum availability.",
)
_FINAL = {"NewReplicaSetAvailable", "ProgressDeadlineExceeded"}
