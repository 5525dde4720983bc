"""The frame's folder: a header and one memory-mapped file for each array; files grow independently and are
then mapped again.
"""

from __future__ import annotations

import mmap
import os
import secrets
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from graph import private
from graph.facts.tables import Column
from graph.frame.columns.intern import row_of
from graph.frame.columns.layout import (
    BOOT,
    DIRTY,
    FILE,
    FILES,
    GENERATION,
    HEADER_WORDS,
    KEPT,
    LACKS,
    MAGIC,
    NAMES,
    NEEDS,
    ROOM,
    SEED,
    SLOTS,
    TEXT_STEP,
    TEXTS,
    USED,
    VERSION,
    Arrays,
    Rows,
)
from graph.frame.columns.pages import map_pages, memory_of
from graph.frame.columns.texts import A_WORD, NO_KIND, OF_BITS
from graph.frame.locks import FairLock
from graph.frame.neighbourhood import EVENT_KINDS
from graph.kernels.compiled import compiled
from graph.model.errors import FrameFullError, StoreUnavailableError

_MAGIC = 0x52464652_00000000 + VERSION  # "RFFR"
_MORE = 1.2  # as much room a file gets that is full
_ROWS = 2**31 - 1  # a row is named by 32 bits
# of which two say more where lists and mentions name these: the role, or of what the row is
_PACKED = frozenset({"identifiers", "applications", "events", "ties", "contacts"})
PIECE = 1 << 24  # bytes that are written or summed at once, between two looks at whether to go on


class Files:
    """The mapped arrays. Who changes the header's generation, and who maps, holds the folder's lock."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with private.owner_only():
            folder.mkdir(parents=True, exist_ok=True)
            self.header: Column = np.frombuffer(
                _map(folder / "header", HEADER_WORDS * 8, grow=True), np.int64
            )
        self._opened = _file_number(folder / "header")
        # of which generation: in one, so that no thread sees half of a change
        self._mapped: tuple[int, Arrays] | None = None

    @property
    def is_of_layout(self) -> bool:
        """Whether the header is of this layout: another version of the program may have taken the folder
        over.
        """
        return bool(self.header[MAGIC] == _MAGIC)

    @property
    def is_there(self) -> bool:
        """Whether the folder is still the one that was opened: somebody may have taken it away."""
        return self._opened == _file_number(self.folder / "header")

    @property
    def is_sound(self) -> bool:
        """Whether the header is of this layout, and the files are as large as it says."""
        if not self.is_of_layout:
            return False
        try:
            return all(
                self._path(n).stat().st_size >= self._size(n, int(self.header[ROOM + n]))
                for n in range(len(NAMES))
            )
        except OSError:
            return False

    @property
    def arrays(self) -> Arrays:
        """The arrays as they are now; mapped again where a file has grown."""
        mapped, generation = self._mapped, int(self.header[GENERATION])
        if mapped is None or mapped[0] != generation:
            results = [
                np.frombuffer(_map(self._path(n), self._size(n, int(self.header[ROOM + n]))), FILES[name][0])
                for n, name in enumerate(NAMES)
            ]
            mapped = self._mapped = (generation, Arrays(self.header, *results))
        return mapped[1]

    def forget_earlier(self) -> None:
        """Let go of files that are mapped and none of ours any more."""
        mapped = self._mapped
        if mapped is not None and mapped[0] != int(self.header[GENERATION]):
            self._mapped = None

    def begin_anew(self) -> None:
        """Empty files of names of their own; the old ones are left to `remove_old`."""
        generation = int(self.header[GENERATION]) + 1
        self.header[DIRTY] = 1
        self.header[:DIRTY] = self.header[DIRTY + 1 :] = 0
        self.header[GENERATION] = generation
        self.header[SEED] = secrets.randbits(62)
        for number in range(len(NAMES)):
            self.header[FILE + number] = generation
            self._give_room(number, FILES[NAMES[number]][1])
        self.header[MAGIC] = _MAGIC
        for kind in EVENT_KINDS:
            row_of(
                self.arrays,
                A_WORD,
                NO_KIND,
                np.frombuffer(kind.encode(), "u1"),
                np.int64(0),
                np.int64(len(kind)),
            )
        self.header[DIRTY] = 0

    def replace_all(self, reading: FairLock, overwrite: bool = False) -> None:
        """`begin_anew` while nobody reads, and the old files go (`remove_old`). The writer's lock is held."""
        try:
            self._emptied(reading)
        except StoreUnavailableError:  # without room for new files the old ones go all the same
            self.remove_old(overwrite=overwrite)
            self._emptied(reading)
        self.remove_old(overwrite=overwrite)

    def _emptied(self, reading: FairLock) -> None:
        with reading.alone():
            self.begin_anew()
            self.header[BOOT] = boot()

    @property
    def has_old(self) -> bool:
        """Whether files are there that are none of ours any more."""
        return bool(self._old())

    def remove_old(self, *, overwrite: bool) -> None:
        """Remove files that are none of ours any more. Who still reads one reads on, unless it is to be
        overwritten, on the disk and in everybody's memory.
        """
        for path in self._old():
            if overwrite:
                _overwrite(path)
            path.unlink(missing_ok=True)

    def _old(self) -> set[Path]:
        return {*self.folder.glob("*.[0-9]*")} - {self._path(n) for n in range(len(NAMES))}

    def prepare_growth(self) -> tuple[int, int, int]:
        """Make the room that the header says is lacking, without touching what is in use: (file, its number,
        its room), for `grow`.
        """
        number = int(self.header[LACKS])
        wanted = int(self.header[USED + number] + self.header[NEEDS])
        if wanted > (most := _most(number)):
            raise FrameFullError(f"the frame can hold no more {NAMES[number]}")
        room = min(most, max(wanted, int(self.header[ROOM + number] * _MORE)))
        if number == SLOTS:
            return self._larger_slots(wanted)
        self._allocate(self._path(number), self._size(number, room))
        return number, int(self.header[FILE + number]), room

    def grow(self, prepared: tuple[int, int, int]) -> None:
        """From now on the header says so."""
        number, file, room = prepared
        old = self._path(number)
        self.header[FILE + number], self.header[ROOM + number] = file, room
        self.header[GENERATION] += 1
        if self._path(number) != old:
            old.unlink(missing_ok=True)

    def write_all(self, goes_on: Callable[[], bool]) -> bool:
        """Write what is in memory alone to the disk; whether all is there, which it is not where it does not
        go on.
        """
        arrays = self.arrays
        for array in (getattr(arrays, name) for name in NAMES):
            memory = memory_of(array)
            for begins in range(0, len(memory), PIECE):
                if not goes_on():
                    return False
                memory.flush(begins, min(PIECE, len(memory) - begins))
        return True

    def keep(self) -> None:
        """Everything is on the disk, and the header says so."""
        for number in range(len(NAMES)):
            descriptor = os.open(self._path(number), os.O_RDWR)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        self.header[KEPT] = 1
        self.keep_header()

    def keep_header(self) -> None:
        """The header is on the disk."""
        descriptor = os.open(self.folder / "header", os.O_RDWR)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    @property
    def size(self) -> int:
        """Bytes of all files that are in use; there is room beyond."""
        return (
            sum(
                int(self.header[USED + n]) * FILES[name][0].itemsize
                for n, name in enumerate(NAMES)
                if n != SLOTS
            )
            + len(self.arrays.slots) * 8
        )

    def _larger_slots(self, wanted: int) -> tuple[int, int, int]:
        old, file = self.arrays.slots, int(self.header[GENERATION]) + 1
        size = len(old)
        while _usable(size) < wanted or size == len(old):
            size *= 2
        path = self.folder / f"{NAMES[SLOTS]}.{file}"
        path.unlink(missing_ok=True)
        self._allocate(path, size * old.dtype.itemsize)
        _rehash(old, np.frombuffer(_map(path, size * old.dtype.itemsize), old.dtype))
        return SLOTS, file, _usable(size)

    def _give_room(self, number: int, room: int) -> None:
        path = self._path(number)
        path.unlink(missing_ok=True)
        self._allocate(path, room * FILES[NAMES[number]][0].itemsize)
        self.header[ROOM + number] = _usable(room) if number == SLOTS else room

    def _allocate(self, path: Path, size: int) -> None:
        """The file is at least so large, and the disk has the space: a hole that cannot be filled would end a
        process.
        """
        with private.owner_only():
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.posix_fallocate(descriptor, 0, size)
        except OSError as error:
            raise StoreUnavailableError(
                f"there is no room for the frame in {self.folder}: {error.strerror}"
            ) from error
        finally:
            os.close(descriptor)

    def _path(self, number: int) -> Path:
        return self.folder / f"{NAMES[number]}.{self.header[FILE + number]}"

    @staticmethod
    def _size(number: int, room: int) -> int:
        """Bytes of a file with that room; `slots` are the next power of two, so that a third of them stays
        empty.
        """
        return (1 << room.bit_length() if number == SLOTS else room) * FILES[NAMES[number]][0].itemsize


