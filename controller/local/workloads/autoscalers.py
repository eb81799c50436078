"""HorizontalPodAutoscalers: replicas by CPU, measured on the pods' processes.

Restates `pkg/controller/podautoscaler/horizontal.go` of Kubernetes for what a machine without a
metrics server can measure: CPU, as a share of what pods request or per pod. Other metrics are
reported as not to be had, in its words.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from controller.local.workloads import pods, scaling, times
from controller.local.workloads.cluster import Cluster, matches
from controller.local.workloads.informers import Key
from controller.local.workloads.scaling import Told
from controller.objects import Manifest

CpuSeconds: TypeAlias = Callable[[], Mapping[str, float]]
"""Gives the CPU time that each pod has taken so far, by its uid."""

RESOURCE = "horizontalpodautoscalers.autoscaling"
_TARGETS = {"Deployment": "deployments.apps", "StatefulSet": "statefulsets.apps"}
_COMPONENT = "horizontal-pod-autoscaler"
_PERIOD_S = 15.0
_FIRST_PERIOD_S = 2.0
"""Until the first measurement, which takes two looks."""
_CALM_S = 300.0
"""How long a lower number must have been enough before replicas are taken away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Measured:
    """The pods that were measured, and what each of them used, by its uid."""

    pods: Sequence[Manifest]
    cores: Mapping[str, float]


class Autoscalers:
    """The controller."""

    def __init__(self, cluster: Cluster, cpu_seconds: CpuSeconds) -> None:
        self._cluster = cluster
        self._cpu_seconds = cpu_seconds
        self._before: dict[Key, tuple[datetime, Mapping[str, float]]] = {}
        self._asked: dict[Key, list[tuple[datetime, int]]] = {}

    async def visit(self, key: Key) -> float | None:
        """Look at one autoscaler's target, and scale it."""
        scaler = self._cluster[RESOURCE].get(key)
        if scaler is None or pods.is_terminating(scaler):
            self._before.pop(key, None)
            self._asked.pop(key, None)
            return None
        now = times.now()
        target = self._target(scaler)
        if target is None:
            await self._write(scaler, _without_target(scaler, now))
            return _PERIOD_S
        since, cores = self._cores(key, now)
        found = scaling.measured(self._pods(target), cores, since)
        if not found and target["spec"].get("replicas", 1):
            await self._write(scaler, _without_measure(scaler, target, now))
            return _FIRST_PERIOD_S
        await self._scale(key, scaler, target, _Measured(pods=found, cores=cores), now)
        return _PERIOD_S

    def _target(self, scaler: Manifest) -> Manifest | None:
        reference = scaler["spec"]["scaleTargetRef"]
        resource = _TARGETS.get(reference["kind"])
        place = (scaler["metadata"]["namespace"], reference["name"])
        return self._cluster[resource].get(place) if resource else None

    def _cores(self, key: Key, now: datetime) -> tuple[datetime, Mapping[str, float]]:
        """Give the time of the last look, and the CPU that each pod has used since then."""
        taken = self._cpu_seconds()
        since, before = self._before.get(key, (now, {}))
        self._before[key] = (now, taken)
        passed_s = max((now - since).total_seconds(), 0.001)
        return since, {
            uid: max(0.0, seconds - before[uid]) / passed_s
            for uid, seconds in taken.items()
            if uid in before
        }

    async def _scale(
        self,
        key: Key,
        scaler: Manifest,
        target: Manifest,
        measured: _Measured,
        now: datetime,
    ) -> None:
        current = int(target["spec"].get("replicas", 1))
        if current == 0:
            await self._write(scaler, _disabled(scaler, target, now))
            return
        try:
            proposal = scaling.propose(scaler, measured.pods, measured.cores, current)
        except scaling.MetricError as error:
            await self._write(scaler, _without_metric(scaler, target, error, now))
            return
        calm = self._calmed(key, scaler, proposal.replicas, now)
        wanted, limited = scaling.bounded(scaler, current, calm)
        if wanted != current:
            await self._resize(scaler, target, wanted, proposal.name)
        conditions = [
            _able(current, wanted, proposal.replicas, calm),
            (
                "ScalingActive",
                "True",
                "ValidMetricFound",
                f"the HPA was able to successfully calculate a replica count from {proposal.name}",
            ),
            limited,
        ]
        status = _status(scaler, target, conditions, now)
        status |= {"desiredReplicas": wanted, "currentMetrics": list(proposal.metrics)}
        if wanted != current:
            status["lastScaleTime"] = times.written(now)
        await self._write(scaler, status)

    def _pods(self, target: Manifest) -> list[Manifest]:
        return [
            pod
            for pod in self._cluster["pods"].objects(target["metadata"]["namespace"])
            if pods.is_active(pod)
            and matches(target["spec"].get("selector"), pod["metadata"].get("labels") or {})
        ]

    def _calmed(self, key: Key, scaler: Manifest, asked: int, now: datetime) -> int:
        """Give the highest number of the last minutes: replicas go only when all of them agree."""
        rules = (scaler["spec"].get("behavior") or {}).get("scaleDown") or {}
        window_s = rules.get("stabilizationWindowSeconds", _CALM_S)
        recent = [
            (when, number)
            for when, number in self._asked.get(key, ())
            if (now - when).total_seconds() < window_s
        ]
        self._asked[key] = [*recent, (now, asked)]
        return max(number for _, number in self._asked[key])

    async def _resize(self, scaler: Manifest, target: Manifest, wanted: int, metric: str) -> None:
        before = target["spec"].get("replicas", 1)
        resource = _TARGETS[scaler["spec"]["scaleTargetRef"]["kind"]]
        spec = {**target["spec"], "replicas": wanted}
        await self._cluster.update(resource, {**target, "spec": spec})
        cause = f"{metric} above target" if wanted > before else "All metrics below target"
        self._cluster.recorder.record(
            scaler, "SuccessfulRescale", f"New size: {wanted}; reason: {cause}",
            component=_COMPONENT,
        )  # fmt: skip

    async def _write(self, scaler: Manifest, status: Mapping[str, Any]) -> None:
        if status != scaler.get("status"):
            await self._cluster.update_status(RESOURCE, {**scaler, "status": status})


