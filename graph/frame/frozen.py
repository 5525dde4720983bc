"""A frame as it was at one moment: its arrays copied elsewhere, and read there without a store, a lock or a
writer, on any machine.
"""

from __future__ import annotations

import hashlib
import mmap
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache
from pathlib import Path

import fsspec
import numpy as np

from graph import private
from graph.frame.columns.layout import FILES, MAGIC, MARK, NAMES, SEED, VERSION, Arrays
from graph.frame.columns.pages import map_pages, read_ahead
from graph.frame.frame import Frame
from graph.frame.locks import FileLock
from graph.frame.seals import used_rows
from graph.frame.views.snapshots import CachedSnapshots
from graph.frame.views.view import FrameView
from graph.model.errors import FrameUnreadableError, StoreUnavailableError

_HEADER, _WHOLE = "header", "whole"
_LAYOUT = 0xFFFF_FFFF  # of the header's first word, the bits that have the layout's version


class FrozenFrame:
    """The frame in `folder`, which `freeze` wrote and nobody changes; `zone` is the store's. Safe for many
    threads; all processes of a machine share the memory.

    Raises FrameUnreadableError for what is none, is not whole, or has another layout.
    """

    def __init__(self, folder: Path, zone: str) -> None:
        self.zone = zone
        self.cached: CachedSnapshots = {}
        try:
            if not (folder / _WHOLE).exists():
                raise FrameUnreadableError(f"there is no whole copy of a frame in {folder}")
            header = np.frombuffer(_mapped(folder / _HEADER), np.int64)
            rows = [np.frombuffer(_mapped(folder / name), FILES[name][0]) for name in NAMES]
        except OSError as error:
            raise FrameUnreadableError(f"the copy of a frame in {folder} cannot be read: {error}") from error
        if header[MAGIC] & _LAYOUT != VERSION:
            raise FrameUnreadableError(f"the copy of a frame in {folder} is of another version of Ringfence")
        self._arrays = Arrays(header, *rows)

    @property
    def revision(self) -> int:
        """Everything of this revision and of those before is in."""
        return int(self._arrays.header[MARK])

    @property
    def seed(self) -> int:
        """Of the filling that was copied: there is no other."""
        return int(self._arrays.header[SEED])

    @contextmanager
    def reading(self, revision: int = 0, seed: int = 0) -> Iterator[Arrays]:
        """The arrays. Raises FrameUnreadableError where they do not hold `revision`."""
        if self.revision < revision:
            raise FrameUnreadableError(f"this copy of a frame does not hold revision {revision}")
        yield self._arrays

    def catch_up(self, revision: int) -> bool:
        """Whether everything up to that revision is in; nothing comes in any more."""
        return self.revision >= revision

    def view(self, as_of: datetime, revision: int) -> FrameView:
        """The graph just before `as_of`, of what was recorded up to that revision."""
        return FrameView(self, as_of, revision)


def freeze(frame: Frame, revision: int, address: str) -> None:
    """Bring the frame to `revision` and copy its rows to a folder or bucket, an address of fsspec; a copy is
    whole or does not count.

    Others read meanwhile; who brings facts in waits, and a service on this machine reads its store. Raises
    StoreError where the frame cannot be brought there.
    """
    if not frame.catch_up(revision):
        raise StoreUnavailableError("another process has been filling the frame for too long: try again")
    files, place = fsspec.core.url_to_fs(address)
    with private.owner_only(), frame.reading(revision) as arrays, read_ahead(arrays):
        files.makedirs(place, exist_ok=True)
        for name, rows in ((_HEADER, arrays.header), *used_rows(arrays)):
            with files.open(f"{place}/{name}", "wb") as file:
                file.write(np.ascontiguousarray(rows).view(np.uint8).data)
        files.pipe_file(f"{place}/{_WHOLE}", b"whole\n")


def thawed(address: str, zone: str) -> FrozenFrame:
    """The frame at an address that `freeze` wrote to: mapped where it lies if that is a folder, else out of a
    copy that the first process of a machine makes in its folder for temporary files.
    """
    files, place = fsspec.core.url_to_fs(address)
    if "file" in ((files.protocol,) if isinstance(files.protocol, str) else files.protocol):
        return FrozenFrame(Path(place), zone)
    own = Path(tempfile.gettempdir()) / f"ringfence-{hashlib.sha256(address.encode()).hexdigest()[:16]}.frame"
    lock = FileLock(own.with_name(own.name + ".fetching"))
    with private.owner_only(), lock.alone():
        if not (own / _WHOLE).exists():
            own.mkdir(exist_ok=True)
            for name in (_HEADER, *NAMES, _WHOLE):
                files.get_file(f"{place}/{name}", str(own / name))
    lock.close()
    return FrozenFrame(own, zone)


@lru_cache(maxsize=1)
def thawed_once(address: str, zone: str) -> FrozenFrame:
    """The same, once in a process: its tasks work one after the other for the same batch."""
    return thawed(address, zone)


def _mapped(path: Path) -> mmap.mmap:
    """A file's bytes. Compiled code takes arrays that could be written to: what it wrote would be this
    process's alone.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return map_pages(descriptor, access=mmap.ACCESS_COPY)
    finally:
        os.close(descriptor)
