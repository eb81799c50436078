"""How many pods a Job wants, and when it may make the next. Pure."""

from collections.abc import Sequence
from datetime import datetime

from controller.local.workloads import pods, times
from controller.objects import Manifest

_FIRST_BACKOFF_S = 10.0
_LAST_BACKOFF_S = 600.0


def wanted(job: Manifest, active: int) -> int:
    """Give how many pods should be at work, where so many are."""
    parallelism = int(job["spec"].get("parallelism", 1))
    completions = job["spec"].get("completions")
    succeeded = (job.get("status") or {}).get("succeeded", 0)
    if completions is None:
        return active if succeeded else parallelism
    return max(0, min(parallelism, int(completions) - int(succeeded)))


def backoff_s(job: Manifest, mine: Sequence[Manifest], now: datetime) -> float:
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


def look_again_s(job: Manifest, mine: Sequence[Manifest], now: datetime) -> float | None:
    """Give the seconds until time alone changes something: a back-off ends, or the deadline."""
    waits = [backoff_s(job, mine, now)]
    deadline_s = job["spec"].get("activeDeadlineSeconds")
    if deadline_s is not None:
        started = (job.get("status") or {}).get("startTime") or times.written(now)
        waits.append(deadline_s - (now - times.parse(started)).total_seconds())
    return min((max(wait, 0.05) for wait in waits if wait), default=None)
