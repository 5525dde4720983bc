"""Rows in conflict, read a second time where their pieces lie, so that no raw row has to be kept."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import islice
from typing import Any

import numpy as np
from pyspark.sql import functions as f

from graph.rings.spark.buckets import Parted, bucket
from graph.rings.spark.stages import Stages
from ingestion.loading.load import CONFLICT
from ingestion.loading.rejects import reject_line
from ingestion.spark.parsing import BAD, BAD_KINDS, Parsing, texts
from ingestion.spark.pieces import LINES, line_at, position_of
from ingestion.spark.shards import CONFLICT_KINDS, CONFLICTS

REFUSED, _TWICE = "refused", "twice"
_ROWS = 10_000  # that are written at once


def refused(stages: Stages, sharded: str, work: Parsing, lenders: tuple[int, ...]) -> bool:
    """Stage `refused`: the rows of `bad` for the rows in conflict, by piece; False where there are none.
    `lenders` are the positions of those that no shard has.
    """
    found = stages.session.read.parquet(f"{stages.place(sharded)}/{CONFLICTS}")
    if not lenders and not found.limit(1).count():
        return False
    by_piece = found.withColumn("bucket", f.shiftright("position", LINES).cast("int"))
    stages.kept_by_bucket(_TWICE, lambda: by_piece)
    stages.each(REFUSED, len(work.pieces), partial(_refused, work=work, lenders=lenders))
    return True


def _refused(folder: str, number: int, *, work: Parsing, lenders: tuple[int, ...]) -> Iterator[Parted]:
    positions = bucket(folder, _TWICE, number, CONFLICT_KINDS)["position"].tolist()
    wanted = {line_at(one) for one in (*positions, *lenders) if position_of(number, line_at(one)) == one}
    if not wanted:
        return
    piece = work.pieces[number]
    feed = work.delivery.feeds[piece.feed]
    rows = (row for row in piece.records(work.delivery) if row.line in wanted and not row.code)
    while some := list(islice(rows, _ROWS)):
        columns: dict[str, Any] = {
            "position": np.array([position_of(number, row.line) for row in some], "i8"),
            "table": texts(feed.table.name for _ in some),
            "code": texts(CONFLICT.code for _ in some),
            "line": texts(reject_line(feed.table, feed.source, row, (CONFLICT,)).decode() for row in some),
        }
        yield Parted({BAD: {name: columns[name] for name in BAD_KINDS}})
