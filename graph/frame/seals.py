"""Sums of the frame's files, which the last writer leaves in the header: damage that came to a file since is
found by them, before compiled code follows its numbers anywhere.
"""

from __future__ import annotations

import logging
import zlib
from collections.abc import Iterator
from contextlib import suppress

import numpy as np

from graph.facts.tables import Column
from graph.frame.columns.layout import DIRTY, NAMES, SEALED, SLOTS, SUMS, USED, Arrays
from graph.frame.columns.pages import read_ahead
from graph.frame.files import Files
from graph.frame.locks import FairLock, FileLock, waits

log = logging.getLogger("ringfence.frame")

_ALL = slice(SUMS, SUMS + 1 + len(NAMES))


def used_rows(arrays: Arrays) -> Iterator[tuple[str, Column]]:
    """Each array without the room beyond what is used; at least one row, because nothing cannot be mapped.
    Of `slots` all: a place in them is a hash's.
    """
    for n, name in enumerate(NAMES):
        rows = getattr(arrays, name)
        yield name, rows if n == SLOTS else rows[: max(1, int(arrays.header[USED + n]))]


def seal(files: Files) -> None:
    """The header says from now on what is in the files, where somebody could read them. The writer's lock is
    held.
    """
    header = files.header
    if files.is_of_layout and not header[DIRTY] and not header[SEALED]:
        header[_ALL] = _sums(files.arrays)
        header[SEALED] = 1


def leave_sealed(files: Files, writing: FileLock) -> None:
    """`seal` by who goes, unless somebody else is at it."""
    if writing.try_alone():
        try:
            with suppress(OSError):  # the folder was taken away
                seal(files)
        finally:
            writing.free()


def dismiss_damaged(files: Files, writing: FileLock, reading: FairLock, patience: float) -> None:
    """Files that are not what they were when they were sealed are read by nobody any more, and say so: who
    may fill them anew does.
    """
    if not is_damaged(files):
        return
    for _ in waits(patience):
        if writing.try_alone():
            try:
                if files.header[SEALED]:
                    log.warning("the frame in %s is damaged: it is filled anew", files.folder)
                    with reading.alone():
                        files.header[DIRTY] = 1
                return
            finally:
                writing.free()


def is_damaged(files: Files) -> bool:
    """Whether the files are not what they were when they were sealed. False where they are not sealed, or
    somebody writes meanwhile; no lock is needed.
    """
    header = files.header
    said = header[_ALL].copy()
    if not header[SEALED]:
        return False
    try:
        found = _sums(files.arrays)
    except OSError:  # somebody begins them anew
        return False
    same = np.array_equal(said, header[_ALL])
    return bool(header[SEALED]) and same and not np.array_equal(said, found)


def _sums(arrays: Arrays) -> Column:
    """Of the header's own words about the files, then of each file."""
    with read_ahead(arrays):
        of_files = [zlib.crc32(rows.view(np.uint8).data) for _, rows in used_rows(arrays)]
    return np.array([zlib.crc32(arrays.header[USED:SUMS].tobytes()), *of_files], np.int64)
