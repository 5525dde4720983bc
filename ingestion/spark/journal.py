"""The journal of a delivery: what the stores of its shards took, as one store's journal would have it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from graph.facts.tables import Column
from graph.journal.encode import encode
from graph.model.types import Facts, Platform
from graph.rings.spark.buckets import address_of, name_of, rows_at, whole
from graph.store.forgetting import StoreState
from ingestion.spark.shards import ENTRIES, ENTRIES_KINDS, JOURNAL


class ShardJournal:
    """The entries of all shards, table by table, of each the first of every shard, then the second: so that
    what happened at about one time comes in at about one time. What fills a frame asks no more of a store.

    Of each shard and table it holds the number of the first entry and how many there are.
    """

    def __init__(self, folder: str, sharded: str, lenders: tuple[Platform, ...], edition: int) -> None:
        self._folder, self._sharded, self._edition = folder, sharded, edition
        self._lenders = encode(Facts(platforms=lenders))
        rows = whole(folder, f"{sharded}/{ENTRIES}", ENTRIES_KINDS)
        order = np.lexsort((rows["shard"], rows["table"]))
        self._runs = {name: column[order] for name, column in rows.items()}

    def tail(self, after: int, upto: int | None = None) -> Iterator[tuple[int, bytes]]:
        """(revision, entry), as of a store."""
        last = self.revision if upto is None else upto
        if after < 1 <= last:
            yield 1, self._lenders
        revisions = range(max(after, 1) + 1, last + 1)
        for revision, file in zip(revisions, self._files(revisions.start - 2)):
            entry: bytes = rows_at(file, {"entry": "O"})["entry"][0]
            yield revision, entry

    def edition(self) -> int:
        """One for all: nobody is erased from a delivery."""
        return self._edition

    def state(self) -> StoreState:
        """Up to which revision, of which edition."""
        return StoreState(self.revision, self._edition)

    @property
    def revision(self) -> int:
        """How many entries there are."""
        return 1 + int(self._runs["entries"].sum())

    def _files(self, after: int) -> Iterator[str]:
        """The address of each entry in turn, `after` so many."""
        for table in np.unique(self._runs["table"]).tolist():
            of = {name: column[self._runs["table"] == table] for name, column in self._runs.items()}
            place = address_of(self._folder, f"{self._sharded}/{JOURNAL}/{table}")
            for turn in range(int(of["entries"].max())):
                there = np.flatnonzero(of["entries"] > turn)
                yield from _named(place, of["shard"][there[after:]], of["first"][there[after:]] + turn)
                after = max(0, after - len(there))


def _named(place: str, shards: Column, numbers: Column) -> Iterator[str]:
    for shard, number in zip(shards.tolist(), numbers.tolist()):
        yield f"{place}/{name_of(shard, number)}.parquet"
