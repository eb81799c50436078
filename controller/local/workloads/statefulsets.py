"""StatefulSets: pods with ordinals, made, updated and removed in order.

Restates `pkg/controller/statefulset/stateful_set_control.go` of Kubernetes. Volume claims become
folders of the local cluster that outlive their pods; there are no PersistentVolumes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from controller.local.workloads import pods, templates, times
from controller.local.workloads.cluster import Cluster, owner_reference
from controller.local.workloads.informers import Key
from controller.objects import Manifest

_COMPONENT = "statefulset-controller"
_SETS = "statefulsets.apps"
_REVISIONS = "controllerrevisions.apps"
_REVISION = "controller-revision-hash"


@dataclass(frozen=True, slots=True)
class Step:
    """What to do next: ordinals to make, pods to delete."""

    create: Sequence[int] = ()
    delete: Sequence[Manifest] = ()


class StatefulSets:
    """The controller."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    async def visit(self, key: Key) -> float | None:
        """Bring one StatefulSet a step further."""
        found = self._cluster[_SETS].get(key)
        if found is None or pods.is_terminating(found):
            return None
        revisions = await self._revisions(found)
        mine = self._cluster["pods"].owned_by(found["metadata"]["uid"])
        now = times.now()
        update = revisions[-1]["metadata"]["name"]
        step = next_step(found, mine, update, now)
        for pod in step.delete:
            await self._cluster.delete("pods", pod)
            self._tell(found, "SuccessfulDelete", "delete", pod["metadata"]["name"])
        for ordinal in step.create:
            await self._create(found, ordinal, revisions)
        await self._write_status(found, update, now)
        min_ready_s = found["spec"].get("minReadySeconds", 0)
        waits = (pods.available_in_s(pod, min_ready_s, now) for pod in mine)
        return min((wait for wait in waits if wait), default=None)

    async def _revisions(self, found: Manifest) -> list[Manifest]:
        """Give the set's recorded templates, the present one last, after recording it."""
        owned = self._cluster[_REVISIONS].owned_by(found["metadata"]["uid"])
        known = sorted(owned, key=lambda each: int(each["revision"]))
        data = {"spec": {"template": {**found["spec"]["template"], "$patch": "replace"}}}
        latest = int(known[-1]["revision"]) if known else 0
        same = next((each for each in known if each["data"] == data), None)
        if same is None:
            body = _revision(found, data, latest + 1)
            return [*known, await self._cluster.create(_REVISIONS, body)]
        if same is not known[-1]:  # a rollback
            same = await self._cluster.update(_REVISIONS, {**same, "revision": latest + 1})
        others = [each for each in known if each["metadata"]["name"] != same["metadata"]["name"]]
        return [*await self._without_surplus(found, others), same]

    async def _without_surplus(
        self, found: Manifest, old: Sequence[Manifest]
    ) -> Sequence[Manifest]:
        status = found.get("status") or {}
        kept = found["spec"].get("revisionHistoryLimit", 10)
        unused = [e for e in old if e["metadata"]["name"] != status.get("currentRevision")]
        surplus = unused[: max(0, len(unused) - kept)]
        for each in surplus:
            await self._cluster.delete(_REVISIONS, each)
        return [each for each in old if each not in surplus]

    async def _create(self, found: Manifest, ordinal: int, revisions: Sequence[Manifest]) -> None:
        current = (found.get("status") or {}).get("currentRevision")
        is_old = _keeps_current(found, ordinal)
        by_name = {each["metadata"]["name"]: each for each in revisions}
        chosen = by_name.get(current or "", revisions[-1]) if is_old else revisions[-1]
        pod = pod_of(found, ordinal, chosen)
        await self._cluster.create("pods", pod)
        self._tell(found, "SuccessfulCreate", "create", pod["metadata"]["name"])

    async def _write_status(self, found: Manifest, update: str, now: datetime) -> None:
        mine = self._cluster["pods"].owned_by(found["metadata"]["uid"])
        status = status_of(found, mine, update, now)
        if status != found.get("status"):
            await self._cluster.update_status(_SETS, {**found, "status": status})

    def _tell(self, found: Manifest, reason: str, verb: str, pod: str) -> None:
        name = found["metadata"]["name"]
        message = f"{verb} Pod {pod} in StatefulSet {name} successful"
        self._cluster.recorder.record(found, reason, message, component=_COMPONENT)


def next_step(
    found: Manifest, mine: Sequence[Manifest], update_revision: str, now: datetime
) -> Step:
    """Decide what to do next; nothing while something has to be waited for."""
    wanted = _ordinals(found)
    by_ordinal = {_ordinal(pod): pod for pod in mine}
    is_ordered = found["spec"].get("podManagementPolicy", "OrderedReady") == "OrderedReady"
    missing = [ordinal for ordinal in wanted if ordinal not in by_ordinal]
    over = [by_ordinal[each] for each in wanted if each in by_ordinal]
    finished = [pod for pod in over if pods.is_finished(pod) and not pods.is_terminating(pod)]
    if is_ordered:
        first = _first_unsettled(found, wanted, by_ordinal, now)
        if first is not None:
            return _settle(first, by_ordinal.get(first))
    elif missing or finished:
        return Step(create=missing, delete=finished)
    condemned = [pod for ordinal, pod in sorted(by_ordinal.items()) if ordinal not in wanted]
    if condemned:
        return _shrink(condemned, is_ordered=is_ordered)
    return _update(found, wanted, by_ordinal, update_revision, now)


