"""What becomes of a run's stages on a cluster, which hold what the store holds, names included."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager

import fsspec

from graph.model.errors import StoreError
from graph.rings.spark.marks import drop

log = logging.getLogger("ringfence.stages")

_PAUSES = (0.0, 0.1, 0.5, 2.0)  # seconds: another run of the same work may take the files away just now


@contextmanager
def spent_after(folders: Collection[str], edition: Callable[[], int], keep: bool) -> Iterator[None]:
    """The folders of stages, addresses (fsspec's), are deleted after the block: where it ends well, unless
    they are to be kept, and always where the store is of another `edition` by then, because people were
    erased: no run finds those again. What was cut off stays: the same run goes on there.
    """
    began = edition()
    try:
        yield
    except BaseException:
        if _is_another(edition, began):
            _delete(folders)
        raise
    if not keep or _is_another(edition, began):
        _delete(folders)


def _is_another(edition: Callable[[], int], began: int) -> bool:
    try:
        return edition() != began
    except StoreError:
        return False


def _delete(folders: Collection[str]) -> None:
    for folder in folders:
        files, place = fsspec.core.url_to_fs(folder)
        for pause in _PAUSES:
            time.sleep(pause)
            drop(folder)
            if not files.exists(place):
                break
        else:
            log.warning("the stages in %s name people and could not be deleted: take them away", folder)
