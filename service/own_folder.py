"""A folder of one run among temporary files, that goes with it, or with the next after a killed one."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from graph.frame.locks import FileLock

_BEGINS_S = 3600.0  # what takes a millisecond has taken so long
_IN_USE = "in-use"  # a file that the run, and every process that it forks, holds locked


@contextmanager
def own_folder(prefix: str, among: str = "") -> Iterator[Path]:
    """A new folder for this run alone, its name begun by `prefix`, in the folder `among` or in that for
    temporary files. One that a killed run left there under the same prefix is removed by the next.
    """
    _remove_left(prefix, Path(among or tempfile.gettempdir()))
    begun = Path(tempfile.mkdtemp(prefix=f".{prefix}", dir=among or None))
    folder = begun.with_name(begun.name.removeprefix("."))
    try:
        with closing(FileLock(begun / _IN_USE)) as lock, lock.alone():
            begun.rename(folder)  # nobody sees it before it is locked
            yield folder
    finally:
        _remove(folder)
        shutil.rmtree(begun, ignore_errors=True)


def _remove_left(prefix: str, among: Path) -> None:
    """Those of this user whose run, with all that it forked, is gone. What is no folder of ours stays."""
    for folder in among.glob(f"{prefix}*"):
        with suppress(OSError):
            if folder.lstat().st_uid != os.getuid() or not (folder / _IN_USE).is_file():
                continue
            with closing(FileLock(folder / _IN_USE)) as lock:
                if lock.try_alone():
                    _remove(folder)
    for begun in among.glob(f".{prefix}*"):  # killed before it was locked, or as it was removed
        with suppress(OSError):
            about = begun.lstat()
            if about.st_uid == os.getuid() and time.time() - about.st_mtime > _BEGINS_S:
                shutil.rmtree(begun, ignore_errors=True)


def _remove(folder: Path) -> None:
    """By the name that goes in an hour whatever is in it: whoever is killed here may leave a folder without
    the file that tells whether it is in use.
    """
    going = folder.with_name(f".{folder.name}")
    with suppress(OSError):
        folder.rename(going)
    shutil.rmtree(going, ignore_errors=True)
