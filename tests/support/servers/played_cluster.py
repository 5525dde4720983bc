"""A Spark session that is played in this process: what our tasks are given on a cluster, and nothing else."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import pyarrow as pa
import pyarrow.parquet as pq


@dataclass(frozen=True)
class PlayedRows:
    """A DataFrame in partitions."""

    parts: tuple[pa.Table, ...]

    def repartitionByRange(self, partitions: int, column: str) -> PlayedRows:
        whole = pa.concat_tables(self.parts).sort_by(column)
        size = -(-len(whole) // partitions) or 1
        return PlayedRows(tuple(whole.slice(n * size, size) for n in range(partitions)))

    def mapInArrow(self, task: Any, _columns: str) -> PlayedRows:
        """Each partition by a process of its own, as far as the task can tell."""

        def mapped(part: pa.Table) -> Iterator[pa.RecordBatch]:
            return pickle.loads(pickle.dumps(task))(iter(part.to_batches(max_chunksize=50)))

        made = (list(mapped(part)) for part in self.parts)
        return PlayedRows(tuple(pa.Table.from_batches(batches) for batches in made if batches))

    def mapInPandas(self, task: Any, _columns: str) -> PlayedRows:
        """The same for tasks that take frames."""

        def framed(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            for some in task(batch.to_pandas() for batch in batches):
                yield pa.RecordBatch.from_pandas(some, preserve_index=False)

        made = (list(framed(iter(part.to_batches()))) for part in self.parts)
        return PlayedRows(tuple(pa.Table.from_batches(batches) for batches in made if batches))

    def collect(self) -> list[dict[str, Any]]:
        """The rows, the last partition's first."""
        return [row for part in reversed(self.parts) for row in part.to_pylist()]

    @property
    def write(self) -> PlayedRows:
        return self

    @property
    def schema(self) -> PlayedRows:
        return self

    def json(self) -> str:
        """Nothing: every stage that is played has rows."""
        return ""

    def mode(self, _mode: str) -> PlayedRows:
        return self

    def parquet(self, address: str) -> None:
        """The last partition first, each from its last row to its first: nobody may rely on an order."""
        folder = Path(urlparse(address).path)
        folder.mkdir(parents=True, exist_ok=True)
        for number, part in enumerate(reversed(self.parts)):
            pq.write_table(part.take(list(range(len(part)))[::-1]), folder / f"{number}.parquet")


class PlayedSession:
    """Reads what lies in a folder, and counts in two partitions."""

    @property
    def conf(self) -> dict[str, str]:
        return {"spark.sql.shuffle.partitions": "2"}

    def range(self, start: int, end: int, step: int, partitions: int) -> PlayedRows:
        size = -(-(end - start) // partitions)
        starts = range(start, end, size)
        return PlayedRows(
            tuple(pa.table({"id": range(at, min(at + size, end), step)}) for at in starts),
        )

    @property
    def read(self) -> PlayedSession:
        return self

    def parquet(self, address: str) -> PlayedRows:
        return PlayedRows((pq.read_table(urlparse(address).path),))
