"""Cgroups that bound the memory of some processes, pages of files that they read included."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LEAVES_S = 10.0  # a cgroup's last process may take so long to end


def is_memory_cgroup(folder: Path) -> bool:
    """Whether this process may make cgroups there that bound memory, of either version."""
    if not os.access(folder / "cgroup.procs", os.W_OK):
        return False
    of_second_version = folder / "cgroup.subtree_control"
    if of_second_version.exists():
        return "memory" in of_second_version.read_text().split()
    return (folder / "memory.limit_in_bytes").exists()


@contextmanager
def memory_group(cgroup: Path) -> Iterator[Path]:
    """A cgroup in that one, while it is needed; whoever is in it ends or leaves before."""
    group = cgroup / f"ringfence-{os.getpid()}"
    group.mkdir()
    try:
        yield group
    finally:
        until = time.monotonic() + LEAVES_S
        while time.monotonic() < until:
            try:
                group.rmdir()
                break
            except OSError:  # a process is still ending
                time.sleep(0.1)


def limit_memory(group: Path, most: int) -> None:
    """All that are in the cgroup have so many bytes of memory from now on."""
    limit = next(group / name for name in ("memory.limit_in_bytes", "memory.max") if (group / name).exists())
    limit.write_text(str(most))
