"""The frame: a machine's resident copy of a store, opened from its folder, kept current by the journal, read
under a lock.
"""

from __future__ import annotations

import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from datetime import datetime
from math import inf
from pathlib import Path
from time import monotonic

from graph.frame.catch_up import ALL, NOTHING, AtHand, CatchUpBudget, Journal, is_past_of, some_at_once
from graph.frame.columns.layout import (
    BOOT,
    CHECK,
    DIRTY,
    GOAL,
    KEPT,
    LONG,
    MARK,
    PART,
    ROW,
    SEALED,
    SEALING,
    SECTION,
    SEED,
    STEP,
    STORE,
    UNDERWAY,
    WANTED,
    WHOLE,
    Arrays,
)
from graph.frame.entries.apply import DONE, MORE, ROOM_LACKS, apply_slice, batch_of
from graph.frame.entries.batch import EntryBatch
from graph.frame.entries.rings import RingBatch, apply_rings, ring_batch
from graph.frame.files import Files, boot
from graph.frame.locks import FairLock, waits, writers_lock
from graph.frame.seals import dismiss_damaged, seal
from graph.frame.views.snapshots import CachedSnapshots
from graph.frame.views.view import FrameView
from graph.journal.entry import decode
from graph.journal.pages import numbered
from graph.kernels.by_address import address_of
from graph.model.errors import FrameUnreadableError, StoreUnavailableError
from graph.model.moments import COUNTRY
from graph.store.port import GraphView

SLICE = 256  # facts that come in while readers wait: a few milliseconds
PATIENCE = 600.0  # seconds: a fill of millions takes minutes
OPENS_S = 10.0  # how long somebody else may take to begin the folder anew


