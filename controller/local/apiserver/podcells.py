"""What a table says of a pod: `printPod` of k8s.io/kubernetes `pkg/printers/internalversion`."""

from datetime import datetime

from controller.local.apiserver import cells, durations
from controller.local.apiserver.durations import Value


def _counts(value: Value) -> tuple[int, int, int]:
    statuses = value.get("status", {}).get("containerStatuses", ())
    ready = sum(bool(s.get("ready")) for s in statuses)
    sidecars = [
        c for c in value["spec"].get("initContainers", ()) if c.get("restartPolicy") == "Always"
    ]
    restarts = sum(s.get("restartCount", 0) for s in statuses)
    return ready, len(value["spec"].get("containers") or ()) + len(sidecars), restarts


def ready(value: Value, _: datetime) -> str:
    """Set a pod's ready containers against all of them."""
    ready, total, _restarts = _counts(value)
    return f"{ready}/{total}"


def restarts(value: Value, now: datetime) -> str:
    """Count a pod's restarts, and tell how long ago the last one was."""
    _ready, _total, restarts = _counts(value)
    ends = [
        s.get("lastState", {}).get("terminated", {}).get("finishedAt")
        for s in value.get("status", {}).get("containerStatuses", ())
    ]
    latest = max((end for end in ends if end), default=None)
    return (
        f"{restarts} ({durations.since(latest, now)} ago)" if restarts and latest else str(restarts)
    )


def status(value: Value, _: datetime) -> str:
    """Tell a pod's state in one word, as `printPod` does."""
    status = value.get("status", {})
    reason = status.get("reason") or status.get("phase", "")
    initializing, text = _init_reason(value)
    reason = text if initializing else _container_reason(status, reason)
    if "deletionTimestamp" in value["metadata"]:
        if status.get("reason") == "NodeLost":
            return durations.UNKNOWN
        if status.get("phase") not in {"Succeeded", "Failed"}:
            return "Terminating"
    return str(reason)


def _init_reason(value: Value) -> tuple[bool, str]:
    statuses = value.get("status", {}).get("initContainerStatuses", ())
    total = len(value["spec"].get("initContainers", ()))
    for at, status in enumerate(statuses):
        state = status.get("state", {})
        ended, waiting = state.get("terminated"), state.get("waiting", {})
        if ended is not None and ended.get("exitCode") == 0:
            continue
        if status.get("started") and status.get("ready"):
            continue
        if ended is not None:
            return True, f"Init:{ended.get('reason') or _exit_reason(ended)}"
        if waiting.get("reason") not in {None, "", "PodInitializing"}:
            return True, f"Init:{waiting['reason']}"
        return True, f"Init:{at}/{total}"
    return False, ""


def _exit_reason(ended: Value) -> str:
    if ended.get("signal"):
        return f"Signal:{ended['signal']}"
    return f"ExitCode:{ended.get('exitCode', 0)}"


def _container_reason(status: Value, reason: str) -> str:
    has_running = False
    for one in reversed(status.get("containerStatuses", ())):
        state = one.get("state", {})
        if state.get("waiting", {}).get("reason"):
            reason = state["waiting"]["reason"]
        elif "terminated" in state:
            reason = state["terminated"].get("reason") or _exit_reason(state["terminated"])
        elif one.get("ready") and "running" in state:
            has_running = True
    if reason == "Completed" and has_running:
        conditions = {c["type"]: c["status"] for c in status.get("conditions", ())}
        return "Running" if conditions.get("Ready") == "True" else "NotReady"
    return reason


def readiness_gates(value: Value, _: datetime) -> str:
    """Count a pod's readiness gates that hold."""
    gates = value["spec"].get("readinessGates", ())
    if not gates:
        return cells.NONE
    met = {c["type"] for c in value["status"].get("conditions", ()) if c["status"] == "True"}
    return f"{sum(g['conditionType'] in met for g in gates)}/{len(gates)}"
