"""What a process and its children have used of the processor: on a busy machine it says more than the
clock.
"""

from __future__ import annotations

import os
from pathlib import Path

_USER, _SYSTEM, _PARENT = 11, 12, 1  # fields of /proc/PID/stat after the name


def seconds_of(pid: int) -> float:
    """Seconds of the processor, user and system, of a running process and of all its running descendants."""
    stats = {
        int(path.parent.name): summary
        for path in Path("/proc").glob("[0-9]*/stat")
        if (summary := _stat(path))
    }
    family, grown = {pid}, True
    while grown:
        born = {child for child, summary in stats.items() if int(summary[_PARENT]) in family} - family
        family, grown = family | born, bool(born)
    return sum(
        int(stats[one][_USER]) + int(stats[one][_SYSTEM]) for one in family if one in stats
    ) / os.sysconf("SC_CLK_TCK")


def _stat(path: Path) -> list[str]:
    try:
        return path.read_text(errors="replace").rpartition(")")[2].split()
    except OSError:  # it has ended meanwhile
        return []
