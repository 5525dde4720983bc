"""The journal of a delivery's shards: all entries in turn, of which nobody holds the names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from graph.rings.spark.buckets import Parted, write_bucket
from graph.rings.spark.stages import Stages
from ingestion.spark.journal import ShardJournal
from ingestion.spark.shards import ENTRIES, JOURNAL


def written(folder: Path, shards: list[dict[int, int]]) -> tuple[ShardJournal, list[bytes]]:
    """The journal of shards that have so many entries of each table, and the entries by the order that its
    class says.
    """
    stages = Stages(None, f"file://{folder}", 500_000)
    placed: list[tuple[int, int, int, bytes]] = []

    def parts(shard: int, tables: dict[int, int]) -> Iterator[Parted]:
        for table, entries in tables.items():
            for n in range(entries):
                entry = f"{shard} {table} {n}".encode()
                placed.append((table, n, shard, entry))
                yield Parted({f"{JOURNAL}/{table}": {"entry": np.array([entry], object)}})
        numbers = np.array([*tables.values()], "i8")
        rows = {
            "shard": np.full(len(tables), shard, "i4"),
            "table": np.array([*tables], "i1"),
            "first": np.cumsum(numbers) - numbers,
            "entries": numbers,
        }
        yield Parted({ENTRIES: rows}, all_parts=True)

    def write(place: str) -> None:
        for shard, tables in enumerate(shards):
            write_bucket(place, shard, parts(shard, tables))

    stages.made("sharded", write)
    return ShardJournal(stages.folder, "sharded", (), 7), [entry for *_, entry in sorted(placed)]


@pytest.mark.parametrize(
    "shards",
    [
        [{}],
        [{1: 3}],
        [{1: 2, 4: 1}, {}, {1: 3, 2: 1}],
        [{table: (shard * 7 + table * 3) % 4 + 1 for table in (1, 2, 4)} for shard in range(6)],
    ],
)
def test_entries_come_table_by_table_and_of_each_shard_in_turn(
    tmp_path: Path, shards: list[dict[int, int]]
) -> None:
    journal, entries = written(tmp_path, shards)
    assert journal.revision == 1 + len(entries)
    whole = list(journal.tail(0))
    assert [revision for revision, _ in whole] == list(range(1, 2 + len(entries)))
    assert [entry for _, entry in whole[1:]] == entries
    for after in range(journal.revision + 1):
        assert list(journal.tail(after)) == whole[after:]
        assert list(journal.tail(after, journal.revision - 1)) == whole[after:-1]
