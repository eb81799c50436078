"""Memory limits: a container that holds more than it may is killed, as OOMKilled.

A real node gives this to the kernel (cgroups), which needs rights that a user's process rarely
has, and address-space limits kill programs that only reserve memory. So resident memory is
measured every few seconds, for all processes of a container's session: a leak is found, a short
peak may not be.
"""

import asyncio
from collections.abc import Callable, Iterable

from controller.local.workloads.kubelet import sessions
from controller.local.workloads.kubelet.container import ContainerRun
from controller.local.workloads.kubelet.sessions import Use

_INTERVAL_S = 3.0


async def watch(
    runs: Callable[[], Iterable[ContainerRun]], *, interval_s: float = _INTERVAL_S
) -> None:
    """Kill containers over their limit, until cancelled; nothing where there is no `/proc`."""
    while sessions.PROC.is_dir():
        await asyncio.sleep(interval_s)
        limited = [(run.pid, run) for run in runs() if run.pid and run.memory_limit_bytes]
        if not limited:
            continue
        used = sessions.read()
        for pid, run in limited:
            if used.get(pid, Use()).resident_bytes > (run.memory_limit_bytes or 0):
                run.oom_kill()
