"""The folder in which the workers of one run share their metrics, and the end of those that nobody needs."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from graph.frame.locks import FileLock
from service.folders import folder_for

_PREFIX = "ringfence-metrics-"
_IN_USE = "in-use"  # a file that the run, and every worker that it forks, holds locked


@contextmanager
def metrics_folder(given: str) -> Iterator[Path]:
    """The folder that is given, or one for this run alone, which goes with it. One that a killed run left is
    removed by the next. Raises SettingError for a folder that cannot be made.
    """
    if given:
        yield folder_for(Path(given))
        return
    _remove_left()
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
    try:
        with closing(FileLock(folder / "begins")) as lock, lock.alone():
            (folder / "begins").rename(folder / _IN_USE)  # nobody sees it before it is locked
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _remove_left() -> None:
    """Those of this user whose run, with all its workers, is gone. What is no folder of ours stays."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with suppress(OSError):
            if folder.lstat().st_uid != os.getuid() or not (folder / _IN_USE).is_file():
                continue
            with closing(FileLock(folder / _IN_USE)) as lock:
                if lock.try_alone():
                    shutil.rmtree(folder, ignore_errors=True)
