"""Memory limits: a container that holds more than it may is killed, as OOMKilled.

A real node gives this to the kernel (cgroups), which needs rights that a user's process rarely
has, and address-space limits kill programs that only reserve memory. So resident memory is
measured every few seconds, for all processes of a container's session: a leak is found, a short
peak may not be.
"""

import asyncio
import os
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

from controller.local.workloads.kubelet.container import ContainerRun

_INTERVAL_S = 3.0
_PROC = Path("/proc")
_SESSION, _RSS = 3, 21
"""Places in `/proc/<pid>/stat` behind the name (proc(5): fields 6 and 24, the first there is 3)."""


async def watch(
    runs: Callable[[], Iterable[ContainerRun]], *, interval_s: float = _INTERVAL_S
) -> None:
    """Kill containers over their limit, until cancelled; nothing where there is no `/proc`."""
    while _PROC.is_dir():  # noqa: ASYNC240 - a virtual file system
        await asyncio.sleep(interval_s)
        limited = [(run.pid, run) for run in runs() if run.pid and run.memory_limit_bytes]
        if not limited:
            continue
        held = resident_bytes()
        for pid, run in limited:
            if held[pid] > (run.memory_limit_bytes or 0):
                run.oom_kill()


def resident_bytes() -> Counter[int]:
    """Give the resident memory of each session on this machine, by the session's number."""
    page_bytes = os.sysconf("SC_PAGE_SIZE")
    held: Counter[int] = Counter()
    for entry in os.scandir(_PROC):
        if entry.name.isdigit():
            try:
                fields = (_PROC / entry.name / "stat").read_text().rpartition(")")[2].split()
            except OSError:  # gone meanwhile
                continue
            held[int(fields[_SESSION])] += int(fields[_RSS]) * page_bytes
    return held
