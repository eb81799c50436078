"""What the processes of this machine use, by session: each container has one of its own."""

import os
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
_SESSION, _RSS = 3, 21
_CPU = slice(11, 15)
"""Places in `/proc/<pid>/stat` behind the name (proc(5): fields 6, 24, and 14 to 17: time in user
and kernel mode, of the process and of its children that ended; the first there is 3)."""


@dataclass(slots=True)
class Use:
    """Sums over the processes of a session."""

    resident_bytes: int = 0
    cpu_s: float = 0.0
    """Since they started; less than before when one of them has ended unnoticed."""


def read() -> Mapping[int, Use]:
    """Give what each session uses now, by its number; nothing where there is no `/proc`."""
    used: defaultdict[int, Use] = defaultdict(Use)
    if not PROC.is_dir():
        return used
    page_bytes, ticks = os.sysconf("SC_PAGE_SIZE"), os.sysconf("SC_CLK_TCK")
    for entry in os.scandir(PROC):
        if entry.name.isdigit():
            try:
                fields = (PROC / entry.name / "stat").read_text().rpartition(")")[2].split()
            except OSError:  # gone meanwhile
                continue
            use = used[int(fields[_SESSION])]
            use.resident_bytes += int(fields[_RSS]) * page_bytes
            use.cpu_s += sum(map(int, fields[_CPU])) / ticks
    return used
