"""Reads a store's entries in order of revision, page by page, without gaps, a snapshot's parts after its
head.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from graph.journal.entry import decode, has_parts
from graph.journal.parts import SnapshotHead, head_of
from graph.model.errors import StoreVersionError

AT_LEAST, AT_MOST = 16, 4_096  # entries a page
ENOUGH = 4 << 20  # bytes a page: a load's entries are large, those of single applications small

Read = Callable[[int, int, int], list[tuple[int, bytes]]]
"""(after, upto, limit) -> the first `limit` entries with after < revision <= upto, by revision."""
ReadPart = Callable[[str, int], bytes | None]
"""(key, number from 1 on) -> the entry of a part of that snapshot; None where it is not there."""


def with_parts(entries: Iterable[tuple[int, bytes]], read: ReadPart) -> Iterator[tuple[int, bytes]]:
    """The entries, and after one that begins a snapshot its parts, with its revision. One part is held.

    Raises StoreVersionError where one is missing.
    """
    for revision, body in entries:
        yield revision, body
        if has_parts(body):
            for part in parts_after(revision, head_of(decode(body).head), read):
                yield revision, part


def parts_after(revision: int, head: SnapshotHead, read: ReadPart, *, rings: bool = True) -> Iterator[bytes]:
    """The entries of the parts of a snapshot; without those that have `rings` alone, or with them. One is
    held.

    Raises StoreVersionError where one is missing.
    """
    for number in range(1 if rings else head.changes, head.parts + 1):
        part = read(head.key, number)
        if part is None:
            raise StoreVersionError(
                f"the ring snapshot of mark {revision} lacks its part {number} of {head.parts}: bring "
                "the store back from a backup"
            )
        yield part


def numbered(entries: Iterable[tuple[int, bytes]]) -> Iterator[tuple[int, int, bytes]]:
    """(revision, number, entry): 0 for what begins a revision, from 1 on for the parts of a snapshot."""
    before, number = -1, 0
    for revision, body in entries:
        number = number + 1 if revision == before else 0
        before = revision
        yield revision, number, body


def entries_in_order(read: Read, after: int, upto: int) -> Iterator[tuple[int, bytes]]:
    """(revision, entry) of every revision after `after` up to and including `upto`.

    Raises StoreVersionError where a revision has no entry: a release that wrote none was still at work when
    the store was brought up to this one.
    """
    limit = AT_LEAST
    while after < upto:
        page = read(after, upto, limit)
        for revision, body in page:
            if revision != after + 1:
                break
            yield revision, body
            after = revision
        whole = not page or page[-1][0] == after
        if not whole or (after < upto and len(page) < limit):
            raise StoreVersionError(
                f"mark {after + 1} has no entry in the journal: an older release wrote to the store after it "
                "was brought up to this one; stop that one, and open the store again"
            )
        size = sum(len(body) for _, body in page)
        limit = (
            min(limit * 2, AT_MOST)
            if size < ENOUGH // 2
            else max(limit // 2, AT_LEAST)
            if size > ENOUGH
            else limit
        )
