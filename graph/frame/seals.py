"""Sums of the frame's files, which who ends leaves in the header: damage that came to a file since is
found by them, before compiled code follows its numbers anywhere.
"""

from __future__ import annotations

import logging
import secrets
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from math import inf
from pathlib import Path
from time import monotonic

import numpy as np

from graph.facts.tables import Column
from graph.frame.columns.layout import (
    DIRTY,
    KEPT,
    NAMES,
    SEALED,
    SEALING,
    SLOTS,
    SUMS,
    USED,
    Arrays,
)
from graph.frame.columns.pages import read_ahead
from graph.frame.files import PIECE, Files
from graph.frame.locks import FairLock, FileLock, waits, writers_lock

log = logging.getLogger("ringfence.frame")

KEEPS_S = 10.0  # how long who brings facts in is waited for
_ALL = slice(SUMS, SUMS + 1 + len(NAMES))


def used_rows(arrays: Arrays) -> Iterator[tuple[str, Column]]:
    """Each array without the room beyond what is used; at least one row, because nothing cannot be mapped.
    Of `slots` all: a place in them is a hash's.
    """
    for n, name in enumerate(NAMES):
        rows = getattr(arrays, name)
        yield name, rows if n == SLOTS else rows[: max(1, int(arrays.header[USED + n]))]


def seal(files: Files, writing: FileLock, until: float = inf, *, keep: bool = False) -> None:
    """The header says from now on what is in the files, and with `keep` that all of it is on the disk.

    It does not where somebody brings something in meanwhile, or where it takes longer than `until`
    (`time.monotonic`): there will be another occasion, and nobody is kept out for it.
    """
    header, mine = files.header, secrets.randbits(62) + 1

    def goes_on() -> bool:
        return bool(header[SEALING] == mine) and monotonic() < until

    with _alone(writing, until if keep else 0.0) as is_ours:
        if not is_ours or not files.is_of_layout or header[DIRTY]:
            return
        if header[SEALED] and (header[KEPT] or not keep):
            return
        header[SEALING], arrays = mine, files.arrays
    if not header[SEALED]:
        sums = _sums(arrays, goes_on)
        with _alone(writing, until) as is_ours:
            if sums is None or not is_ours or header[SEALING] != mine:
                return
            header[_ALL], header[SEALED] = sums, 1
    if keep and files.write_all(goes_on):
        with _alone(writing, until) as is_ours:
            if is_ours and header[SEALING] == mine:
                files.keep()


@contextmanager
def _alone(writing: FileLock, until: float) -> Iterator[bool]:
    """Whether nobody else brings anything in while the block lasts; who does is waited for."""
    is_ours = any(writing.try_alone() for _ in waits(min(KEEPS_S, until - monotonic())))
    try:
        yield is_ours
    finally:
        if is_ours:
            writing.free()


def seal_folder(folder: Path, until: float) -> None:
    """`seal`, and keep, a frame's folder that nobody may have open any more; nothing where there is none."""
    if (folder / "header").exists():
        writing = writers_lock(folder)
        with suppress(OSError), closing(writing):  # the folder was taken away
            seal(Files(folder), writing, until, keep=True)


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
        found = _sums(files.arrays, lambda: bool(header[SEALED]))
    except OSError:  # somebody begins them anew
        return False
    same = np.array_equal(said, header[_ALL])
    return found is not None and bool(header[SEALED]) and same and not np.array_equal(said, found)


def _sums(arrays: Arrays, goes_on: Callable[[], bool]) -> Column | None:
    """Of the header's own words about the files, then of each file; None where it does not go on."""
    sums = [zlib.crc32(arrays.header[USED:SUMS].tobytes())]
    with read_ahead(arrays):
        for _, rows in used_rows(arrays):
            data, found = rows.view(np.uint8).data, 0
            for begins in range(0, len(data), PIECE):
                if not goes_on():
                    return None
                found = zlib.crc32(data[begins : begins + PIECE], found)
            sums.append(found)
    return np.array(sums, np.int64)
