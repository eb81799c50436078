"""Health of what runs pods: Deployment, StatefulSet, DaemonSet, ReplicaSet, Job, CronJob."""

from controller.health.conditions import (
    HEALTHY,
    condition,
    count,
    degraded,
    is_true,
    is_unobserved,
    message_of,
    progressing,
    spec,
    status,
)
from controller.health.status import Health, HealthStatus
from controller.objects import Manifest

_UNOBSERVED = progressing("Waiting for the new spec to be observed.")


def deployment(manifest: Manifest) -> Health:
    """Judge a Deployment: Argo CD's rule, and kstatus' demand that what is available is ready."""
    if spec(manifest).get("paused"):
        return Health(HealthStatus.SUSPENDED, "Deployment is paused.")
    if is_unobserved(manifest):
        return _UNOBSERVED
    rollout = condition(manifest, "Progressing")
    if rollout.get("reason") == "ProgressDeadlineExceeded":
        return degraded(message_of(rollout))
    return _rollout(manifest)


def _rollout(manifest: Manifest) -> Health:
    wanted, now = count(spec(manifest), "replicas", 1), status(manifest)
    updated = count(now, "updatedReplicas")
    if updated < wanted:
        return progressing(f"{updated} of {wanted} new replicas have been updated.")
    if count(now, "replicas") > updated:
        return progressing(f"{count(now, 'replicas') - updated} old replicas wait to end.")
    for name in ("availableReplicas", "readyReplicas"):
        if count(now, name) < updated:
            told = name.removesuffix("Replicas")
            return progressing(f"{count(now, name)} of {updated} updated replicas are {told}.")
    return HEALTHY


def stateful_set(manifest: Manifest) -> Health:
    """Judge a StatefulSet, partitioned rollouts and OnDelete included."""
    if not status(manifest).get("observedGeneration") or is_unobserved(manifest):
        return _UNOBSERVED
    wanted, now = count(spec(manifest), "replicas", 1), status(manifest)
    if count(now, "readyReplicas") < wanted:
        return progressing(f"{count(now, 'readyReplicas')} of {wanted} pods are ready.")
    strategy = spec(manifest).get("updateStrategy") or {}
    partition = count(strategy.get("rollingUpdate") or {}, "partition")
    if strategy.get("type") == "OnDelete":
        return HEALTHY
    # Below the partition the old revision stays on purpose, so the revisions never become one.
    updated, target = count(now, "updatedReplicas"), wanted - partition
    is_moving = not partition and now.get("updateRevision") != now.get("currentRevision")
    if is_moving or (partition and updated < target):
        return progressing(f"{updated} of {target} pods are updated.")
    return HEALTHY


def daemon_set(manifest: Manifest) -> Health:
    """Judge a DaemonSet."""
    if is_unobserved(manifest):
        return _UNOBSERVED
    if (spec(manifest).get("updateStrategy") or {}).get("type") == "OnDelete":
        return HEALTHY
    now = status(manifest)
    wanted = count(now, "desiredNumberScheduled")
    for name, told in (("updatedNumberScheduled", "updated"), ("numberAvailable", "available")):
        if count(now, name) < wanted:
            return progressing(f"{count(now, name)} of {wanted} pods are {told}.")
    return HEALTHY


def replica_set(manifest: Manifest) -> Health:
    """Judge a ReplicaSet; one that cannot make pods is Degraded, as Argo CD has it."""
    if is_unobserved(manifest):
        return _UNOBSERVED
    if is_true(manifest, "ReplicaFailure"):
        return degraded(message_of(condition(manifest, "ReplicaFailure")))
    wanted = count(spec(manifest), "replicas", 1)
    available = count(status(manifest), "availableReplicas")
    if available < wanted:
        return progressing(f"{available} of {wanted} replicas are available.")
    return HEALTHY


def job(manifest: Manifest) -> Health:
    """Judge a Job. A condition counts only if it is True, which Argo CD does not look at."""
    if is_true(manifest, "Failed"):
        return degraded(message_of(condition(manifest, "Failed")))
    if is_true(manifest, "Complete"):
        return HEALTHY
    if is_true(manifest, "Suspended"):
        return Health(HealthStatus.SUSPENDED, message_of(condition(manifest, "Suspended")))
    return progressing(f"{count(status(manifest), 'active')} pods are running.")


def cron_job(manifest: Manifest) -> Health:
    """Judge a CronJob by its last run (Argo CD's `batch/CronJob/health.lua`).

    Times are RFC 3339 in UTC, which sort as text.
    """
    if spec(manifest).get("suspend"):
        return Health(HealthStatus.SUSPENDED, "CronJob is suspended.")
    now = status(manifest)
    if now.get("active"):
        return progressing("A job of it is running.")
    last, succeeded = now.get("lastScheduleTime"), now.get("lastSuccessfulTime")
    if last and (not succeeded or succeeded < last):
        return degraded(f"The run of {last} did not succeed.")
    return HEALTHY
