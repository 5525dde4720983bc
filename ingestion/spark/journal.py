"""The journal of a delivery: what the stores of its shards took, as one store's journal would have it."""

from __future__ import annotations

from collections.abc import Iterator

from graph.journal.encode import encode
from graph.model.types import Facts, Platform
from graph.rings.spark.buckets import rows_at
from graph.store.forgetting import StoreState
from ingestion.contract import TABLES
from ingestion.spark.chunks import chunks
from ingestion.spark.shards import JOURNAL


class ShardJournal:
    """The entries of all shards, table by table, of each the first of every shard, then the second: so that
    what happened at about one time comes in at about one time. What fills a frame asks no more of a store.
    """

    def __init__(self, folder: str, sharded: str, lenders: tuple[Platform, ...], edition: int) -> None:
        self._lenders, self._edition = encode(Facts(platforms=lenders)), edition
        self._entries: list[str] = []
        for table in range(len(TABLES)):
            found = chunks(folder, f"{sharded}/{JOURNAL}/{table}")
            placed = [(n, shard, one) for shard, some in found.items() for n, one in enumerate(some)]
            self._entries += [one for _, _, one in sorted(placed)]

    def tail(self, after: int, upto: int | None = None) -> Iterator[tuple[int, bytes]]:
        """(revision, entry), as of a store."""
        for revision in range(after + 1, (self.revision if upto is None else upto) + 1):
            yield revision, self._lenders if revision == 1 else self._entry(revision)

    def edition(self) -> int:
        """One for all: nobody is erased from a delivery."""
        return self._edition

    def state(self) -> StoreState:
        """Up to which revision, of which edition."""
        return StoreState(self.revision, self._edition)

    @property
    def revision(self) -> int:
        """How many entries there are."""
        return 1 + len(self._entries)

    def _entry(self, revision: int) -> bytes:
        entry: bytes = rows_at(self._entries[revision - 2], {"entry": "O"})["entry"][0]
        return entry
