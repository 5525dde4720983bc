"""A disk without room: which errors say so, and of which file they are."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NO_ROOM = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EFBIG))  # EFBIG: a limit set for the process


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """What ends for want of room inside is an OSError with the file name `path`: a write says none by
    itself.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in NO_ROOM or error.filename is not None:
            raise
        raise OSError(error.errno, os.strerror(error.errno), str(path)) from error
