"""Rows of a stage by bucket: what one task of ours reads and writes, on whichever machine it runs.

A stage that the cluster shuffled has a folder for each bucket (`bucket=7`), one that our tasks wrote a file
(`00007.parquet`). Nothing is there for a bucket without rows.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping

import fsspec
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from graph.facts.tables import Column

Rows = Mapping[str, Column]
Task = Callable[[str, int], Rows]
"""From the folder of the stages and a number to the rows of that bucket."""


def bucket(folder: str, stage: str, number: int, kinds: Mapping[str, str]) -> Rows:
    """Columns of a bucket by name, of the kinds that numpy calls so (`i4`; `18f4`: lists of so many, (rows,
    18)).
    """
    return _first_there(folder, (f"{stage}/bucket={number}", f"{stage}/{number:05d}.parquet"), kinds)


def whole(folder: str, stage: str, kinds: Mapping[str, str]) -> Rows:
    """The same of all buckets, or of a stage that has none."""
    return _first_there(folder, (stage,), kinds)


def _first_there(folder: str, names: tuple[str, ...], kinds: Mapping[str, str]) -> Rows:
    for name in names:
        files, place = fsspec.core.url_to_fs(f"{folder}/{name}")
        if files.exists(place) and (held := ds.dataset(place, filesystem=files, format="parquet")).files:
            table = held.to_table(list(kinds))
            return {
                name: _column(table[name]).astype(np.dtype(kind).base, copy=False)
                for name, kind in kinds.items()
            }
    return {name: np.zeros(0, kind) for name, kind in kinds.items()}


def kinds_of(rows: Rows) -> Mapping[str, str]:
    """The kinds of columns (rows,) or (rows, k), as `bucket` is told them."""
    return {
        name: f"{'' if column.ndim == 1 else column.shape[1]}{column.dtype.str}"
        for name, column in rows.items()
    }


def write_bucket(folder: str, stage: str, number: int, rows: Rows) -> int:
    """Writes the rows (each column (rows,) or (rows, k)), if there are any; how many."""
    if not len(next(iter(rows.values()), ())):
        return 0
    table, file = table_of(rows), io.BytesIO()
    pq.write_table(table, file, compression="zstd")
    files, place = fsspec.core.url_to_fs(f"{folder}/{stage}")
    files.makedirs(place, exist_ok=True)
    files.pipe_file(f"{place}/{number:05d}.parquet", file.getvalue())
    return len(table)


def table_of(rows: Rows) -> pa.Table:
    """The rows as a table, NaN as null: statistics of a file leave NaN out, and Sail takes a column whose
    least and largest value are equal for a constant.
    """
    return pa.table({name: _array(column) for name, column in rows.items()})


def _array(column: Column) -> pa.Array:
    if column.ndim == 1:
        return pa.array(column, pa.string() if column.dtype == object else None, from_pandas=True)
    # not as lists of one length: Sail does not read those as the arrays that Spark writes
    starts = np.arange(0, column.size + 1, column.shape[1], dtype=np.int32)
    return pa.ListArray.from_arrays(starts, pa.array(column.ravel()))


def running(
    task: Task, folder: str, stage: str
) -> Callable[[Iterator[pd.DataFrame]], Iterator[pd.DataFrame]]:
    """What a task of Spark does with the numbers of buckets (`id`) that it gets: each is computed and
    written. One that is run twice writes the same file again.
    """

    def run(batches: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        for numbers in batches:
            rows = [write_bucket(folder, stage, n, task(folder, n)) for n in numbers["id"].tolist()]
            yield pd.DataFrame({"id": numbers["id"], "rows": np.array(rows, np.int64)})

    return run


def _column(chunks: pa.ChunkedArray) -> Column:
    held = chunks.combine_chunks()
    if pa.types.is_nested(held.type):
        flat = np.asarray(held.flatten().to_numpy(zero_copy_only=False))
        return flat.reshape(len(held), -1) if len(held) else flat.reshape(0, 0)
    return np.asarray(held.to_numpy(zero_copy_only=False))
