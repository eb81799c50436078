"""ReplicaSets: as many pods as asked for, and a status that counts them.

Restates `pkg/controller/replicaset` of Kubernetes: which pods go first, what counts as available,
and the condition ReplicaFailure.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from controller.local.apiserver.errors import ApiError
from controller.local.workloads import pods, times
from controller.local.workloads.cluster import Cluster, claim
from controller.local.workloads.informers import Key, controller_of
from controller.objects import Manifest

_COMPONENT = "replicaset-controller"
_BURST = 500
"""Pods made or deleted in one visit, as in Kubernetes (`BurstReplicas`)."""
_DELETION_COST = "controller.kubernetes.io/pod-deletion-cost"


class ReplicaSets:
    """The controller."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    async def visit(self, key: Key) -> float | None:
        """Bring one ReplicaSet's pods and status to what it asks for."""
        replica_set = self._cluster["replicasets.apps"].get(key)
        if replica_set is None:
            return None
        mine = await self._pods_of(replica_set)
        failure = None
        if not pods.is_terminating(replica_set):
            failure = await self._scale(replica_set, [pod for pod in mine if pods.is_active(pod)])
        return await self._write_status(key, failure)

    async def _pods_of(self, replica_set: Manifest) -> list[Manifest]:
        informer = self._cluster["pods"]
        orphans = [
            pod
            for pod in informer.objects(replica_set["metadata"]["namespace"])
            if controller_of(pod) is None and pods.is_active(pod)
        ]
        owned = informer.owned_by(replica_set["metadata"]["uid"])
        return await claim(self._cluster, "pods", replica_set, [*owned, *orphans])

    async def _scale(self, replica_set: Manifest, active: Sequence[Manifest]) -> str | None:
        missing = replica_set["spec"].get("replicas", 1) - len(active)
        if missing > 0:
            return await self._add(replica_set, min(missing, _BURST))
        surplus = sorted(active, key=_keeping)[: min(-missing, _BURST)]
        await asyncio.gather(*(self._remove(replica_set, pod) for pod in surplus))
        return None

    async def _add(self, replica_set: Manifest, count: int) -> str | None:
        made = await asyncio.gather(
            *(self._create(replica_set) for _ in range(count)), return_exceptions=True
        )
        for failure in made:
            if isinstance(failure, ApiError):
                return str(failure)
            if isinstance(failure, BaseException):
                raise failure
        return None

    async def _create(self, replica_set: Manifest) -> None:
        prefix = replica_set["metadata"]["name"] + "-"
        template = replica_set["spec"]["template"]
        try:
            pod = await self._cluster.create(
                "pods", pods.from_template(replica_set, template, generateName=prefix)
            )
        except ApiError as error:
            self._tell(replica_set, "FailedCreate", f"Error creating: {error}", kind="Warning")
            raise
        self._tell(replica_set, "SuccessfulCreate", f"Created pod: {pod['metadata']['name']}")

    async def _remove(self, replica_set: Manifest, pod: Manifest) -> None:
        await self._cluster.delete("pods", pod)
        self._tell(replica_set, "SuccessfulDelete", f"Deleted pod: {pod['metadata']['name']}")

    def _tell(self, about: Manifest, reason: str, message: str, *, kind: str = "Normal") -> None:
        self._cluster.recorder.record(about, reason, message, component=_COMPONENT, kind=kind)

    async def _write_status(self, key: Key, failure: str | None) -> float | None:
        replica_set = self._cluster["replicasets.apps"].get(key)
        if replica_set is None:
            return None
        mine = self._cluster["pods"].owned_by(replica_set["metadata"]["uid"])
        now = times.now()
        status = status_of(replica_set, mine, failure, now)
        if status != replica_set.get("status"):
            await self._cluster.update_status("replicasets.apps", {**replica_set, "status": status})
        if failure is not None:
            raise ApiError(500, "InternalError", failure)
        return _next_available_s(replica_set, mine, now)


def status_of(
    replica_set: Manifest, mine: Sequence[Manifest], failure: str | None, now: datetime
) -> dict[str, Any]:
    """Give the status of a ReplicaSet with these pods; `failure` is why pods could not be made."""
    active = [pod for pod in mine if pods.is_active(pod)]
    wanted_labels = (replica_set["spec"]["template"].get("metadata") or {}).get("labels") or {}
    min_ready_s = replica_set["spec"].get("minReadySeconds", 0)
    counts = {
        "fullyLabeledReplicas": sum(_is_labelled(pod, wanted_labels) for pod in active),
        "readyReplicas": sum(pods.is_ready(pod) for pod in active),
        "availableReplicas": sum(pods.available_in_s(pod, min_ready_s, now) == 0 for pod in active),
    }
    status: dict[str, Any] = {
        "replicas": len(active),
        **{name: count for name, count in counts.items() if count},
        "terminatingReplicas": sum(
            pods.is_terminating(pod) and not pods.is_finished(pod) for pod in mine
        ),
        "observedGeneration": replica_set["metadata"]["generation"],
    }
    if failure is not None:
        status["conditions"] = [_failure(replica_set, failure, now)]
    return status


def _failure(replica_set: Manifest, message: str, now: datetime) -> dict[str, Any]:
    known = (replica_set.get("status") or {}).get("conditions") or ()
    before = next((each for each in known if each["type"] == "ReplicaFailure"), None)
    if before:
        return dict(before)
    return {
        "type": "ReplicaFailure",
        "status": "True",
        "lastTransitionTime": times.written(now),
        "reason": "FailedCreate",
        "message": message,
    }


def _is_labelled(pod: Manifest, wanted: Manifest) -> bool:
    labels = pod["metadata"].get("labels") or {}
    return all(labels.get(key) == value for key, value in wanted.items())


def _next_available_s(
    replica_set: Manifest, mine: Sequence[Manifest], now: datetime
) -> float | None:
    min_ready_s = replica_set["spec"].get("minReadySeconds", 0)
    waits = (pods.available_in_s(pod, min_ready_s, now) for pod in mine)
    return min((wait for wait in waits if wait), default=None)


def _keeping(pod: Manifest) -> tuple[Any, ...]:
    """What is worth keeping sorts last (`ActivePodsWithRanks` in `controller_utils.go`)."""
    status = pod.get("status") or {}
    ready = pods.condition(pod, "Ready") or {}
    restarts = sum(each["restartCount"] for each in status.get("containerStatuses") or ())
    cost = (pod["metadata"].get("annotations") or {}).get(_DELETION_COST, "0")
    return (
        bool(pod["spec"].get("nodeName")),
        ("Pending", "Unknown", "Running").index(pods.phase(pod)),
        pods.is_ready(pod),
        int(cost) if cost.lstrip("-").isdigit() else 0,
        _newest_first(ready.get("lastTransitionTime")) if pods.is_ready(pod) else 0.0,
        -restarts,
        _newest_first(pod["metadata"]["creationTimestamp"]),
    )


def _newest_first(time: str | None) -> float:
    return -times.parse(time).timestamp() if time else 0.0
