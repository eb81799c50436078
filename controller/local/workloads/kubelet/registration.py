"""The node as an object: this machine, which runs all pods, for `kubectl get nodes`."""

import os
import platform
from collections.abc import Mapping
from typing import Any

from controller.local.apiserver.discovery import VERSION
from controller.local.apiserver.store import Store
from controller.local.workloads import times
from controller.local.workloads.kubelet.states import NODE

_RESOURCE = "nodes"
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
"""Go's names for what Python calls otherwise."""
_MOST_PODS = 110
"""As a kubelet has it by default."""
_CONDITIONS = (
    ("MemoryPressure", "False", "KubeletHasSufficientMemory", "sufficient memory available"),
    ("DiskPressure", "False", "KubeletHasNoDiskPressure", "no disk pressure"),
    ("PIDPressure", "False", "KubeletHasSufficientPID", "sufficient PID available"),
    ("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
)


async def register(store: Store, address: str) -> None:
    """Make the node, or tell that it is there again."""
    found = await store.get(_RESOURCE, None, NODE)
    if found is None:
        found = await store.create(_RESOURCE, None, _node())
    status = {**(found.get("status") or {}), **_status(address)}
    await store.update_status(_RESOURCE, {**found, "status": status})


def _node() -> dict[str, Any]:
    labels = {
        "kubernetes.io/arch": _architecture(),
        "kubernetes.io/hostname": NODE,
        "kubernetes.io/os": platform.system().lower(),
    }
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": NODE, "labels": labels}}


def _status(address: str) -> Mapping[str, Any]:
    capacity = {
        "cpu": str(os.cpu_count() or 1),
        "memory": f"{_memory_bytes() // 1024}Ki",
        "pods": str(_MOST_PODS),
    }
    now = times.written(times.now())
    return {
        "addresses": [
            {"type": "InternalIP", "address": address},
            {"type": "Hostname", "address": NODE},
        ],
        "allocatable": capacity,
        "capacity": capacity,
        "conditions": [
            {
                "type": kind,
                "status": state,
                "reason": reason,
                "message": message if kind == "Ready" else f"kubelet has {message}",
                "lastHeartbeatTime": now,
                "lastTransitionTime": now,
            }
            for kind, state, reason, message in _CONDITIONS
        ],
        "nodeInfo": _info(),
    }


def _info() -> dict[str, str]:
    return {
        "architecture": _architecture(),
        "bootID": "",
        "containerRuntimeVersion": "process://1",
        "kernelVersion": platform.release(),
        "kubeProxyVersion": "",
        "kubeletVersion": str(VERSION["gitVersion"]),
        "machineID": "",
        "operatingSystem": platform.system().lower(),
        "osImage": platform.platform(terse=True),
        "systemUUID": "",
    }


def _architecture() -> str:
    return _ARCHITECTURES.get(platform.machine(), platform.machine())


def _memory_bytes() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
