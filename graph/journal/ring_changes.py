"""What became of the rings of a snapshot, from the journal: read in turn, or of one ring."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from graph.journal.entry import decode
from graph.journal.pages import ReadPart, parts_after
from graph.journal.parts import head_of
from graph.journal.snapshots import SnapshotText
from graph.model.types import RingChange

Texts = Callable[[], Iterable[SnapshotText]]


@dataclass(frozen=True, slots=True)
class RingChanges:
    """The changes in some `texts`, which are read one after the other, from the first one at each walk."""

    texts: Texts

    def __iter__(self) -> Iterator[RingChange]:
        return (change for text in self.texts() for change in text.changes())

    def of(self, ring_id: str) -> RingChange | None:
        """That ring's; None where nothing is said of it."""
        found = (text.change(ring_id) for text in self.texts())
        return next((change for change in found if change is not None), None)


def texts_with_changes(revision: int, entry: bytes, read: ReadPart) -> Iterator[SnapshotText]:
    """The texts of the snapshot that an `entry` begins, or is, but for parts that have rings alone. One is
    held.

    Raises StoreVersionError where a part is missing.
    """
    begun = decode(entry)
    if not len(begun.head):
        yield SnapshotText.of(begun.snapshot)
        return
    for body in parts_after(revision, head_of(begun.head), read, rings=False):
        yield SnapshotText.of(decode(body).part)
