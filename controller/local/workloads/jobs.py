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
from controller.objects import Manifest

_COMPONENT = "job-controller"
_JOBS = "jobs.batch"
_TRACKING = "batch.kubernetes.io/job-tracking"
_FIRST_BACKOFF_S = 10.0
_LAST_BACKOFF_S = 600.0

Verdict = tuple[str, str, str]
"""Type, reason and message of the condition that ends a job."""


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
        if ended := final_condition(job):
            await self._count(job)
            return await self._expire(job, ended)
        job = await self._count(job)
        while self._uncounted(job):  # a pod may end while another is being counted
            job = await self._count(job)
        mine = self._cluster["pods"].owned_by(job["metadata"]["uid"])
        active = [pod for pod in mine if pods.is_active(pod)]
        now = times.now()
        verdict = _verdict(job, active, now)
        if verdict is None and not job["spec"].get("suspend"):
            await self._scale(job, mine, active, now)
        else:
            await asyncio.gather(*(self._cluster.delete("pods", pod) for pod in active))
        await self._write_status(job, verdict, now)
        return _look_again_s(job, mine, now)

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
        status = dict(job.get("status") or {})
        before = status.get("uncountedTerminatedPods") or {}
        noted = _noted(before, ended)
        if not noted:
            return job
        if noted != before:
            status["uncountedTerminatedPods"] = noted
            job = await self._cluster.update_status(_JOBS, {**job, "status": status})
        await asyncio.gather(*(self._untrack(pod) for pod in ended))
        for name, uids in noted.items():
            status[name] = status.get(name, 0) + len(uids)
        status["uncountedTerminatedPods"] = {}
        return await self._cluster.update_status(_JOBS, {**job, "status": status})

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
        wanted = _wanted(job, len(active))
        surplus = active[wanted:]
        await asyncio.gather(*(self._cluster.delete("pods", pod) for pod in surplus))
        terminating = sum(pods.is_terminating(pod) and not pods.is_finished(pod) for pod in mine)
        missing = wanted - len(active) - terminating
        if missing > 0 and not _backoff_s(job, mine, now):
            await asyncio.gather(*(self._create(job) for _ in range(missing)))

    async def _create(self, job: Manifest) -> None:
        name = job["metadata"]["name"]
        uid = job["metadata"]["uid"]
        body = pods.from_template(
            job,
            job["spec"]["template"],
            name=f"{name}-{templates.suffix()}",
            finalizers=[_TRACKING],
        )
        tracked = {
            "batch.kubernetes.io/controller-uid": uid,
            "batch.kubernetes.io/job-name": name,
            "controller-uid": uid,
            "job-name": name,
        }
        body["metadata"]["labels"] = {**(body["metadata"].get("labels") or {}), **tracked}
        pod = await self._cluster.create("pods", body)
        self._tell(job, "SuccessfulCreate", f"Created pod: {pod['metadata']['name']}")

    async def _write_status(self, job: Manifest, verdict: Verdict | None, now: datetime) -> None:
        mine = self._cluster["pods"].owned_by(job["metadata"]["uid"])
        status = status_of(job, mine, verdict, now)
        if status == job.get("status"):
            return
        await self._cluster.update_status(_JOBS, {**job, "status": status})
        if (ended := final_condition({"status": status})) is not None:
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


def status_of(
    job: Manifest, mine: Sequence[Manifest], verdict: Verdict | None, now: datetime
) -> dict[str, Any]:
    """Give the status of a Job with these pods; `verdict` is how it ends, if it does."""
    status = dict(job.get("status") or {})
    active = [pod for pod in mine if pods.is_active(pod)]
    terminating = sum(pods.is_terminating(pod) and not pods.is_finished(pod) for pod in mine)
    is_suspended = bool(job["spec"].get("suspend"))
    counts = {"active": len(active)}
    for name, count in counts.items():
        status.pop(name, None)
        if count:
            status[name] = count
    status |= {"ready": sum(pods.is_ready(pod) for pod in active), "terminating": terminating}
    status.setdefault("uncountedTerminatedPods", {})
    if not is_suspended:
        status.setdefault("startTime", times.written(now))
    else:
        status.pop("startTime", None)
    conditions = _suspension(status.get("conditions") or [], now, is_suspended=is_suspended)
    if verdict is not None:
        conditions = _ending(conditions, verdict, now, is_over=not active and not terminating)
        if conditions[-1]["type"] == "Complete":
            status["completionTime"] = times.written(now)
    if conditions:
        status["conditions"] = conditions
    return status


def _noted(before: Mapping[str, Sequence[str]], ended: Sequence[Manifest]) -> dict[str, list[str]]:
    """Give the uids of ended pods that no count has yet, also those from before a crash."""
    noted: dict[str, list[str]] = {}
    for name, phase in (("succeeded", "Succeeded"), ("failed", "Failed")):
        found = {pod["metadata"]["uid"] for pod in ended if pods.phase(pod) == phase}
        if uids := sorted({*before.get(name, ()), *found}):
            noted[name] = uids
    return noted