def boot() -> int:
    """Which start of the machine this is."""
    try:
        return zlib.crc32(Path("/proc/sys/kernel/random/boot_id").read_bytes()) + 1
    except OSError:
        return 0


def _most(number: int) -> int:
    """How many rows a file may have, so that each has a number; of texts bytes."""
    if number == TEXTS:
        return _ROWS * TEXT_STEP
    return _ROWS >> 2 if NAMES[number] in _PACKED else _ROWS


def _usable(slots: int) -> int:
    return slots * 2 // 3


def _overwrite(path: Path) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        left, nothing = os.fstat(descriptor).st_size, bytes(PIECE)
        while left > 0:
            left -= os.write(descriptor, nothing[:left])
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _file_number(path: Path) -> int | None:
    """By which number the disk knows a file; None where it is not there."""
    try:
        return path.stat().st_ino
    except OSError:
        return None


def _map(path: Path, size: int, grow: bool = False) -> mmap.mmap:
    descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | (os.O_CREAT if grow else 0), 0o600)
    try:
        if grow and os.fstat(descriptor).st_size < size:
            os.posix_fallocate(descriptor, 0, size)
        return map_pages(descriptor, size)
    finally:
        os.close(descriptor)


@compiled
def _rehash(old: Rows, fresh: Rows) -> None:
    """What is in the old slots comes into the larger, empty ones."""
    for slot in old:
        if slot.row != 0:
            at = np.int64(slot.hash >> np.uint32(OF_BITS)) & (len(fresh) - 1)
            while fresh[at].row != 0:
                at = (at + 1) & (len(fresh) - 1)
            fresh[at].hash, fresh[at].row = slot.hash, slot.row