def _able(current: int, wanted: int, asked: int, calm: int) -> Told:
    if wanted != current:
        message = f"the HPA controller was able to update the target scale to {wanted}"
        return ("AbleToScale", "True", "SucceededRescale", message)
    if calm > asked:
        message = (
            "recent recommendations were higher than current one, applying the highest recent"
            " recommendation"
        )
        return ("AbleToScale", "True", "ScaleDownStabilized", message)
    message = "recommended size matches current size"
    return ("AbleToScale", "True", "ReadyForNewScale", message)


_FOUND = (
    "AbleToScale",
    "True",
    "SucceededGetScale",
    "the HPA controller was able to get the target's current scale",
)


def _without_measure(scaler: Manifest, target: Manifest, now: datetime) -> dict[str, Any]:
    return _status(scaler, target, [_FOUND], now)


def _without_metric(
    scaler: Manifest, target: Manifest, error: scaling.MetricError, now: datetime
) -> dict[str, Any]:
    return _status(
        scaler, target, [_FOUND, ("ScalingActive", "False", error.reason, str(error))], now
    )


def _disabled(scaler: Manifest, target: Manifest, now: datetime) -> dict[str, Any]:
    message = "scaling is disabled since the replica count of the target is zero"
    return _status(
        scaler, target, [_FOUND, ("ScalingActive", "False", "ScalingDisabled", message)], now
    )


def _without_target(scaler: Manifest, now: datetime) -> dict[str, Any]:
    reference = scaler["spec"]["scaleTargetRef"]
    message = (
        "the HPA controller was unable to get the target's current scale:"
        f' {reference["kind"]} "{reference["name"]}" not found'
    )
    return _status(scaler, None, [("AbleToScale", "False", "FailedGetScale", message)], now)


def _status(
    scaler: Manifest,
    target: Manifest | None,
    conditions: Sequence[Told],
    now: datetime,
) -> dict[str, Any]:
    before = dict(scaler.get("status") or {})
    known = {each["type"]: each for each in before.get("conditions") or ()}
    for kind, state, reason, message in conditions:
        was = known.get(kind) or {}
        since = was.get("lastTransitionTime") if was.get("status") == state else None
        known[kind] = {
            "type": kind,
            "status": state,
            "lastTransitionTime": since or times.written(now),
            "reason": reason,
            "message": message,
        }
    current = ((target.get("status") or {}).get("replicas", 0)) if target else 0
    before.setdefault("desiredReplicas", current)
    return {
        **before,
        "observedGeneration": scaler["metadata"].get("generation", 1),
        "currentReplicas": current,
        "conditions": list(known.values()),
    }
