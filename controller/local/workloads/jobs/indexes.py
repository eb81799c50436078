"""Completion indexes of an Indexed Job: which are done, which are next, how its pods carry them.

Restates `pkg/controller/job/indexed_job_utils.go` of Kubernetes. Sets of indexes are written as the
status has them: `0,2-5,7`.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import count, groupby, islice
from typing import Any

from controller.local.workloads import pods
from controller.objects import Manifest

INDEX = "batch.kubernetes.io/job-completion-index"
FAILURES = "batch.kubernetes.io/job-index-failure-count"
_VARIABLE = "JOB_COMPLETION_INDEX"
_OF_SUCCESS = frozenset(["completedIndexes", "succeeded"])
_LONGEST_STEM = 58
"""A generated name has five more letters, and 63 are allowed."""


def is_indexed(job: Manifest) -> bool:
    """Whether the Job's pods have indexes."""
    return bool(job["spec"].get("completionMode") == "Indexed")


def written(indexes: Iterable[int]) -> str:
    """Write a set of indexes: runs of three and more as `first-last`."""
    parts: list[str] = []
    steps = count()
    for _, group in groupby(sorted(indexes), key=lambda index: index - next(steps)):
        run = list(group)
        parts += [f"{run[0]}-{run[-1]}"] if len(run) > 2 else map(str, run)
    return ",".join(parts)


def parse(text: str | None, completions: int) -> set[int]:
    """Read a set of indexes, those below the number of completions."""
    found: set[int] = set()
    for part in filter(None, (text or "").split(",")):
        first, _, last = part.partition("-")
        found.update(range(int(first), min(int(last or first), completions - 1) + 1))
    return found


def index_of(pod: Manifest) -> int | None:
    """Give the index that a pod works on; None where it has none."""
    text = str((pod["metadata"].get("annotations") or {}).get(INDEX, ""))
    return int(text) if text.isdecimal() else None


def indexes_of(some: Iterable[Manifest], completions: int) -> set[int]:
    """Give the valid indexes of pods."""
    found = {index_of(pod) for pod in some}
    return {index for index in found if index is not None and index < completions}


def has_limit(job: Manifest) -> bool:
    """Whether each index has a number of failures of its own that it may have."""
    return is_indexed(job) and "backoffLimitPerIndex" in job["spec"]


def completed(job: Manifest) -> set[int]:
    """Give the indexes that a pod succeeded for."""
    return parse((job.get("status") or {}).get("completedIndexes"), job["spec"]["completions"])


def failed(job: Manifest) -> set[int]:
    """Give the indexes that failed for good; none where only the Job as a whole can fail."""
    if not has_limit(job):
        return set()
    return parse((job.get("status") or {}).get("failedIndexes"), job["spec"]["completions"])


def taken(job: Manifest, mine: Iterable[Manifest]) -> set[int]:
    """Give the indexes that need no new pod: done, failed for good, or being worked on."""
    waits_for_end = job["spec"].get("podReplacementPolicy") == "Failed"
    busy = [
        pod
        for pod in mine
        if not pods.is_finished(pod) and (waits_for_end or not pods.is_terminating(pod))
    ]
    return completed(job) | failed(job) | indexes_of(busy, job["spec"]["completions"])


def noted(job: Manifest, ended: Iterable[Manifest]) -> dict[str, Any]:
    """Give the indexes of the status, with those of pods that ended."""
    ended = list(ended)
    completions = job["spec"]["completions"]
    good = [pod for pod in ended if pods.phase(pod) == "Succeeded"]
    done = completed(job) | indexes_of(good, completions)
    fields = {"completedIndexes": written(done)} if done else {}
    if has_limit(job):
        limit = job["spec"]["backoffLimitPerIndex"]
        bad = [p for p in ended if pods.phase(p) == "Failed" and failures_after(p) > limit]
        fields["failedIndexes"] = written((failed(job) | indexes_of(bad, completions)) - done)
    return fields


