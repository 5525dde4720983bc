"""What a process and its children have used of the processor: on a busy machine it says more than the
clock.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

_USER, _SYSTEM, _PARENT = 11, 12, 1  # fields of /proc/PID/stat after the name


def seconds_of(pid: int) -> float:
    """Seconds of the processor, user and system, of a running process and of all its running descendants."""
    stats = _stats()
    return sum(
        int(stats[one][_USER]) + int(stats[one][_SYSTEM]) for one in _family(pid, stats) if one in stats
    ) / os.sysconf("SC_CLK_TCK")


def family(pid: int) -> set[int]:
    """A process and all its running descendants."""
    return _family(pid, _stats())


def _stats() -> dict[int, list[str]]:
    return {
        int(path.parent.name): summary
        for path in Path("/proc").glob("[0-9]*/stat")
        if (summary := _stat(path))
    }


def _family(pid: int, stats: Mapping[int, list[str]]) -> set[int]:
    found, grown = {pid}, True
    while grown:
        born = {child for child, summary in stats.items() if int(summary[_PARENT]) in found} - found
        found, grown = found | born, bool(born)
    return found


def _stat(path: Path) -> list[str]:
    try:
        return path.read_text(errors="replace").rpartition(")")[2].split()
    except OSError:  # it has ended meanwhile
        return []
