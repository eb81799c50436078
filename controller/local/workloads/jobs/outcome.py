"""The status of a Job: counts, how it ends, and the conditions that say so. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from controller.local.workloads import pods, times
from controller.local.workloads.jobs import indexes
from controller.objects import Manifest

Verdict = tuple[str, str, str]
"""Type, reason and message of the condition that ends a job."""
_TARGETS = {"SuccessCriteriaMet": "Complete", "FailureTarget": "Failed"}
"""The condition that a job is judged, and the one that it has ended, for each way to end."""


def noted(job: Manifest, ended: Sequence[Manifest]) -> dict[str, Any] | None:
    """Give the status that remembers pods which ended, before their finalizers go.

    None where there is nothing to count, also not from before a crash. Indexes are remembered as
    such; other pods by their uids.
    """
    status = dict(job.get("status") or {})
    before = status.get("uncountedTerminatedPods") or {}
    succeeded = [pod for pod in ended if pods.phase(pod) == "Succeeded"]
    uncounted = {"failed": [pod for pod in ended if pods.phase(pod) == "Failed"]}
    if indexes.is_indexed(job):
        status |= indexes.noted(job, ended)
    else:
        uncounted = {"succeeded": succeeded, **uncounted}
    status["uncountedTerminatedPods"] = {
        name: uids
        for name, some in uncounted.items()
        if (uids := sorted({*before.get(name, ()), *(pod["metadata"]["uid"] for pod in some)}))
    }
    return status if status["uncountedTerminatedPods"] or succeeded else None


def counted(job: Manifest) -> dict[str, Any]:
    """Give the status with the counts of what it remembered."""
    status = dict(job["status"])
    for name, uids in (status.get("uncountedTerminatedPods") or {}).items():
        status[name] = status.get(name, 0) + len(uids)
    if indexes.is_indexed(job):
        status = indexes.counted(job, status)
    return {**status, "uncountedTerminatedPods": {}}


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
    if indexes.is_indexed(job):
        status = indexes.counted(job, status)
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


def verdict_of(job: Manifest, active: Sequence[Manifest], now: datetime) -> Verdict | None:
    """Judge a Job: enough succeeded, too many failed, too late; None while it goes on."""
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
    if indexes.is_indexed(job) and (judged := _of_indexes(job)):
        return judged
    completions = spec.get("completions")
    is_enough = succeeded >= completions if completions is not None else succeeded and not active
    if is_enough:
        message = "Reached expected number of succeeded pods"
        return "SuccessCriteriaMet", "CompletionsReached", message
    return None


def _of_indexes(job: Manifest) -> Verdict | None:
    """Judge an Indexed Job by which of its indexes succeeded or failed for good."""
    failed, most = len(indexes.failed(job)), job["spec"].get("maxFailedIndexes")
    if most is not None and failed > most:
        message = "Job has exceeded the specified maximal number of failed indexes"
        return "FailureTarget", "MaxFailedIndexesExceeded", message
    done = len(indexes.completed(job)) + failed
    if failed and done >= job["spec"]["completions"]:
        return "FailureTarget", "FailedIndexes", "Job has failed indexes"
    rule = indexes.matched_rule(job)
    if rule is not None:
        return "SuccessCriteriaMet", "SuccessPolicy", f"Matched rules at index {rule}"
    return None


def final_condition(job: Manifest) -> Mapping[str, Any] | None:
    """Give the condition with which a Job has ended; None while it goes on."""
    conditions = (job.get("status") or {}).get("conditions") or ()
    ends = set(_TARGETS.values())
    return next((c for c in conditions if c["type"] in ends and c["status"] == "True"), None)


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