def counted(job: Manifest, status: Mapping[str, Any]) -> dict[str, Any]:
    """Give a status with the indexes that the Job has, which may have become fewer, and counts."""
    done = completed(job)
    fields = {name: value for name, value in status.items() if name not in _OF_SUCCESS}
    if done:
        fields |= {"completedIndexes": written(done), "succeeded": len(done)}
    if has_limit(job):
        fields["failedIndexes"] = written(failed(job))
    return fields


def matched_rule(job: Manifest) -> int | None:
    """Give the number of the first rule for success that is met before all indexes are done."""
    done, completions = completed(job), job["spec"]["completions"]
    for number, rule in enumerate((job["spec"].get("successPolicy") or {}).get("rules") or ()):
        among = rule.get("succeededIndexes")
        counting = parse(among, completions) if among is not None else set(range(completions))
        if len(done & counting) >= rule.get("succeededCount", len(counting)):
            return number
    return None


def failures_after(pod: Manifest | None) -> int:
    """Give how often an index has failed with this pod, its last that failed."""
    if pod is None:
        return 0
    text = str((pod["metadata"].get("annotations") or {}).get(FAILURES, ""))
    return (int(text) if text.isdecimal() else 0) + 1


def last_failures(mine: Iterable[Manifest]) -> dict[int, Manifest]:
    """Give the pod that failed last, for each index that has one."""
    last: dict[int, Manifest] = {}
    for pod in mine:
        index = index_of(pod)
        if index is not None and pods.phase(pod) == "Failed":
            known = last.get(index)
            if known is None or failures_after(known) <= failures_after(pod):
                last[index] = pod
    return last


def superfluous(active: Sequence[Manifest], completions: int) -> list[Manifest]:
    """Give the pods that share an index with an older one, or whose index is none of the Job's."""
    kept: set[int] = set()
    surplus = []
    for pod in sorted(active, key=lambda pod: str(pod["metadata"]["creationTimestamp"])):
        index = index_of(pod)
        if index is None or index >= completions or index in kept:
            surplus.append(pod)
        else:
            kept.add(index)
    return surplus


def first_pending(taken: set[int], completions: int, number: int) -> list[int]:
    """Give the lowest indexes that are not taken, so many as far as there are."""
    return list(islice((index for index in range(completions) if index not in taken), number))


def stem(name: str, index: int) -> str:
    """Give what the name of an index's pod begins with."""
    end = f"-{index}-"
    return name[: _LONGEST_STEM - len(end)] + end


def mark(pod: dict[str, Any], job: Manifest, index: int, failures: int | None) -> dict[str, Any]:
    """Give the pod of an index: named, labelled, and told of it.

    Args:
        pod: made of the Job's template.
        job: whose pod it is.
        index: what the pod works on.
        failures: how often the index failed before; None where nobody counts that.
    """
    metadata, number = pod["metadata"], str(index)
    annotations = {**(metadata.get("annotations") or {}), INDEX: number}
    if failures is not None:
        annotations[FAILURES] = str(failures)
    labels = {**(metadata.get("labels") or {}), INDEX: number}
    spec = {**pod["spec"], "hostname": f"{job['metadata']['name']}-{index}"}
    for kind in ("initContainers", "containers"):
        if spec.get(kind):
            spec[kind] = [_told(container) for container in spec[kind]]
    return {
        **pod,
        "metadata": {**metadata, "annotations": annotations, "labels": labels},
        "spec": spec,
    }


def _told(container: Manifest) -> Manifest:
    variables = container.get("env") or []
    if any(each["name"] == _VARIABLE for each in variables):
        return container
    source = {"fieldRef": {"apiVersion": "v1", "fieldPath": f"metadata.labels['{INDEX}']"}}
    return {**container, "env": [*variables, {"name": _VARIABLE, "valueFrom": source}]}
