"""A machine's resident copy of a store: opened from its folder, kept current by the marks of the journal, read under a lock."""

from __future__ import annotations

import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Protocol

from graph.errors import StoreUnavailableError
from graph.frame.apply import DONE, MORE, ROOM_LACKS, apply_slice, batch_of
from graph.frame.facts import Batch
from graph.frame.files import Files
from graph.frame.layout import BOOT, CHECK, DIRTY, KEPT, MARK, STORE, Arrays
from graph.frame.locks import FileLock, waits
from graph.frame.rings import RingBatch, apply_rings, ring_batch
from graph.frame.view import FrameView, KeptSnapshot
from graph.journal.entry import decode
from graph.moments import COUNTRY

SLICE = 256  # facts that come in while readers wait: a few milliseconds
PATIENCE = 600.0  # seconds: a fill of millions takes minutes


class Journal(Protocol):
    """What the frame asks of a store; `graph.store.GraphStore` says what is answered."""

    def mark(self) -> int: ...

    def tail(self, after: int, upto: int | None = None) -> Iterator[tuple[int, bytes]]: ...

    def identity(self) -> int: ...


class Frame:
    """The resident copy in `folder`, which all processes of a machine open; safe for many threads.

    Nothing of a mark is seen by who reads at an earlier one, so a reader may come between two slices of a load. Whoever dies in the middle
    of a slice leaves the header dirty: then nobody reads, and the next one to catch up fills the frame anew from the store.
    """

    def __init__(self, folder: Path, store: Journal, zone: str = COUNTRY) -> None:
        self.zone = zone
        self._store = store
        self._writing = FileLock(folder.with_name(folder.name + ".writer"))
        self._reading = FileLock(folder.with_name(folder.name + ".readers"))
        self._held = threading.local()
        self.kept: dict[tuple[int, int], KeptSnapshot] = {}  # ring snapshots that were read, by row and mark
        self._trusted = False
        self._files = Files(folder)
        with self._reading.shared():
            usable = self._outlived()
        if not usable:
            with self._writing.alone(), self._reading.alone():
                if not self._outlived():
                    self._files.begin_anew()
                    self._mine()

    @classmethod
    def open(cls, folder: str | Path, store: Journal, zone: str = COUNTRY) -> Frame:
        """The frame in that folder, as far as it got: `catch_up` brings it to the store's mark. Raises StoreUnavailableError without room."""
        return cls(Path(folder).absolute(), store, zone)

    # -- reading ----------------------------------------------------------------------------------------------------------------------

    @property
    def mark(self) -> int:
        """Everything of this mark and of those before is in."""
        return int(self._files.header[MARK])

    @property
    def size(self) -> int:
        """Bytes in use."""
        return self._files.size

    @contextmanager
    def reading(self, mark: int = 0) -> Iterator[Arrays]:
        """The arrays, which nobody changes meanwhile: be quick. Raises StoreUnavailableError where they do not hold `mark` now."""
        if getattr(self._held, "arrays", None) is not None:
            yield self._held.arrays
            return
        with self._reading.shared():
            header = self._files.header
            if header[DIRTY] or header[MARK] < mark:
                raise StoreUnavailableError(f"the frame does not hold mark {mark} now")
            self._held.arrays = self._files.arrays
            try:
                yield self._held.arrays
            finally:
                self._held.arrays = None

    def view(self, as_of: datetime, recorded_by: int | None = None) -> FrameView:
        """The graph just before `as_of`, of what was recorded up to that mark (default: all that is in)."""
        return FrameView(self, as_of, self.mark if recorded_by is None else recorded_by)

    # -- keeping current --------------------------------------------------------------------------------------------------------------

    def catch_up(self, upto: int | None = None, patience: float = PATIENCE, entry: bytes = b"") -> bool:
        """Bring in what the store's journal has up to that mark (default: all); nothing where it is in. Whether it is in now.

        `entry`: the journal's of that mark, where the caller has it (`Added`): the store is asked for those before it alone, most often none.
        False where somebody else is at it for longer than `patience` seconds. Raises StoreUnavailableError where the store does not answer.
        """
        wanted = self._store.mark() if upto is None else upto
        self._recognise()
        for _ in waits(patience):
            if self._holds(wanted):
                return True
            if self._writing.try_alone():
                try:
                    self._trust()
                    for mark, body in self._store.tail(self.mark, wanted - bool(entry)):
                        self._apply(mark, body)
                    if entry and self.mark == wanted - 1:
                        self._apply(wanted, entry)
                finally:
                    self._writing.free()
                if self._holds(wanted):  # before any pause: that is a turn of the processor
                    return True
        return False

    def _holds(self, mark: int) -> bool:
        header = self._files.header
        return self._trusted and not header[DIRTY] and bool(header[MARK] >= mark)

    def snapshot(self) -> int:
        """Write everything to the disk, so that the folder outlives the machine; the mark that it holds."""
        with self._writing.alone():
            if not self._files.header[DIRTY]:
                self._files.keep()
            return self.mark

    def close(self) -> None:
        """Give back the locks' descriptors; what was handed out can be read on."""
        self._writing.close()
        self._reading.close()

    def _apply(self, mark: int, body: bytes) -> None:
        entry = decode(body)
        batch: Batch | RingBatch = ring_batch(entry.snapshot.tobytes()) if len(entry.snapshot) else batch_of(entry)
        header, said = self._files.header, MORE
        while said != DONE:
            with self._reading.alone():
                self._begin_slice()
                arrays = self._files.arrays
                said = apply_rings(arrays, batch, mark, SLICE) if isinstance(batch, RingBatch) else apply_slice(arrays, batch, mark, SLICE)
                if said == DONE:
                    header[CHECK] = zlib.crc32(body)
                header[DIRTY] = 0
            if said == ROOM_LACKS:
                prepared = self._files.prepare_growth()
                with self._reading.alone():
                    header[DIRTY] = 1
                    self._files.grow(prepared)
                    header[DIRTY] = 0

    def _begin_slice(self) -> None:
        header = self._files.header
        if header[KEPT]:
            header[KEPT], header[BOOT] = 0, _boot()
            self._files.keep_header()
        header[DIRTY] = 1

    # -- whether what is in the folder is the store's ---------------------------------------------------------------------------------

    def _outlived(self) -> bool:
        """Whether the files are whole: nobody died in a slice, and no power failed while the disk lacked something."""
        header = self._files.header
        return self._files.is_sound and not header[DIRTY] and bool(header[KEPT] or header[BOOT] == _boot())

    def _mine(self) -> None:
        self._files.header[BOOT] = _boot()

    def _trust(self) -> None:
        """Begin anew where the folder is of another store, or of another past of this one, or somebody died in a slice. The writer's lock is held."""
        header = self._files.header
        if header[DIRTY] or not (self._trusted or self._is_of_store()):
            with self._reading.alone():
                self._files.begin_anew()
                self._mine()
        if not self._trusted or header[STORE] == 0:
            header[STORE] = self._store.identity()
        self._trusted = True

    def _recognise(self) -> None:
        """Trust a folder that is plainly this store's, even while somebody else is bringing facts in."""
        if not self._trusted:
            with self._reading.shared():
                self._trusted = not self._files.header[DIRTY] and self._is_of_store()

    def _is_of_store(self) -> bool:
        """Whether what is in came from this store, and from the past that it has now. Some lock is held."""
        header = self._files.header
        if header[MARK] == 0 or header[STORE] != self._store.identity() or header[MARK] > self._store.mark():
            return False
        return all(zlib.crc32(body) == header[CHECK] for _, body in self._store.tail(self.mark - 1, self.mark))


def _boot() -> int:
    """Which start of the machine this is."""
    try:
        return zlib.crc32(Path("/proc/sys/kernel/random/boot_id").read_bytes()) + 1
    except OSError:
        return 0
