"""What is made beside a file or a folder before it takes that one's place, under a name that no other run
has.
"""

from __future__ import annotations

import glob
import itertools
import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from graph.full_disk import naming

_numbers = itertools.count()


@contextmanager
def beside(path: Path) -> Iterator[Path]:
    """A name in the folder of `path` for what is to be moved over it once it is whole; what still has that
    name afterwards goes, and so does what runs of this machine left there that were killed.

    An OSError for want of room names `path`.
    """
    _sweep(path)
    own = path.with_name(f"{_begun(path)}{os.getpid()}.{next(_numbers)}")
    _remove(own)  # of a run that was killed and had this process's number
    try:
        with naming(path):
            yield own
    finally:
        _remove(own)


def _begun(path: Path) -> str:
    """How what this machine makes in the place of `path` is called, before the number of the process."""
    return f".{path.name}.{socket.gethostname()}."


def _sweep(path: Path) -> None:
    for left in path.absolute().parent.glob(f"{glob.escape(_begun(path))}*"):
        process = left.name.removeprefix(_begun(path)).partition(".")[0]
        if process.isdecimal() and not Path(f"/proc/{process}").exists() and Path("/proc/self").exists():
            _remove(left)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