def status_of(
    found: Manifest, mine: Sequence[Manifest], update_revision: str, now: datetime
) -> dict[str, Any]:
    """Give the status of a StatefulSet with these pods."""
    before = found.get("status") or {}
    current = before.get("currentRevision") or update_revision
    min_ready_s = found["spec"].get("minReadySeconds", 0)
    living = [pod for pod in mine if not pods.is_terminating(pod)]
    ready = sum(pods.is_ready(pod) for pod in mine)
    updated = sum(_revision_of(pod) == update_revision for pod in living)
    if updated == ready == found["spec"].get("replicas", 1) == len(living):
        current = update_revision
    counts = {
        "readyReplicas": ready,
        "currentReplicas": sum(_revision_of(pod) == current for pod in living),
        "updatedReplicas": updated,
    }
    return {
        "observedGeneration": found["metadata"]["generation"],
        "replicas": len(mine),
        **{name: count for name, count in counts.items() if count},
        "availableReplicas": sum(pods.available_in_s(pod, min_ready_s, now) == 0 for pod in living),
        "currentRevision": current,
        "updateRevision": update_revision,
        "collisionCount": before.get("collisionCount", 0),
    }


def pod_of(found: Manifest, ordinal: int, revision: Manifest) -> dict[str, Any]:
    """Give the pod with an ordinal, of the template that a revision recorded."""
    template = {k: v for k, v in revision["data"]["spec"]["template"].items() if k != "$patch"}
    name = f"{found['metadata']['name']}-{ordinal}"
    pod = pods.from_template(found, template, name=name)
    pod["metadata"]["labels"] = {
        **(pod["metadata"].get("labels") or {}),
        "statefulset.kubernetes.io/pod-name": name,
        "apps.kubernetes.io/pod-index": str(ordinal),
        _REVISION: revision["metadata"]["name"],
    }
    claims = {
        claim["metadata"]["name"]: f"{claim['metadata']['name']}-{name}"
        for claim in found["spec"].get("volumeClaimTemplates") or ()
    }
    volumes = [v for v in pod["spec"].get("volumes") or () if v["name"] not in claims]
    claimed = [
        {"name": volume, "persistentVolumeClaim": {"claimName": claim}}
        for volume, claim in claims.items()
    ]
    pod["spec"] |= {"hostname": name, "subdomain": found["spec"].get("serviceName", "")}
    if volumes or claimed:
        pod["spec"]["volumes"] = [*volumes, *claimed]
    return pod


def _first_unsettled(
    found: Manifest, wanted: range, by_ordinal: Mapping[int, Manifest], now: datetime
) -> int | None:
    """Give the lowest ordinal whose pod is missing, ending, finished, or not available yet."""
    min_ready_s = found["spec"].get("minReadySeconds", 0)
    for ordinal in wanted:
        pod = by_ordinal.get(ordinal)
        if pod is None or not pods.is_active(pod):
            return ordinal
        if pods.available_in_s(pod, min_ready_s, now) != 0:
            return ordinal
    return None


def _settle(ordinal: int, pod: Manifest | None) -> Step:
    if pod is None:
        return Step(create=[ordinal])
    if pods.is_finished(pod) and not pods.is_terminating(pod):
        return Step(delete=[pod])
    return Step()


def _shrink(condemned: Sequence[Manifest], *, is_ordered: bool) -> Step:
    living = [pod for pod in condemned if not pods.is_terminating(pod)]
    if not is_ordered:
        return Step(delete=living)
    return Step(delete=living[-1:]) if len(living) == len(condemned) else Step()


def _update(
    found: Manifest,
    wanted: range,
    by_ordinal: Mapping[int, Manifest],
    update_revision: str,
    now: datetime,
) -> Step:
    """Replace the highest pod of an old template, one at a time."""
    strategy = found["spec"].get("updateStrategy") or {}
    if strategy.get("type") == "OnDelete":
        return Step()
    first = wanted.start + (strategy.get("rollingUpdate") or {}).get("partition", 0)
    min_ready_s = found["spec"].get("minReadySeconds", 0)
    for ordinal in reversed(wanted):
        pod = by_ordinal[ordinal]
        if ordinal < first or pods.is_terminating(pod):
            return Step()
        if _revision_of(pod) != update_revision:
            return Step(delete=[pod])
        if pods.available_in_s(pod, min_ready_s, now) != 0:
            return Step()
    return Step()


def _keeps_current(found: Manifest, ordinal: int) -> bool:
    """Whether a pod that is made anew in the middle of an update gets the old template."""
    strategy = found["spec"].get("updateStrategy") or {}
    start = _ordinals(found).start
    partition = int((strategy.get("rollingUpdate") or {}).get("partition", 0))
    kept = partition or int((found.get("status") or {}).get("currentReplicas", 0))
    return ordinal < start + kept


def _ordinals(found: Manifest) -> range:
    start = (found["spec"].get("ordinals") or {}).get("start", 0)
    return range(start, start + found["spec"].get("replicas", 1))


def _ordinal(pod: Manifest) -> int:
    return int(pod["metadata"]["name"].rpartition("-")[2])


def _revision_of(pod: Manifest) -> str:
    return str((pod["metadata"].get("labels") or {}).get(_REVISION, ""))


def _revision(found: Manifest, data: Mapping[str, Any], number: int) -> dict[str, Any]:
    name = found["metadata"]["name"]
    labels = (found["spec"]["template"].get("metadata") or {}).get("labels") or {}
    digest = templates.template_hash(data)
    return {
        "apiVersion": "apps/v1",
        "kind": "ControllerRevision",
        "metadata": {
            "name": f"{name}-{digest}",
            "namespace": found["metadata"]["namespace"],
            "labels": {**labels, "controller.kubernetes.io/hash": digest},
            "ownerReferences": [owner_reference(found)],
        },
        "data": data,
        "revision": number,
    }
