"""Rows of a stage by bucket: what one task of ours reads and writes, on whichever machine it runs.

A stage that the cluster shuffled has a folder for each bucket (`bucket=7`), one that our tasks wrote a file
(`00007.parquet`). Nothing is there for a bucket without rows.
"""

from __future__ import annotations

import io
import resource
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import fsspec
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from graph.facts.tables import Column
from graph.model.errors import RingfenceError
from graph.rings.spark.marks import marked, place_of, put_whole

Rows = Mapping[str, Column]
DONE = "id long, files long, peak_mb long"  # what a task says of each bucket


@dataclass(frozen=True)
class Parted:
    """Rows of several forms, each a part of one stage: read `STAGE/PART`. `all_parts`: those without rows
    are written too, so that there is somebody to say what their columns are.
    """

    parts: Mapping[str, Rows]
    all_parts: bool = False


Made = Rows | Parted | Iterator[Parted]
Task = Callable[[str, int], Made]
"""From the folder of the stages and a number to the rows of that bucket, or to some of them after the
other.
"""


def bucket(folder: str, stage: str, number: int, kinds: Mapping[str, str]) -> Rows:
    """Columns of a bucket by name, of the kinds that numpy calls so (`i4`; `18f4`: lists of so many, (rows,
    18)).
    """
    place = address_of(folder, stage)
    return rows_at(f"{place}/bucket={number}", kinds, f"{place}/{number:05d}.parquet")


def whole(folder: str, stage: str, kinds: Mapping[str, str]) -> Rows:
    """The same of all buckets, or of a stage that has none."""
    return rows_at(address_of(folder, stage), kinds)


def address_of(folder: str, stage: str) -> str:
    """Where the files of a stage, or of a part of it (`STAGE/PART`), are. Raises RingfenceError where this
    process sees no mark of it.
    """
    name, cut, part = stage.partition("/")
    if (mark := marked(folder, name)) is None:
        raise RingfenceError(
            f"there is no stage {name} in {folder}: do all executors reach the folder of --stages?"
        )
    return f"{place_of(folder, name, mark.run)}{cut}{part}"


def rows_at(address: str, kinds: Mapping[str, str], *others: str) -> Rows:
    """The rows of the Parquet files below an address, or else below one of the others; none where nothing is
    there.
    """
    for there in (address, *others):
        files, place = fsspec.core.url_to_fs(there)
        if not files.exists(place):
            continue
        try:
            if (held := ds.dataset(place, filesystem=files, format="parquet")).files:
                _refuse_other_columns(there, held.schema.names, kinds)
                table = held.to_table(list(kinds))
                return {
                    name: _column(table[name]).astype(np.dtype(kind).base, copy=False)
                    for name, kind in kinds.items()
                }
        except pa.ArrowInvalid as error:
            raise RingfenceError(
                f"{there} cannot be read ({error}): delete it, and the same command makes it again"
            ) from error
    return {name: np.zeros(0, kind) for name, kind in kinds.items()}


def _refuse_other_columns(address: str, names: Sequence[str], kinds: Mapping[str, str]) -> None:
    if lacking := [name for name in kinds if name not in names]:
        raise RingfenceError(
            f"{address} has no column {lacking[0]}: another Ringfence wrote its stage. "
            "Delete the folder of the stages, and the same command makes them again"
        )


def kinds_of(rows: Rows) -> Mapping[str, str]:
    """The kinds of columns (rows,) or (rows, k), as `bucket` is told them."""
    return {
        name: f"{'' if column.ndim == 1 else column.shape[1]}{column.dtype.str}"
        for name, column in rows.items()
    }


def write_bucket(place: str, number: int, made: Made) -> int:
    """Writes the rows (each column (rows,) or (rows, k)), if there are any, into the folder at the address
    `place`; how many files.
    """
    if isinstance(made, Parted):
        return _write_parts(place, f"{number:05d}", made)
    if isinstance(made, Iterator):
        return sum(_write_parts(place, name_of(number, count), some) for count, some in enumerate(made))
    if not _any(made):
        return 0
    write_rows(f"{place}/{number:05d}.parquet", made)
    return 1


def name_of(number: int, count: int) -> str:
    """The name, without its ending, of the files with what a task gave of a bucket as the `count`th."""
    return f"{number:05d}_{count:05d}"


def _write_parts(place: str, name: str, made: Parted) -> int:
    parts = {part: rows for part, rows in made.parts.items() if made.all_parts or _any(rows)}
    for part, rows in parts.items():
        write_rows(f"{place}/{part}/{name}.parquet", rows)
    return len(parts)


def _any(rows: Rows) -> bool:
    return len(next(iter(rows.values()), ())) > 0


def write_rows(address: str, rows: Rows) -> None:
    """A file of these rows, also where there are none."""
    file = io.BytesIO()
    pq.write_table(table_of(rows), file, compression="zstd")
    put_whole(address, file.getvalue())


def table_of(rows: Rows) -> pa.Table:
    """The rows as a table, NaN as null: statistics of a file leave NaN out, and Sail takes a column whose
    least and largest value are equal for a constant.
    """
    return pa.table({name: _array(column) for name, column in rows.items()})


def _array(column: Column) -> pa.Array:
    if column.ndim == 1:
        return pa.array(column, _kind(column), from_pandas=True)
    # not as lists of one length: Sail does not read those as the arrays that Spark writes
    starts = np.arange(0, column.size + 1, column.shape[1], dtype=np.int32)
    return pa.ListArray.from_arrays(starts, pa.array(column.ravel()))


def _kind(column: Column) -> pa.DataType | None:
    """Of objects: texts, or bytes where the first of them is some."""
    if column.dtype != object:
        return None
    return pa.binary() if len(column) and isinstance(column[0], bytes) else pa.string()


def running(
    task: Task, folder: str, place: str
) -> Callable[[Iterator[pd.DataFrame]], Iterator[pd.DataFrame]]:
    """What a task of Spark does with the numbers of buckets (`id`) that it gets: each is computed from the
    stages in `folder` and written to `place`. One that is run twice writes the same file again. It gives DONE
    of each: how many files, and the most memory that its process has held by then.
    """

    def run(batches: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        for numbers in batches:
            files = [write_bucket(place, n, task(folder, n)) for n in numbers["id"].tolist()]
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
            yield pd.DataFrame({"id": numbers["id"], "files": np.array(files, np.int64), "peak_mb": peak})

    return run


def _column(chunks: pa.ChunkedArray) -> Column:
    held = chunks.combine_chunks()
    if pa.types.is_nested(held.type):
        flat = np.asarray(held.flatten().to_numpy(zero_copy_only=False))
        return flat.reshape(len(held), -1) if len(held) else flat.reshape(0, 0)
    return np.asarray(held.to_numpy(zero_copy_only=False))
