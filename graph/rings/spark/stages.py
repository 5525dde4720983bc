"""Stages that are kept: each is a folder of Parquet with a mark beside it (`marks.py`), and one that is there
whole is not computed again.
"""

from __future__ import annotations

import hashlib
import json
import logging
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import fsspec
import numpy as np
import pyarrow as pa
import pyarrow.dataset as ds

from graph.facts.tables import Column
from graph.model.errors import RingfenceError
from graph.product import product_version
from graph.rings.spark.buckets import DONE, Rows, Task, running, write_bucket
from graph.rings.spark.marks import Mark, drop, files_in, is_whole, marked, place_of, put_whole, write_mark

log = logging.getLogger("ringfence.stages")

VERSION = 9  # of stages: raise it when one is computed otherwise before there is a new version of Ringfence


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
    from a part that is larger; `run` names the files that this run writes.
    """

    session: Any
    folder: str
    rows: int
    run: str = field(default_factory=lambda: secrets.token_hex(4))
    _known: dict[str, Mark] = field(default_factory=dict, repr=False, compare=False)

    def made(self, name: str, write: Callable[[str], str | None]) -> None:
        """The stage is there: found whole, or written by `write`, which is given the address of a folder and
        may give its columns as Spark's JSON.

        Raises RingfenceError where it cannot be written.
        """
        if self.done(name):
            return
        started, place = time.perf_counter(), place_of(self.folder, name, self.run)
        try:
            mark = Mark(self.run, write(place) or "")
            if self.done(name):  # another run was quicker: its files are the stage
                drop(place)
                return
            write_mark(self.folder, name, mark)
        except BaseException as error:
            drop(place)
            # where Spark's own process has died the connection to it is what fails
            if isinstance(error, OSError) and not isinstance(error, ConnectionError):
                said = error.strerror or error
                raise RingfenceError(f"stage {name} cannot be written in {self.folder}: {said}") from error
            error.add_note(f"stage {name}")
            raise
        self._known[name] = mark
        log.info("stage %s in %.1f s", name, time.perf_counter() - started)

    def kept(self, name: str, make: Callable[[], Any]) -> Any:
        """The stage as a DataFrame: read where it is there already, else what `make` gives, written first."""

        def write(place: str) -> str:
            rows = make()
            rows.write.mode("overwrite").parquet(place)
            return str(rows.schema.json())

        self.made(name, write)
        return self.read(name)

    def kept_by_bucket(self, name: str, make: Callable[[], Any]) -> None:
        """The same for what our tasks read: a folder for each `bucket`, a column of what `make` gives."""

        def write(place: str) -> str:
            rows = make().repartition("bucket")
            rows.write.mode("overwrite").partitionBy("bucket").parquet(place)
            return str(rows.schema.json())

        self.made(name, write)

    def each(self, name: str, buckets: int, task: Task, columns: str = "") -> None:
        """The stage that `task` makes of so many buckets: a file for each that has rows. One that may have
        none at all and is read as a DataFrame says its `columns`, as Spark writes them.

        There are no more tasks than partitions of a join, because Sail runs all of them at the same time.
        Raises RingfenceError where this process does not see what the tasks wrote.
        """

        def write(place: str) -> str:
            tasks = min(buckets, int(self.session.conf.get("spark.sql.shuffle.partitions")))
            numbers = self.session.range(0, buckets, 1, tasks)
            done = numbers.mapInPandas(running(task, self.folder, place), DONE).collect()
            peak = max(row["peak_mb"] for row in done)
            log.info("stage %s: no process of its tasks has held more than %d MB", name, peak)
            written, seen = sum(row["files"] for row in done), len(files_in(place))
            if written != seen:
                raise RingfenceError(
                    f"executors wrote {written} files of stage {name}, and {seen} are in {place}: do this "
                    "process and every executor reach the same folder by --stages?"
                )
            if not columns:
                return ""
            put_whole(f"{place}/_SUCCESS", b"")
            return str(self.session.createDataFrame([], columns).schema.json())

        self.made(name, write)

    def read(self, name: str) -> Any:
        """A stage that is there, as a DataFrame. Files without rows do not say what their columns are."""
        place, reader = self.place(name), self.session.read
        if schema := self._known[name].schema:
            from pyspark.sql.types import StructType  # here: commands name stages where there is no PySpark

            reader = reader.schema(StructType.fromJson(json.loads(schema)))
        return reader.parquet(place)

    def given(self, name: str, bucket_of: Column, rows: Rows) -> None:
        """Rows of this process (N,) for the tasks of each bucket, which `bucket_of` (N,) says."""

        def write(place: str) -> None:
            order = np.argsort(bucket_of, kind="stable")
            ends = np.flatnonzero(np.diff(bucket_of[order], append=-1)) + 1
            for start, end in pairwise([0, *ends.tolist()]):
                some = order[start:end]
                of_bucket = {key: column[some] for key, column in rows.items()}
                write_bucket(place, int(bucket_of[some[0]]), of_bucket)

        self.made(name, write)

    def place(self, name: str) -> str:
        """The address of the files of a stage that is there. Raises RingfenceError where it is not."""
        if not self.done(name):
            raise RingfenceError(f"there is no whole stage {name} in {self.folder}")
        return place_of(self.folder, name, self._known[name].run)

    def done(self, name: str) -> bool:
        """Whether the stage was written to its end, and all of its files are there as they were. Looked at
        once in a run.
        """
        if name in self._known:
            return True
        mark = marked(self.folder, name)
        if mark is None:
            return False
        if not is_whole(self.folder, name, mark.run):
            log.warning("stage %s in %s has lost files: it is made again", name, self.folder)
            return False
        self._known[name] = mark
        log.info("stage %s is there already", name)
        return True

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
        whole = self._rows_of(of).count_rows()
        if not whole and not files_in(self.place(name)):
            return  # Sail makes no folder for no rows
        kept = self._rows_of(name)
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
