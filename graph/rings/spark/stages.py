"""Stages that are kept: each is a folder of Parquet with a mark beside it, and one that is there is not
computed again.
"""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import fsspec
import numpy as np
import pyarrow as pa
import pyarrow.dataset as ds

from graph.facts.tables import Column
from graph.model.errors import RingfenceError
from graph.product import product_version
from graph.rings.spark.buckets import Rows, Task, running, write_bucket

log = logging.getLogger("ringfence.rings")

VERSION = 5  # of stages: raise it when one is computed otherwise before there is a new version of Ringfence


def digest(*parts: bytes) -> str:
    """A name for what was asked: the same question has the same."""
    seal = hashlib.sha256()
    for part in parts:
        seal.update(part)
    return seal.hexdigest()[:16]


def folder_of(stages: str, work: str, what: str) -> str:
    """The address, below that of all `stages`, of those of some work: `rings`, `scores` or `features`, and
    a name for `what` they depend on. Another version of the product has another folder.
    """
    return f"{stages.rstrip('/')}/{work}-{product_version()}.{VERSION}-{what}"


@dataclass(frozen=True)
class Stages:
    """The stages of one search. `folder` is an address that this process (through fsspec) and every executor
    can read and write; `session` a Spark session; `rows` how many rows one task of ours holds at most, apart
    from a part that is larger.
    """

    session: Any
    folder: str
    rows: int

    def kept(self, name: str, make: Callable[[], Any]) -> Any:
        """The stage as a DataFrame: read where it is there already, else what `make` gives, written first."""

        def write() -> str:
            rows = make()
            rows.write.mode("overwrite").parquet(self.place(name))
            return str(rows.schema.json())

        self._once(name, write)
        return self.read(name)

    def kept_by_bucket(self, name: str, make: Callable[[], Any]) -> None:
        """The same for what our tasks read: a folder for each `bucket`, a column of what `make` gives."""

        def write() -> None:
            rows = make().repartition("bucket")
            rows.write.mode("overwrite").partitionBy("bucket").parquet(self.place(name))

        self._once(name, write)

    def each(self, name: str, buckets: int, task: Task, columns: str = "") -> None:
        """The stage that `task` makes of so many buckets: a file for each that has rows. One that may have
        none at all and is read as a DataFrame says its `columns`, as Spark writes them.

        There are no more tasks than partitions of a join, because Sail runs all of them at the same time.
        """

        def run() -> str:
            tasks = min(buckets, int(self.session.conf.get("spark.sql.shuffle.partitions")))
            numbers = self.session.range(0, buckets, 1, tasks)
            numbers.mapInPandas(running(task, self.folder, name), "id long, rows long").collect()
            if not columns:
                return ""
            files, place = fsspec.core.url_to_fs(self.place(name))
            files.makedirs(place, exist_ok=True)
            files.pipe_file(f"{place}/_SUCCESS", b"")
            return str(self.session.createDataFrame([], columns).schema.json())

        self._once(name, run)

    def read(self, name: str) -> Any:
        """A stage that is there, as a DataFrame. Files without rows do not say what their columns are."""
        files, place = fsspec.core.url_to_fs(f"{self.folder}/{name}.done")
        schema, reader = files.cat_file(place), self.session.read
        if schema.startswith(b"{"):
            from pyspark.sql.types import StructType  # here: commands name stages where there is no PySpark

            reader = reader.schema(StructType.fromJson(json.loads(schema)))
        return reader.parquet(self.place(name))

    def given(self, name: str, bucket_of: Column, rows: Rows) -> None:
        """Rows of this process (N,) for the tasks of each bucket, which `bucket_of` (N,) says."""

        def write() -> None:
            order = np.argsort(bucket_of, kind="stable")
            ends = np.flatnonzero(np.diff(bucket_of[order], append=-1)) + 1
            for start, end in pairwise([0, *ends.tolist()]):
                some = order[start:end]
                of_bucket = {key: column[some] for key, column in rows.items()}
                write_bucket(self.folder, name, int(bucket_of[some[0]]), of_bucket)

        self._once(name, write)

    def _once(self, name: str, write: Callable[[], str | None]) -> None:
        if self.done(name):
            return
        started = time.perf_counter()
        schema = write()
        self.mark(name, schema or "")
        log.info("stage %s in %.1f s", name, time.perf_counter() - started)

    def place(self, name: str) -> str:
        """The address of a stage's folder."""
        return f"{self.folder}/{name}"

    def done(self, name: str) -> bool:
        """Whether the stage was written to its end."""
        files, place = fsspec.core.url_to_fs(f"{self.folder}/{name}.done")
        return bool(files.exists(place))

    def mark(self, name: str, schema: str = "") -> None:
        """Says that the stage was written to its end, and with which columns, where Spark wrote it."""
        files, place = fsspec.core.url_to_fs(f"{self.folder}/{name}.done")
        files.makedirs(place.rsplit("/", 1)[0], exist_ok=True)
        files.pipe_file(place, schema.encode())

    def buckets(self, rows: int) -> int:
        """So many buckets hold `rows` rows, each about `self.rows` of them."""
        return max(1, -(-rows // self.rows))

    def divided(self, name: str, partitions: int) -> Any:
        """A stage that is there in so many partitions, by `position`: one file of it would be one."""
        return self.read(name).repartitionByRange(partitions, "position")

    def in_order(self, name: str, of: str, window: int) -> Iterator[pa.Table]:
        """The rows of a stage by their `position` (0, 1, ...), which is left out, `window` at a time: one
        for each row of the stage `of`.

        They are put in order here: engines differ in what they make of an order that is to be written. Files
        that hold other places are passed over by their statistics. Raises RingfenceError where a place lacks
        or is there twice.
        """
        kept, whole = self._rows_of(name), self._rows_of(of).count_rows()
        if (found := kept.count_rows()) != whole:
            raise RingfenceError(f"the rows in {self.place(name)} are {found}, and {whole} were asked for")
        for start in range(0, whole, window):
            end, position = min(start + window, whole), ds.field("position")
            rows = kept.to_table(filter=(position >= start) & (position < end)).sort_by("position")
            if rows["position"].to_pylist() != list(range(start, end)):
                raise RingfenceError(
                    f"the rows in {self.place(name)} are not one for each place from {start} to {end - 1}"
                )
            yield rows.drop_columns("position")

    def _rows_of(self, name: str) -> ds.Dataset:
        files, place = fsspec.core.url_to_fs(self.place(name))
        return ds.dataset(place, filesystem=files, format="parquet")
