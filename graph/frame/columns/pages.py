"""How the system reads the frame's mapped files: a page alone for a walk, ahead for who reads all of them."""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from graph.facts.tables import Column
from graph.frame.columns.layout import Arrays


def map_pages(descriptor: int, size: int = 0, access: int = mmap.ACCESS_WRITE) -> mmap.mmap:
    """The first `size` bytes of a file (0: all of it). A page that is not in memory is read alone: a walk
    needs little of what lies beside it, and what is read ahead drives out what the next one needs.
    """
    memory = mmap.mmap(descriptor, size, access=access)
    memory.madvise(mmap.MADV_RANDOM)
    return memory


@contextmanager
def read_ahead(arrays: Arrays) -> Iterator[None]:
    """Meanwhile more than a page is read at a time, for everybody in this process: who reads all of the
    arrays waits a tenth as long for the disk.
    """
    advise(arrays, mmap.MADV_NORMAL)
    try:
        yield
    finally:
        advise(arrays, mmap.MADV_RANDOM)


def advise(arrays: Arrays, advice: int) -> None:
    """Tell the system how the files behind the arrays are read (madvise(2))."""
    for array in arrays:
        memory_of(array).madvise(advice)


def memory_of(array: Column) -> mmap.mmap:
    """The mapped file behind an array."""
    memory: Any = array.base
    while not isinstance(memory, mmap.mmap):
        memory = memory.base if isinstance(memory, np.ndarray) else memory.obj
    return memory
