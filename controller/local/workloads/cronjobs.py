"""CronJobs: a Job at every time of a schedule.

Restates `pkg/controller/cronjob/cronjob_controllerv2.go` of Kubernetes. A Job's name carries its
scheduled minute, so that no time is run for twice, also after a crash between the creation of the
Job and the status that tells of it.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from typing import Any, TypeAlias

from controller.local import schedules
from controller.local.apiserver.errors import ApiError
from controller.local.schedules import Schedule, ScheduleError
from controller.local.workloads import due, pods, times
from controller.local.workloads.cluster import Cluster, owner_reference
from controller.local.workloads.informers import Key, controller_of
from controller.local.workloads.jobs import outcome
from controller.objects import Manifest

RESOURCE = "cronjobs.batch"
_JOBS = "jobs.batch"
_COMPONENT = "cronjob-controller"
_SCHEDULED = "batch.kubernetes.io/cronjob-scheduled-timestamp"

Clock: TypeAlias = Callable[[], datetime]


@dataclass(slots=True)
class _Visit:
    """One look at a CronJob: what it was, when, and the status that it gets."""

    cron_job: Manifest
    now: datetime
    status: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        self.status = dict(self.cron_job.get("status") or {})

    @property
    def active(self) -> list[Manifest]:
        """References to the Jobs that run."""
        return list(self.status.get("active") or ())

    def add(self, job: Manifest) -> None:
        """Note that a Job runs."""
        metadata = job["metadata"]
        reference = {
            "kind": "Job",
            "namespace": metadata["namespace"],
            "name": metadata["name"],
            "uid": metadata["uid"],
            "apiVersion": "batch/v1",
            "resourceVersion": metadata["resourceVersion"],
        }
        self.status["active"] = [*self.active, reference]

    def remove(self, uid: str) -> None:
        """Note that a Job does not run any more."""
        left = [each for each in self.active if each["uid"] != uid]
        self.status.pop("active", None)
        if left:
            self.status["active"] = left


class CronJobs:
    """The controller."""

    def __init__(self, cluster: Cluster, clock: Clock = times.now) -> None:
        self._cluster = cluster
        self._clock = clock

    async def visit(self, key: Key) -> float | None:
        """Follow the Jobs of one CronJob, and start the one that is due."""
        cron_job = self._cluster[RESOURCE].get(key)
        if cron_job is None or pods.is_terminating(cron_job):
            return None
        visit = _Visit(cron_job, self._clock())
        mine = self._cluster[_JOBS].owned_by(cron_job["metadata"]["uid"])
        await self._trim(visit, mine)
        await self._follow(visit, mine)
        try:
            return await self._start(visit)
        finally:
            await self._write(visit)

    async def _trim(self, visit: _Visit, mine: Sequence[Manifest]) -> None:
        """Delete the oldest Jobs over the limits of the history."""
        spec = visit.cron_job["spec"]
        surplus = [
            *_oldest(mine, "Complete", spec.get("successfulJobsHistoryLimit")),
            *_oldest(mine, "Failed", spec.get("failedJobsHistoryLimit")),
        ]
        await asyncio.gather(*(self._delete(visit, job) for job in surplus))

    async def _follow(self, visit: _Visit, mine: Sequence[Manifest]) -> None:
        """Note which Jobs run, which ended, and the last success."""
        known = {each["uid"] for each in visit.active}
        for job in mine:
            metadata = job["metadata"]
            name, uid, ended = metadata["name"], metadata["uid"], outcome.final_condition(job)
            if ended is None and uid not in known and await self._exists(job):
                message = f"Saw a job that the controller did not create or forgot: {name}"
                self._tell(visit, "UnexpectedJob", message, kind="Warning")
            elif ended is not None and uid in known:
                visit.remove(uid)
                message = f"Saw completed job: {name}, condition: {ended['type']}"
                self._tell(visit, "SawCompletedJob", message)
            _note_success(visit.status, job)
        present = {job["metadata"]["uid"] for job in mine}
        for each in visit.active:
            if each["uid"] not in present:
                self._tell(visit, "MissingJob", f"Active job went missing: {each['name']}")
                visit.remove(each["uid"])

    async def _exists(self, job: Manifest) -> bool:
        """Ask the server, which may know of a deletion that has not been heard of here."""
        metadata = job["metadata"]
        found = await self._cluster.store.get(_JOBS, metadata["namespace"], metadata["name"])
        return found is not None and found["metadata"]["uid"] == metadata["uid"]

    async def _start(self, visit: _Visit) -> float | None:
        """Start the Job that is due, if any; give the seconds until the next one."""
        spec = visit.cron_job["spec"]
        if spec.get("suspend"):
            return None
        try:
            schedule = schedules.parse(spec["schedule"], spec.get("timeZone"))
        except ScheduleError as error:
            message = f'unparseable schedule: "{spec["schedule"]}" : {error}'
            self._tell(visit, "UnparseableSchedule", message, kind="Warning")
            return None
        try:
            owed = due.unmet(visit.cron_job, schedule, visit.now)
            if owed is not None:
                await self._run(visit, schedule, owed)
            return due.wait_s({**visit.cron_job, "status": visit.status}, schedule, visit.now)
        except ScheduleError as error:
            message = f"invalid schedule: {spec['schedule']} : {error}"
            self._tell(visit, "InvalidSchedule", message, kind="Warning")
            return None

    async def _run(self, visit: _Visit, schedule: Schedule, owed: due.Unmet) -> None:
        """Make the Job of a time that passed, unless it is too late or one is in the way."""
        spec, policy = visit.cron_job["spec"], visit.cron_job["spec"]["concurrencyPolicy"]
        if owed.is_one_of_many:
            message = (
                "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or"
                " check clock skew"
            )
            self._tell(visit, "TooManyMissedTimes", message, kind="Warning")
        deadline_s = spec.get("startingDeadlineSeconds")
        if deadline_s is not None and (visit.now - owed.time).total_seconds() > deadline_s:
            message = f"Missed scheduled time to start a job: {format_datetime(owed.time)}"
            self._tell(visit, "MissSchedule", message, kind="Warning")
            return
        if _is_done(visit, owed.time):
            return
        if policy == "Forbid" and visit.active:
            message = (
                "Not starting job because prior execution is running and concurrency policy is"
                " Forbid"
            )
            self._tell(visit, "JobAlreadyActive", message)
            return
        if policy == "Replace":
            await self._replace(visit)
        job = await self._create(visit, schedule, owed.time)
        if job is not None:
            visit.add(job)
            visit.status["lastScheduleTime"] = times.written(owed.time)

    async def _replace(self, visit: _Visit) -> None:
        namespace = visit.cron_job["metadata"]["namespace"]
        for each in visit.active:
            job = self._cluster[_JOBS].get((namespace, each["name"]))
            if job is not None:
                await self._delete(visit, job)

    async def _create(
        self, visit: _Visit, schedule: Schedule, scheduled: datetime
    ) -> Manifest | None:
        """Make a Job; None where another of that name is in the way."""
        body = job_of(visit.cron_job, schedule, scheduled)
        metadata = body["metadata"]
        try:
            job = await self._cluster.create(_JOBS, body)
        except ApiError as error:
            if error.code == 409:
                # Made before a crash that came before the status could tell of it, or by others.
                known = self._cluster[_JOBS].get((metadata["namespace"], metadata["name"]))
                return known if known and _is_of(known, visit.cron_job) else None
            self._tell(visit, "FailedCreate", f"Error creating job: {error}", kind="Warning")
            raise
        self._tell(visit, "SuccessfulCreate", f"Created job {metadata['name']}")
        return job

    async def _delete(self, visit: _Visit, job: Manifest) -> None:
        await self._cluster.delete(_JOBS, job)
        visit.remove(job["metadata"]["uid"])
        self._tell(visit, "SuccessfulDelete", f"Deleted job {job['metadata']['name']}")

    async def _write(self, visit: _Visit) -> None:
        if visit.status != visit.cron_job.get("status"):
            await self._cluster.update_status(RESOURCE, {**visit.cron_job, "status": visit.status})

    def _tell(self, visit: _Visit, reason: str, message: str, *, kind: str = "Normal") -> None:
        self._cluster.recorder.record(
            visit.cron_job, reason, message, component=_COMPONENT, kind=kind
        )


def job_of(cron_job: Manifest, schedule: Schedule, scheduled: datetime) -> dict[str, Any]:
    """Give the Job that runs for a scheduled time."""
    metadata, template = cron_job["metadata"], cron_job["spec"]["jobTemplate"]
    given = template.get("metadata") or {}
    local = scheduled.astimezone(schedule.zone).isoformat().replace("+00:00", "Z")
    made = {
        "namespace": metadata["namespace"],
        "name": _name(cron_job, scheduled),
        "annotations": {**(given.get("annotations") or {}), _SCHEDULED: local},
        "ownerReferences": [owner_reference(cron_job)],
    }
    if given.get("labels"):
        made["labels"] = dict(given["labels"])
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": made, "spec": template["spec"]}


def _name(cron_job: Manifest, scheduled: datetime) -> str:
    return f"{cron_job['metadata']['name']}-{int(scheduled.timestamp()) // 60}"


def _is_done(visit: _Visit, scheduled: datetime) -> bool:
    """Whether the Job of this time was made before."""
    name = _name(visit.cron_job, scheduled)
    is_active = any(each["name"] == name for each in visit.active)
    return is_active or visit.status.get("lastScheduleTime") == times.written(scheduled)


def _is_of(job: Manifest, cron_job: Manifest) -> bool:
    owner = controller_of(job)
    return owner is not None and owner["uid"] == cron_job["metadata"]["uid"]


def _note_success(status: dict[str, Any], job: Manifest) -> None:
    ended = outcome.final_condition(job)
    time = (job.get("status") or {}).get("completionTime")
    if ended is not None and ended["type"] == "Complete" and time:
        status["lastSuccessfulTime"] = max(time, status.get("lastSuccessfulTime") or time)


def _oldest(mine: Sequence[Manifest], kind: str, limit: int | None) -> list[Manifest]:
    """Give the Jobs that ended so and are over the limit, the earliest begun first."""
    if limit is None:
        return []
    done = [
        job
        for job in mine
        if (end := outcome.final_condition(job)) is not None and end["type"] == kind
    ]
    done.sort(key=lambda job: (job["status"].get("startTime", ""), job["metadata"]["name"]))
    return done[: max(0, len(done) - limit)]
