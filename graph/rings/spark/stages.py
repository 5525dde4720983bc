"""Stages that are kept: each is a folder of Parquet with a mark beside it, and one that is there is not
computed again.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import fsspec
import pyarrow as pa
import pyarrow.dataset as ds

log = logging.getLogger("ringfence.rings")


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
        if not self.done(name):
            started = time.perf_counter()
            make().write.mode("overwrite").parquet(self.place(name))
            self.mark(name)
            log.info("stage %s in %.1f s", name, time.perf_counter() - started)
        return self.session.read.parquet(self.place(name))

    def place(self, name: str) -> str:
        """The address of a stage's folder."""
        return f"{self.folder}/{name}"

    def done(self, name: str) -> bool:
        """Whether the stage was written to its end."""
        files, place = fsspec.core.url_to_fs(f"{self.folder}/{name}.done")
        return bool(files.exists(place))

    def mark(self, name: str) -> None:
        """Says that the stage was written to its end."""
        files, place = fsspec.core.url_to_fs(f"{self.folder}/{name}.done")
        files.makedirs(place.rsplit("/", 1)[0], exist_ok=True)
        files.pipe_file(place, b"done\n")

    def buckets(self, rows: int) -> int:
        """So many buckets hold `rows` rows, each about `self.rows` of them."""
        return max(1, -(-rows // self.rows))

    def columns(self, name: str, names: Sequence[str]) -> pa.Table:
        """These columns of a stage that is there."""
        files, place = fsspec.core.url_to_fs(self.place(name))
        return ds.dataset(place, filesystem=files, format="parquet").to_table(list(names))