def _verdict(job: Manifest, active: Sequence[Manifest], now: datetime) -> Verdict | None:
    spec, status = job["spec"], job.get("status") or {}
    decided = next(
        (
            c
            for c in status.get("conditions") or ()
            if c["type"] in _TARGETS and c["status"] == "True"
        ),
        None,
    )
    if decided:
        return decided["type"], decided["reason"], decided["message"]
    succeeded, failed = status.get("succeeded", 0), status.get("failed", 0)
    limit = spec.get("backoffLimit", 6)
    restarts = sum(
        each["restartCount"]
        for pod in active
        for each in (pod.get("status") or {}).get("containerStatuses") or ()
    )
    is_restarting = spec["template"]["spec"].get("restartPolicy") == "OnFailure"
    if failed > limit or (is_restarting and restarts > limit):
        message = "Job has reached the specified backoff limit"
        return "FailureTarget", "BackoffLimitExceeded", message
    deadline_s, started = spec.get("activeDeadlineSeconds"), status.get("startTime")
    if deadline_s is not None and started:
        passed_s = (now - times.parse(started)).total_seconds()
        if passed_s >= deadline_s:
            message = "Job was active longer than specified deadline"
            return "FailureTarget", "DeadlineExceeded", message
    completions = spec.get("completions")
    is_enough = succeeded >= completions if completions is not None else succeeded and not active
    if is_enough:
        message = "Reached expected number of succeeded pods"
        return "SuccessCriteriaMet", "CompletionsReached", message
    return None


def _wanted(job: Manifest, active: int) -> int:
    parallelism = int(job["spec"].get("parallelism", 1))
    completions = job["spec"].get("completions")
    succeeded = (job.get("status") or {}).get("succeeded", 0)
    if completions is None:
        return active if succeeded else parallelism
    return max(0, min(parallelism, int(completions) - int(succeeded)))


def _backoff_s(job: Manifest, mine: Sequence[Manifest], now: datetime) -> float:
    """Give the seconds until another pod may be made, after failures."""
    failed = (job.get("status") or {}).get("failed", 0)
    ends = [_end_of(pod) for pod in mine if pods.phase(pod) == "Failed"]
    if not failed or not ends:
        return 0.0
    wait_s: float = min(_FIRST_BACKOFF_S * 2 ** (failed - 1), _LAST_BACKOFF_S)
    return max(0.0, wait_s - (now - max(ends)).total_seconds())


def _end_of(pod: Manifest) -> datetime:
    ends = [
        each["state"]["terminated"]["finishedAt"]
        for each in (pod.get("status") or {}).get("containerStatuses") or ()
        if "terminated" in each.get("state", {})
    ]
    return times.parse(max(ends, default=pod["metadata"]["creationTimestamp"]))


def _look_again_s(job: Manifest, mine: Sequence[Manifest], now: datetime) -> float | None:
    waits = [_backoff_s(job, mine, now)]
    deadline_s = job["spec"].get("activeDeadlineSeconds")
    if deadline_s is not None:
        started = (job.get("status") or {}).get("startTime") or times.written(now)
        waits.append(deadline_s - (now - times.parse(started)).total_seconds())
    return min((max(wait, 0.05) for wait in waits if wait), default=None)


def _ending(
    conditions: Sequence[Mapping[str, Any]], verdict: Verdict, now: datetime, *, is_over: bool
) -> list[Mapping[str, Any]]:
    """First the condition that says how it will end; when no pod is left, the one that it has."""
    kind, reason, message = verdict
    result = list(conditions)
    if not any(each["type"] == kind for each in result):
        result.append(_condition(kind, reason, message, now))
    if is_over:
        result.append(_condition(_TARGETS[kind], reason, message, now))
    return result


def _suspension(
    conditions: Sequence[Mapping[str, Any]], now: datetime, *, is_suspended: bool
) -> list[Mapping[str, Any]]:
    known = next((each for each in conditions if each["type"] == "Suspended"), None)
    if known is None and not is_suspended:
        return list(conditions)
    told = ("JobSuspended", "Job suspended") if is_suspended else ("JobResumed", "Job resumed")
    state = "True" if is_suspended else "False"
    if known is not None and known["status"] == state:
        return list(conditions)
    others = [each for each in conditions if each["type"] != "Suspended"]
    return [*others, {**_condition("Suspended", *told, now), "status": state}]


def _condition(kind: str, reason: str, message: str, now: datetime) -> dict[str, Any]:
    time = times.written(now)
    return {
        "type": kind,
        "status": "True",
        "lastProbeTime": time,
        "lastTransitionTime": time,
        "reason": reason,
        "message": message,
    }


def final_condition(job: Manifest) -> Mapping[str, Any] | None:
    """Give the condition with which a Job has ended; None while it goes on."""
    conditions = (job.get("status") or {}).get("conditions") or ()
    ends = set(_TARGETS.values())
    return next((c for c in conditions if c["type"] in ends and c["status"] == "True"), None)


def is_tracked(pod: Manifest) -> bool:
    """Whether the pod of a Job waits for being counted."""
    return _TRACKING in (pod["metadata"].get("finalizers") or ())


_TARGETS = {"SuccessCriteriaMet": "Complete", "FailureTarget": "Failed"}
"""The condition that a job is judged, and the one that it has ended, for each way to end."""
