"""Health of a Pod, and why it is not well."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from controller.health.conditions import (
    HEALTHY,
    condition,
    degraded,
    is_true,
    message_of,
    progressing,
    spec,
    status,
)
from controller.health.status import Health, HealthStatus, worst
from controller.objects import Manifest

_PREPARING = frozenset({"", "ContainerCreating", "PodInitializing"})
"""Reasons of a container to wait that go by themselves; any other is a trouble with a name."""
_WELL = frozenset({HealthStatus.HEALTHY, HealthStatus.SUSPENDED})


def explained(own: Health, pods: Sequence[Manifest]) -> Health:
    """Give a workload's health with the cause that its pods name, where it is not well.

    A Deployment says `0 of 1 replicas are available` until its deadline; its pod says
    `CrashLoopBackOff` long before.
    """
    if own.status in _WELL:
        return own
    judged = [(str(each["metadata"].get("name", "")), pod(each)) for each in pods]
    unwell = worst(health for _, health in judged)
    name = next((name for name, health in judged if health == unwell), "")
    if unwell.status is HealthStatus.DEGRADED:
        return degraded(f"Pod {name}: {unwell.message}")
    if own.status is HealthStatus.PROGRESSING and unwell.status is HealthStatus.PROGRESSING:
        waiting = next((each for each in map(_unscheduled, pods) if each), "")
        return progressing(f"{own.message} {waiting}".rstrip())
    return own


def _unscheduled(manifest: Manifest) -> str:
    """Give why a pod finds no node; empty where it has one. What else it waits for, passes."""
    found = condition(manifest, "PodScheduled")
    if found.get("status") != "False":
        return ""
    return f"Pod {manifest['metadata'].get('name', '')}: {message_of(found)}"


def pod(manifest: Manifest) -> Health:
    """Judge a Pod (gitops-engine `health_pod.go`)."""
    stuck = _waiting_for_nothing(manifest)
    if stuck and spec(manifest).get("restartPolicy", "Always") == "Always":
        return degraded(stuck)
    match status(manifest).get("phase"):
        case "Pending":
            unscheduled = message_of(condition(manifest, "PodScheduled"))
            return progressing(stuck or unscheduled or _waiting(manifest))
        case "Succeeded":
            return HEALTHY
        case "Failed":
            return degraded(_why_failed(manifest))
        case "Running":
            return _running(manifest)
        case phase:
            return progressing(f"The pod's phase is {phase or 'not known'}.")


def _running(manifest: Manifest) -> Health:
    if spec(manifest).get("restartPolicy", "Always") != "Always":
        return progressing("The pod is running.")
    if is_true(manifest, "Ready"):
        return HEALTHY
    for container in _containers(manifest):
        ended = (container.get("lastState") or {}).get("terminated")
        if ended and not container.get("ready"):
            return degraded(f"Container {container.get('name')} {_ending(ended)}.")
    return progressing(message_of(condition(manifest, "Ready")) or "The pod is not ready.")


def _waiting(manifest: Manifest) -> str:
    for container in _containers(manifest):
        waiting = (container.get("state") or {}).get("waiting") or {}
        if waiting.get("reason"):
            return f"Container {container.get('name')}: {waiting['reason']}."
    return "The pod is being prepared."


def _waiting_for_nothing(manifest: Manifest) -> str:
    """Give why a container waits for what will not come, such as ImagePullBackOff; or nothing."""
    for container in _containers(manifest):
        waiting = (container.get("state") or {}).get("waiting") or {}
        reason = str(waiting.get("reason", ""))
        if reason not in _PREPARING:
            message = str(waiting.get("message", ""))
            ended = (container.get("lastState") or {}).get("terminated")
            if reason == "CrashLoopBackOff" and ended:
                # How it ends says more than how long the next start is put off.
                message = _ending(ended)
            return f"Container {container.get('name')}: {reason}: {message}".removesuffix(": ")
    return ""


def _why_failed(manifest: Manifest) -> str:
    told = status(manifest).get("message")
    if told:
        return str(told)
    for container in _containers(manifest):
        ended = (container.get("state") or {}).get("terminated") or {}
        if ended.get("exitCode") or ended.get("reason") == "OOMKilled":
            return f"Container {container.get('name')} {_ending(ended)}."
    return str(status(manifest).get("reason") or "The pod failed.")


def _ending(terminated: Mapping[str, Any]) -> str:
    code, reason = terminated.get("exitCode"), terminated.get("reason")
    told = f" ({terminated['message'].strip()})" if terminated.get("message") else ""
    if reason == "OOMKilled":
        return "ran out of memory (OOMKilled)"
    return f"ended with exit code {code}{told}"


def _containers(manifest: Manifest) -> Iterator[Mapping[str, Any]]:
    for name in ("initContainerStatuses", "containerStatuses"):
        yield from status(manifest).get(name) or ()
