"""Numbers in the order of keys, on the cluster: keys go into ranges whose bounds a sample gives, a task puts
each range in order, and counts say with which number it begins.

Which key comes first is for Python to say, as on one machine: texts by code points.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from graph.facts.tables import Column
from graph.rings.spark.buckets import Rows, bucket, whole, write_bucket
from graph.rings.spark.stages import Stages

_SAMPLED = 100  # keys a range: the largest range then has little more than its share
Key = tuple[Any, ...]
Mapped = Callable[[Iterator[pd.DataFrame]], Iterator[pd.DataFrame]]
_SPARK = {"O": "string", "i1": "byte", "i4": "int", "i8": "long"}


@dataclass(frozen=True)
class Ranking:
    """What is numbered: the stage's `name`, the columns that are its `key`, in the order in which they are
    compared, and what else goes along, with the kinds that numpy calls so; and the numbers' column and kind.
    """

    name: str
    key: Mapping[str, str]
    number: str = "number"
    kind: str = "i4"
    beside: Mapping[str, str] | None = None

    @property
    def columns(self) -> Mapping[str, str]:
        """The key, and what goes along."""
        return {**self.key, **(self.beside or {})}

    def stages(self) -> tuple[str, ...]:
        """The stages on the way."""
        return tuple(f"{self.name}_{step}" for step in ("keys", "bounds", "of"))


def ranked(stages: Stages, what: Ranking, rows: Callable[[], Any]) -> Any:
    """Stage `what.name`: each of `rows`, whose keys are distinct, with its number, 0 for the first. A file
    has numbers that follow each other.
    """
    if stages.done(what.name):
        return stages.read(what.name)
    named, bounded, by_range = what.stages()
    keys = stages.kept(named, lambda: rows().select(*what.columns))
    ranges = stages.buckets(keys.count())
    stages.made(bounded, lambda place: _write_bounds(keys, what, ranges, place))
    bounds = _keys(whole(stages.folder, bounded, what.key))
    in_ranges = keys.mapInPandas(_placing(tuple(what.key), bounds), _schema({**what.columns, "bucket": "i4"}))
    stages.kept_by_bucket(by_range, lambda: in_ranges)
    sizes = np.zeros(len(bounds) + 1, np.int64)
    for row in in_ranges.groupBy("bucket").count().collect():
        sizes[row["bucket"]] = row["count"]
    begins = np.cumsum(sizes) - sizes
    task = partial(_numbered, what=what, begins=begins)
    stages.each(what.name, len(sizes), task, _schema({what.number: what.kind, **what.columns}))
    return stages.read(what.name)


def _write_bounds(keys: Any, what: Ranking, ranges: int, place: str) -> None:
    """The first key of each range but the first."""
    sample: list[Key] = []
    if ranges > 1:
        step = max(1, keys.count() // (ranges * _SAMPLED))
        picked = keys.select(*what.key).mapInPandas(_each_of(step), _schema(what.key))
        sample = sorted({tuple(row) for row in picked.collect()})
    places = {len(sample) * n // ranges for n in range(1, ranges)} if sample else set()
    columns = zip(*(sample[place] for place in sorted(places)), strict=True) if places else ()
    write_bucket(
        place, 0, {name: np.array(column, what.key[name]) for name, column in zip(what.key, columns)}
    )


def _each_of(step: int) -> Mapped:
    """A row of so many in each batch."""
    return lambda batches: (rows.iloc[step // 2 % max(len(rows), 1) :: step] for rows in batches)


def _placing(key: tuple[str, ...], bounds: list[Key]) -> Mapped:
    """Rows with `bucket`: in which range their key is."""

    def run(batches: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        for rows in batches:
            keys = zip(*(rows[name].tolist() for name in key), strict=True)
            places = np.fromiter((bisect_right(bounds, one) for one in keys), np.int32, len(rows))
            yield rows.assign(bucket=places)

    return run


def _numbered(folder: str, number: int, what: Ranking, begins: Column) -> Rows:
    rows = bucket(folder, what.stages()[-1], number, what.columns)
    keys = _keys({name: rows[name] for name in what.key})
    order = np.array(sorted(range(len(keys)), key=keys.__getitem__), np.int64)
    numbers = begins[number] + np.arange(len(order))
    return {
        what.number: numbers.astype(what.kind),
        **{name: column[order] for name, column in rows.items()},
    }


def _keys(rows: Rows) -> list[Key]:
    return list(zip(*(column.tolist() for column in rows.values()), strict=True))


def _schema(kinds: Mapping[str, str]) -> str:
    """Columns as Spark writes them."""
    return ", ".join(f"{name} {_SPARK[kind]}" for name, kind in kinds.items())
