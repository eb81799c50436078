"""The status of a pod, from what its containers do: phases, conditions, container states.

Restates `getPhase`, `generateAPIPodStatus` and `status.Generate*Condition` of Kubernetes' kubelet.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from controller.local.workloads import times
from controller.objects import Manifest

NODE = "local"
State = Mapping[str, Any]
"""One of `{"waiting": …}`, `{"running": …}`, `{"terminated": …}`."""


def waiting(reason: str, message: str = "") -> State:
    """Say that a container waits, and why."""
    return {"waiting": {"reason": reason, **({"message": message} if message else {})}}


def running(since: datetime) -> State:
    """Say that a container runs."""
    return {"running": {"startedAt": times.written(since)}}


def terminated(  # noqa: PLR0913 - each is a field of the state
    code: int,
    reason: str,
    *,
    started: datetime,
    finished: datetime,
    container_id: str,
    message: str = "",
) -> State:
    """Say that a container ended, how and when."""
    shown: dict[str, Any] = {"exitCode": code, "reason": reason}
    if message:
        shown["message"] = message
    shown["startedAt"] = times.written(started)
    shown["finishedAt"] = times.written(finished)
    if container_id:
        shown["containerID"] = container_id
    return {"terminated": shown}


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """What is known about one container of a pod."""

    name: str
    image: str
    state: State = field(default_factory=lambda: waiting("ContainerCreating"))
    last_state: State = field(default_factory=dict)
    is_ready: bool = False
    is_started: bool = False
    restarts: int = 0
    container_id: str = ""
    is_sidecar: bool = False
    """An init container that keeps running (`restartPolicy: Always`)."""

    def next(self, **changes: Any) -> "Container":
        """Give the container with these changes."""
        return replace(self, **changes)

    @property
    def exit_code(self) -> int | None:
        """The exit code, where it has ended and is not to be started again by itself."""
        ended = self.state.get("terminated")
        return None if ended is None else int(ended["exitCode"])


def recovered(pod: Manifest, now: datetime) -> dict[str, Container]:
    """Give the containers of a pod as an earlier life of the cluster left them, by name.

    What ran then was killed with it, so it counts as ended now, and a new start as a restart.
    """
    status = pod.get("status") or {}
    known = {
        each["name"]: each
        for field_name in ("initContainerStatuses", "containerStatuses")
        for each in status.get(field_name) or ()
    }
    spec = pod["spec"]
    found = {}
    for part in [*(spec.get("initContainers") or ()), *spec["containers"]]:
        is_sidecar = part.get("restartPolicy") == "Always"
        fresh = Container(name=part["name"], image=part["image"], is_sidecar=is_sidecar)
        before = known.get(part["name"])
        found[part["name"]] = _recovered(fresh, before, now) if before else fresh
    return found


def _recovered(fresh: Container, before: Mapping[str, Any], now: datetime) -> Container:
    state = before.get("state") or {}
    kept = fresh.next(
        restarts=before.get("restartCount", 0), last_state=before.get("lastState") or {}
    )
    if "terminated" in state:
        return kept.next(state=state, container_id=before.get("containerID", ""))
    if "running" not in state:
        return kept
    ended = terminated(
        137,
        "ContainerStatusUnknown",
        started=times.parse(state["running"]["startedAt"]),
        finished=now,
        container_id=before.get("containerID", ""),
        message="The local cluster was stopped while this container ran",
    )
    return kept.next(state=ended)


def phase(pod: Manifest, inits: Sequence[Container], mains: Sequence[Container]) -> str:
    """Give the phase of a pod."""
    policy = pod["spec"].get("restartPolicy", "Always")
    codes = [init.exit_code for init in inits if not init.is_sidecar]
    if policy == "Never" and any(code not in {0, None} for code in codes):
        return "Failed"
    if not all(_is_initialised(init) for init in inits):
        return "Pending"
    if any("waiting" in each.state and not each.last_state for each in mains):
        return "Pending"
    # A sidecar that still ends keeps the pod running, and how it ends is of no account.
    sidecars = [init for init in inits if init.is_sidecar]
    if any("running" in each.state for each in [*mains, *sidecars]) or policy == "Always":
        return "Running"
    codes = [each.exit_code for each in mains]
    if all(code == 0 for code in codes):
        return "Succeeded"
    return "Failed" if policy == "Never" and None not in codes else "Running"


def status_of(  # noqa: PLR0913 - a status is made of all this
    pod: Manifest,
    containers: Sequence[Container],
    *,
    ips: tuple[str, str],
    started: datetime,
    now: datetime,
    final_phase: str = "",
) -> dict[str, Any]:
    """Give the status; `ips` are the pod's and the node's, empty before they are known."""
    count = len(pod["spec"].get("initContainers") or ())
    inits, mains = containers[:count], containers[count:]
    current = final_phase or phase(pod, inits, mains)
    before = pod.get("status") or {}
    pod_ip, host_ip = ips
    status: dict[str, Any] = {
        "observedGeneration": pod["metadata"].get("generation", 1),
        "phase": current,
        "conditions": _conditions(pod, current, inits, mains, pod_ip, now),
        "startTime": before.get("startTime") or times.written(started),
        "qosClass": before.get("qosClass", "BestEffort"),
    }
    for name in ("reason", "message"):
        if before.get(name):
            status[name] = before[name]
    if host_ip:
        status |= {"hostIP": host_ip, "hostIPs": [{"ip": host_ip}]}
    if pod_ip:
        status |= {"podIP": pod_ip, "podIPs": [{"ip": pod_ip}]}
    if inits:
        status["initContainerStatuses"] = [_shown(each) for each in inits]
    status["containerStatuses"] = [_shown(each) for each in mains]
    return status


def _is_initialised(init: Container) -> bool:
    if init.is_sidecar:
        return init.is_started or "terminated" in init.state
    return init.exit_code == 0


def _shown(container: Container) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "name": container.name,
        "state": dict(container.state),
        "lastState": dict(container.last_state),
        "ready": container.is_ready,
        "restartCount": container.restarts,
        "image": container.image,
        "imageID": "",
        "started": container.is_started,
    }
    if container.container_id:
        shown["containerID"] = container.container_id
    return shown


def _conditions(  # noqa: PLR0913, PLR0917 - a condition is about all this
    pod: Manifest,
    current: str,
    inits: Sequence[Container],
    mains: Sequence[Container],
    pod_ip: str,
    now: datetime,
) -> list[dict[str, Any]]:
    not_initialised = [each.name for each in inits if not _is_initialised(each)]
    unready = [each.name for each in mains if not each.is_ready]
    is_over = current in {"Succeeded", "Failed"}
    initialised = _verdict(not_initialised, "ContainersNotInitialized", "incomplete status")
    containers = _verdict(unready, "ContainersNotReady", "unready status")
    if current == "Succeeded":
        initialised = ("True", "PodCompleted", "")
    if is_over:
        reason = "PodCompleted" if current == "Succeeded" else "PodFailed"
        containers = ("False", reason, "")
    ready = containers
    if ready[0] == "True":
        ready = _gates(pod) or ready
    verdicts = {
        "PodReadyToStartContainers": ("True" if pod_ip and not is_over else "False", "", ""),
        "Initialized": initialised,
        "Ready": ready,
        "ContainersReady": containers,
        "PodScheduled": ("True", "", ""),
    }
    known = {each["type"]: each for each in (pod.get("status") or {}).get("conditions") or ()}
    ours = [_condition(kind, known.get(kind), told, now) for kind, told in verdicts.items()]
    others = [dict(each) for kind, each in known.items() if kind not in verdicts]
    return [*ours, *others]


def _verdict(names: Sequence[str], reason: str, what: str) -> tuple[str, str, str]:
    if not names:
        return "True", "", ""
    return "False", reason, f"containers with {what}: [{' '.join(names)}]"


def _gates(pod: Manifest) -> tuple[str, str, str] | None:
    gates = [gate["conditionType"] for gate in pod["spec"].get("readinessGates") or ()]
    conditions = (pod.get("status") or {}).get("conditions") or ()
    true = {each["type"] for each in conditions if each["status"] == "True"}
    missing = [gate for gate in gates if gate not in true]
    if not missing:
        return None
    listed = "; ".join(
        f'corresponding condition of pod readiness gate "{gate}"' for gate in missing
    )
    return "False", "ReadinessGatesNotReady", f"{listed} does not exist."


def _condition(
    kind: str, before: Mapping[str, Any] | None, told: tuple[str, str, str], now: datetime
) -> dict[str, Any]:
    state, reason, message = told
    is_same = before is not None and before["status"] == state
    time = before["lastTransitionTime"] if before and is_same else times.written(now)
    shown = {"type": kind, "status": state, "lastProbeTime": None, "lastTransitionTime": time}
    if reason:
        shown["reason"] = reason
    if message:
        shown["message"] = message
    return shown
