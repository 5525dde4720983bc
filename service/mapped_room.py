"""Files that processes map: the disk's space is taken before it is used, because a hole that a full disk
cannot fill ends whoever writes there.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path

log = logging.getLogger("ringfence.room")


def with_room(path: Path, size: int) -> int:
    """A descriptor of the file, made where it is not there, which has at least `size` bytes and no hole.
    Where the disk has no room it is of memory that this process alone has, and the log says so.
    """
    descriptor = -1
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        os.posix_fallocate(descriptor, 0, size)
    except OSError as error:
        if descriptor >= 0:
            if os.fstat(descriptor).st_size == 0:
                path.unlink(missing_ok=True)  # nobody reads a file without a beginning
            os.close(descriptor)
        return alone(path, size, error)
    return descriptor


def alone(path: Path, size: int, error: OSError) -> int:
    """A descriptor of so many bytes of memory, in the place of the file that has no room."""
    log.warning(
        "there is no room for %s (%s): this process keeps what belongs there for itself until it is started "
        "again",
        path,
        error.strerror,
    )
    descriptor = os.memfd_create(path.name)
    os.ftruncate(descriptor, size)
    return descriptor
