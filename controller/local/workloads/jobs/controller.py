"""Jobs: pods that run to their end, until enough succeeded or too many failed.

Restates `pkg/controller/job/job_controller.go` of Kubernetes. Pods carry the finalizer of job
tracking, so that none is gone before it is counted: ends are noted in the status first
(`uncountedTerminatedPods`), then the finalizers go, then the counts rise.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from controller.local.workloads import pods, templates, times
from controller.local.workloads.cluster import Cluster
from controller.local.workloads.informers import Key, controller_of
from controller.local.workloads.jobs import indexes, outcome, pace
from controller.local.workloads.jobs.outcome import Verdict
from controller.objects import Manifest

_COMPONENT = "job-controller"
_JOBS = "jobs.batch"
_TRACKING = "batch.kubernetes.io/job-tracking"


class Jobs:
    """The controller."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    async def visit(self, key: Key) -> float | None:
        """Bring one Job a step further."""
        job = self._cluster[_JOBS].get(key)
        if job is None or pods.is_terminating(job):
            await self._release(job)
            return None
        if ended := outcome.final_condition(job):
            await self._count(job)
            return await self._expire(job, ended)
        job = await self._count(job)
        while self._uncounted(job):  # a pod may end while another is being counted
            job = await self._count(job)
        mine = self._cluster["pods"].owned_by(job["metadata"]["uid"])
        active = [pod for pod in mine if pods.is_active(pod)]
        now = times.now()
        verdict = outcome.verdict_of(job, active, now)
        if verdict is None and not job["spec"].get("suspend"):
            await self._scale(job, mine, active, now)
        else:
            await asyncio.gather(*(self._cluster.delete("pods", pod) for pod in active))
        await self._write_status(job, verdict, now)
        return pace.look_again_s(job, mine, now)

    async def release(self, key: Key) -> None:
        """Let a pod go whose Job is gone, and with it whoever would count it (`syncOrphanPod`)."""
        pod = self._cluster["pods"].get(key)
        owner = controller_of(pod) if pod is not None else None
        if pod is None or owner is None or not is_tracked(pod):
            return
        job = await self._cluster.store.get(_JOBS, key[0], owner["name"])
        if job is None or job["metadata"]["uid"] != owner["uid"]:
            await self._untrack(pod)

    async def _release(self, job: Manifest | None) -> None:
        """Let the pods of a job that is being deleted go."""
        if job is not None:
            for pod in self._cluster["pods"].owned_by(job["metadata"]["uid"]):
                await self._untrack(pod)

    async def _expire(self, job: Manifest, ended: Mapping[str, Any]) -> float | None:
        ttl_s = job["spec"].get("ttlSecondsAfterFinished")
        if ttl_s is None:
            return None
        passed = (times.now() - times.parse(ended["lastTransitionTime"])).total_seconds()
        if passed < ttl_s:
            return float(ttl_s - passed)
        await self._cluster.delete(_JOBS, job)
        return None

    async def _count(self, job: Manifest) -> Manifest:
        """Count pods that ended, and give the job with the counts."""
        ended = self._uncounted(job)
        noted = outcome.noted(job, ended)
        if noted is None:
            return job
        if noted != job.get("status"):
            job = await self._cluster.update_status(_JOBS, {**job, "status": noted})
        await asyncio.gather(*(self._untrack(pod) for pod in ended))
        counted = outcome.counted(job)
        return await self._cluster.update_status(_JOBS, {**job, "status": counted})

    def _uncounted(self, job: Manifest) -> list[Manifest]:
        mine = self._cluster["pods"].owned_by(job["metadata"]["uid"])
        return [pod for pod in mine if pods.is_finished(pod) and is_tracked(pod)]

    async def _untrack(self, pod: Manifest) -> None:
        if not is_tracked(pod):
            return
        left = [each for each in pod["metadata"]["finalizers"] if each != _TRACKING]
        metadata = {**pod["metadata"], "finalizers": left}
        await self._cluster.update("pods", {**pod, "metadata": metadata})

    async def _scale(
        self, job: Manifest, mine: Sequence[Manifest], active: Sequence[Manifest], now: datetime
    ) -> None:
        surplus = pace.surplus(job, active)
        if surplus:
            # The next visit makes what is missing then, as the real controller does it.
            await asyncio.gather(*(self._cluster.delete("pods", pod) for pod in surplus))
            return
        missing = pace.missing(job, mine, active)
        if not indexes.is_indexed(job):
            if missing and not pace.backoff_s(job, mine, now):
                await asyncio.gather(*(self._create(job) for _ in range(missing)))
            return
        chosen = pace.indexes_to_start(job, mine, missing, now)
        await asyncio.gather(*(self._create(job, each) for each in chosen))

    async def _create(self, job: Manifest, start: pace.Start | None = None) -> None:
        name, uid = job["metadata"]["name"], job["metadata"]["uid"]
        stem = f"{name}-" if start is None else indexes.stem(name, start.index)
        body = pods.from_template(
            job,
            job["spec"]["template"],
            name=f"{stem}{templates.suffix()}",
            finalizers=[_TRACKING],
        )
        tracked = {
            "batch.kubernetes.io/controller-uid": uid,
            "batch.kubernetes.io/job-name": name,
            "controller-uid": uid,
            "job-name": name,
        }
        body["metadata"]["labels"] = {**(body["metadata"].get("labels") or {}), **tracked}
        if start is not None:
            body = indexes.mark(body, job, start.index, start.failures)
        pod = await self._cluster.create("pods", body)
        self._tell(job, "SuccessfulCreate", f"Created pod: {pod['metadata']['name']}")

    async def _write_status(self, job: Manifest, verdict: Verdict | None, now: datetime) -> None:
        mine = self._cluster["pods"].owned_by(job["metadata"]["uid"])
        status = outcome.status_of(job, mine, verdict, now)
        if status == job.get("status"):
            return
        await self._cluster.update_status(_JOBS, {**job, "status": status})
        if (ended := outcome.final_condition({"status": status})) is not None:
            is_good = ended["type"] == "Complete"
            reason, message = (
                ("Completed", "Job completed")
                if is_good
                else (
                    ended["reason"],
                    ended["message"],
                )
            )
            self._tell(job, reason, message, kind="Normal" if is_good else "Warning")

    def _tell(self, job: Manifest, reason: str, message: str, *, kind: str = "Normal") -> None:
        self._cluster.recorder.record(job, reason, message, component=_COMPONENT, kind=kind)


def is_tracked(pod: Manifest) -> bool:
    """Whether the pod of a Job waits for being counted."""
    return _TRACKING in (pod["metadata"].get("finalizers") or ())