class Frame:
    """The resident copy in `folder`, which all processes of a machine open; safe for many threads.

    Nothing of a revision is seen by who reads at an earlier one, so a reader may come between two slices of a
    load. Whoever dies in the middle of a slice leaves the header dirty: then nobody reads, and the next one
    to catch up fills the frame anew from the store.
    """

    def __init__(self, folder: Path, store: Journal, zone: str = COUNTRY) -> None:
        self.zone = zone
        self._store = store
        self._files = Files(folder)
        self._writing = writers_lock(folder)
        self._reading = FairLock(
            folder.with_name(folder.name + ".readers"), folder, self._files.header[WANTED : WANTED + 1]
        )
        self._held = threading.local()
        self.cached: CachedSnapshots = {}
        self._trusted = self._looked_through = self._brought = False
        self._filling = 0  # the seed of what this process holds something of
        self._begin()

    @classmethod
    def open(cls, folder: str | Path, store: Journal, zone: str = COUNTRY) -> Frame:
        """The frame in that folder, as far as it got: `catch_up` brings it to the store's revision.

        Raises StoreUnavailableError without room, or where somebody else is putting the folder right and does
        not end.
        """
        return cls(Path(folder).absolute(), store, zone)

    # -- reading

    @property
    def revision(self) -> int:
        """Everything of this revision and of those before is in."""
        return int(self._files.header[MARK]) if self._files.is_of_layout else 0

    @property
    def behind(self) -> int:
        """By how many revisions it lags behind the store, as far as any process of this machine knows."""
        return max(0, int(self._files.header[GOAL]) - self.revision)

    @property
    def is_whole(self) -> bool:
        """Whether it can be read, and once held all that its store had: not while it is filled, or anew."""
        header = self._files.header
        try:  # a slice is coming in, for some milliseconds, or its writer died
            with self._reading.shared() if header[DIRTY] else nullcontext():
                return self._files.is_of_layout and bool(header[WHOLE]) and not header[DIRTY]
        except FrameUnreadableError:
            return False

    @property
    def folder(self) -> Path:
        """Where it lies."""
        return self._files.folder

    @property
    def is_there(self) -> bool:
        """Whether its folder is still there."""
        return self._files.is_there

    @property
    def size(self) -> int:
        """Bytes in use."""
        return self._files.size

    @property
    def seed(self) -> int:
        """Drawn whenever the frame is begun anew: two reads under one seed are of one filling."""
        return int(self._files.header[SEED])

    def is_of(self, edition: int) -> bool:
        """Whether it was filled from that edition of the store; 0 is any."""
        return edition in (0, int(self._files.header[STORE]))

    def holds(self, revision: int, edition: int = 0) -> bool:
        """Whether everything up to that revision, of that edition (0: of any), can be read now."""
        header = self._files.header
        return (
            self._trusted
            and self._files.is_of_layout
            and not header[DIRTY]
            and bool(header[MARK] >= revision)
            and self.is_of(edition)
        )

    @contextmanager
    def reading(self, revision: int = 0, seed: int = 0) -> Iterator[Arrays]:
        """The arrays, which nobody changes meanwhile: be quick. Raises FrameUnreadableError where they do not
        hold `revision` now, or are of another filling than `seed` says (0: of any).
        """
        if getattr(self._held, "arrays", None) is not None:
            yield self._held.arrays
            return
        with self._reading.shared():
            header = self._files.header
            if not self._files.is_of_layout or header[DIRTY] or header[MARK] < revision:
                raise FrameUnreadableError(f"the frame does not hold mark {revision} now")
            if seed and header[SEED] != seed:
                raise FrameUnreadableError("the frame was begun anew")
            self._held.arrays = self._mapped()
            try:
                yield self._held.arrays
            finally:
                self._held.arrays = None

    def view(
        self, as_of: datetime, revision: int | None = None, otherwise: Callable[[], GraphView] | None = None
    ) -> FrameView:
        """The graph just before `as_of`, of what was recorded up to that revision (default: all that is in).

        `otherwise` gives another view of the same, for who looks when the frame cannot be read any more.
        """
        return FrameView(self, as_of, self.revision if revision is None else revision, otherwise)

    def _mapped(self) -> Arrays:
        try:
            return self._files.arrays
        except OSError as error:
            raise FrameUnreadableError(f"the frame's files cannot be read: {error}") from error

    # -- keeping current

    def catch_up(
        self,
        upto: int | None = None,
        patience: float = PATIENCE,
        effort: CatchUpBudget = ALL,
        at_hand: AtHand = NOTHING,
    ) -> bool:
        """Bring in what the store's journal has up to that revision (default: all, of the store's edition by
        now); nothing where it is in. Whether it is in now.

        Of what is `at_hand` nothing is asked for. Who asks for ALL has damaged files filled anew. False where
        somebody else is at it for longer than `patience` seconds, where it takes more than `effort`, and,
        unless this may begin anew, where the frame is of another edition. Raises StoreUnavailableError where
        the store does not answer, and where another version of the program has taken the folder over.
        """
        self._drop_earlier()
        if upto is not None and self.holds(upto, at_hand.edition):
            return True
        if not self._files.is_of_layout:
            raise FrameUnreadableError(
                "another version of the program has taken the frame's folder over: the store is read"
            )
        wanted, (edition, entry), header = upto, at_hand, self._files.header
        if wanted is None:
            wanted, edition = self._store.state()
        header[GOAL] = max(header[GOAL], wanted)
        if header[STORE] and not self.is_of(edition):
            if not effort.anew:
                return False
            self._trusted = False
        if wanted - header[MARK] > effort.marks:
            return False
        if effort is ALL and not self._looked_through:
            self._looked_through = True
            dismiss_damaged(self._files, self._writing, self._reading, patience)
        self._recognise()
        for _ in waits(patience):
            if self.holds(wanted, edition):
                return True
            if self._writing.try_alone():
                try:
                    self._bring(wanted, effort, AtHand(edition, entry))
                finally:
                    self._writing.free()
                # before any pause: that is a turn of the processor
                if self.holds(wanted, edition) or effort is not ALL:
                    return self.holds(wanted, edition)
            elif header[LONG] and not effort.anew:
                return False
        return False

    def snapshot(self, seconds: float = inf) -> int:
        """Write everything to the disk, so that the folder outlives the machine; the revision that it holds.

        It does not where somebody brings something in meanwhile, or where it takes more than so many seconds:
        then there will be another occasion.
        """
        seal(self._files, self._writing, monotonic() + seconds, keep=True)
        return self.revision

    def close(self, seconds: float = inf) -> None:
        """Give back the locks' descriptors; what was handed out can be read on. Who brought something in says
        in the header what the files are then, unless somebody else is at it or it takes more than so many
        seconds.
        """
        if self._brought:
            self._brought = False
            with suppress(OSError):  # the folder was taken away
                seal(self._files, self._writing, monotonic() + seconds)
        self._writing.close()
        self._reading.close()

    def _bring(self, wanted: int, effort: CatchUpBudget, at_hand: AtHand) -> None:
        """Bring in what the effort allows. The writer's lock is held."""
        if not self._trust(effort.anew) or not self.is_of(at_hand.edition):
            return
        header, size, until = self._files.header, effort.bytes, monotonic() + effort.seconds
        header[LONG] = effort.anew
        header[GOAL] = max(header[GOAL], wanted)
        check = 0
        for revision, number, body in numbered(self._entries(wanted, at_hand.entry)):
            check = check if number else zlib.crc32(body)
            if number < header[PART] and header[UNDERWAY] == check:
                continue  # of a snapshot that is coming in, this is in
            size -= len(body)
            if size < 0 or not self._apply((revision, check), body, until, effort.anew):
                return
        if header[MARK] >= header[GOAL] and not header[WHOLE]:
            header[WHOLE] = 1

    def _entries(self, wanted: int, last: bytes) -> Iterator[tuple[int, bytes]]:
        """What is not in up to that revision; its own entry is the store's unless it is given. It ends where
        the store is of another edition by now: then the frame is not trusted any more.
        """
        known = wanted - bool(last)
        if self.revision < known:
            for some in some_at_once(self._store.tail(self.revision, known)):
                if not self.is_of(self._store.edition()):
                    self._trusted = False
                    return
                yield from some
        if last and self.revision == known:
            yield wanted, last

    def _apply(self, of: tuple[int, int], body: bytes, until: float, may_grow: bool) -> bool:
        """Bring an entry in, from where it was left; whether all of it is in. `of` is its revision, and the
        check sum of the entry that begins this.
        """
        (revision, check), header, status = of, self._files.header, MORE
        # the store was restored from a backup and got other facts since
        if any(header[[SECTION, ROW, STEP, PART]]) and header[UNDERWAY] != check:
            with self._reading.alone():
                header[DIRTY] = 1
            return False
        entry = decode(body)
        batch: EntryBatch | RingBatch = (
            ring_batch(entry) if len(entry.head) or len(entry.rings) else batch_of(entry)
        )
        while True:
            with self._reading.alone():
                self._begin_slice(check)
                arrays = self._files.arrays
                status = (
                    apply_rings(arrays, batch, revision, SLICE)
                    if isinstance(batch, RingBatch)
                    else apply_slice(address_of(arrays), address_of(batch), revision, SLICE)
                )
                if status == DONE and header[MARK] == revision:
                    header[CHECK] = check
                header[DIRTY] = 0
            if status == DONE:
                return True
            if (status == ROOM_LACKS and not may_grow) or monotonic() > until:
                return False
            if status == ROOM_LACKS:
                self._grow()

    def _grow(self) -> None:
        prepared = self._files.prepare_growth()
        with self._reading.alone():
            self._files.header[DIRTY] = 1
            self._files.grow(prepared)
            self._files.header[DIRTY] = 0

    def _begin_slice(self, check: int) -> None:
        header = self._files.header
        if header[KEPT]:
            header[KEPT], header[BOOT] = 0, boot()
            self._files.keep_header()
        header[DIRTY], header[UNDERWAY], self._brought = 1, check, True
        header[[SEALED, SEALING]] = 0

    # -- whether what is in the folder is the store's

    def _begin(self) -> None:
        """The folder is of this layout and whole; emptied where it is not. Raises StoreUnavailableError."""
        for _ in waits(OPENS_S):
            with self._reading.shared():
                if self._outlived() and not self._files.has_old:
                    return
            if self._writing.try_alone():
                try:
                    if not self._outlived():
                        self._begin_anew()
                    self._files.remove_old(overwrite=True)  # whoever was to do it was killed
                    return
                finally:
                    self._writing.free()
        raise StoreUnavailableError(
            f"somebody else is at the frame in {self._files.folder}, which is damaged, and does not end"
        )

    def _outlived(self) -> bool:
        """Whether the files are whole: nobody died in a slice, nor did power fail before all was written."""
        header = self._files.header
        return self._files.is_sound and not header[DIRTY] and bool(header[KEPT] or header[BOOT] == boot())

    def _begin_anew(self, overwrite: bool = False) -> None:
        """Empty the folder. The writer's lock is held."""
        self._files.replace_all(self._reading, overwrite)
        self._drop_earlier()

    def _drop_earlier(self) -> None:
        """Nothing of an earlier filling stays in this process's memory."""
        if self.seed != self._filling:
            self._filling = self.seed
            self.cached.clear()
            self._files.forget_earlier()

    def _trust(self, anew: bool) -> bool:
        """Whether the folder is this store's, and nobody died in a slice; else it is begun anew where that is
        allowed. The writer's lock is held.
        """
        header = self._files.header
        if header[DIRTY] or not (self._trusted or is_past_of(self._store, *self._identity())):
            if not anew:
                return False
            if header[MARK] or header[STORE] or header[DIRTY]:
                self._begin_anew(overwrite=bool(header[STORE]) and not self.is_of(self._store.edition()))
        if header[STORE] == 0:
            header[STORE] = self._store.edition()
        self._trusted = True
        return True

    def _recognise(self) -> None:
        """Trust a folder that is plainly this store's, even while somebody else is bringing facts in."""
        if not self._trusted:
            with self._reading.shared():
                rows, dirty = self._identity(), self._files.header[DIRTY]
            self._trusted = not dirty and is_past_of(self._store, *rows)

    def _identity(self) -> tuple[int, int, int]:
        """Of which store the folder is, up to which revision, and the check sum of the entry that begins
        that revision. Some lock is held.
        """
        header = self._files.header
        return int(header[STORE]), int(header[MARK]), int(header[CHECK])
