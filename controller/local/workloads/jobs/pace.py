"""How many pods a Job wants, and when it may make the next. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from controller.local.workloads import pods, times
from controller.local.workloads.jobs import indexes
from controller.objects import Manifest

_FIRST_BACKOFF_S = 10.0
_LAST_BACKOFF_S = 600.0


@dataclass(frozen=True, slots=True)
class Start:
    """An index to start a pod for, and how often it failed before, where that is counted."""

    index: int
    failures: int | None = None


def wanted(job: Manifest, active: int) -> int:
    """Give how many pods should be at work, where so many are."""
    spec, status = job["spec"], job.get("status") or {}
    parallelism, completions = int(spec.get("parallelism", 1)), spec.get("completions")
    succeeded = int(status.get("succeeded", 0))
    if completions is None:
        return active if succeeded else parallelism
    failed = len(indexes.failed(job))
    return max(0, min(parallelism, int(completions) - succeeded - failed))


def surplus(job: Manifest, active: Sequence[Manifest]) -> list[Manifest]:
    """Give the pods at work that are too many, those first that were never right."""
    completions = job["spec"].get("completions")
    wrong = indexes.superfluous(active, completions) if indexes.is_indexed(job) else []
    number = len(active) - wanted(job, len(active))
    others = [pod for pod in active if pod not in wrong]
    return [*wrong, *others[: max(0, number - len(wrong))]]


def missing(job: Manifest, mine: Sequence[Manifest], active: Sequence[Manifest]) -> int:
    """Give how many pods are to be made; one that is ending counts where only the dead do not."""
    number = wanted(job, len(active)) - len(active)
    if job["spec"].get("podReplacementPolicy") == "Failed":
        number -= sum(pods.is_terminating(pod) and not pods.is_finished(pod) for pod in mine)
    return max(0, number)


def indexes_to_start(
    job: Manifest, mine: Sequence[Manifest], number: int, now: datetime
) -> list[Start]:
    """Give the indexes that so many new pods may be made for; none while a back-off goes on."""
    completions = job["spec"]["completions"]
    taken = indexes.taken(job, mine)
    if not indexes.has_limit(job):
        if backoff_s(job, mine, now):
            return []
        return [Start(each) for each in indexes.first_pending(taken, completions, number)]
    last = indexes.last_failures(mine)
    waiting = {index for index, pod in last.items() if _index_backoff_s(pod, now)}
    free = indexes.first_pending(taken | waiting, completions, number)
    return [Start(each, indexes.failures_after(last.get(each))) for each in free]


def backoff_s(job: Manifest, mine: Sequence[Manifest], now: datetime) -> float:
    """Give the seconds until another pod may be made, after failures."""
    if indexes.has_limit(job):
        last = indexes.last_failures(mine)
        taken = indexes.taken(job, mine)
        waits = [_index_backoff_s(pod, now) for index, pod in last.items() if index not in taken]
        return min(filter(None, waits), default=0.0)
    failed = (job.get("status") or {}).get("failed", 0)
    ends = [_end_of(pod) for pod in mine if pods.phase(pod) == "Failed"]
    return _rest_s(failed, max(ends), now) if failed and ends else 0.0


def _index_backoff_s(failed: Manifest, now: datetime) -> float:
    return _rest_s(indexes.failures_after(failed), _end_of(failed), now)


def _rest_s(failures: int, last: datetime, now: datetime) -> float:
    wait_s: float = min(_FIRST_BACKOFF_S * 2 ** (failures - 1), _LAST_BACKOFF_S)
    return max(0.0, wait_s - (now - last).total_seconds())


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
