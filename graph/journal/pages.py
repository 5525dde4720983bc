"""Reads a store's entries in order of revision, page by page, without gaps."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from graph.model.errors import StoreVersionError

AT_LEAST, AT_MOST = 16, 4_096  # entries a page
ENOUGH = 4 << 20  # bytes a page: a load's entries are large, those of single applications small

Read = Callable[[int, int, int], list[tuple[int, bytes]]]
"""(after, upto, limit) -> the first `limit` entries with after < revision <= upto, by revision."""


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
