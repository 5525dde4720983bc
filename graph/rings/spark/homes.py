"""In which bucket whole groups of the first cut are, with their links, neighbours and features."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np
from pyspark.sql import functions as f

from graph.facts.tables import Column
from graph.rings.spark.buckets import Rows, bucket
from graph.rings.spark.facts import NAMES
from graph.rings.spark.stages import Stages

HOME = "home"
_FIRST, _NUMBERED = "first_of_groups", "numbered_groups"


@dataclass(frozen=True)
class Homes:
    """Of so many applicants. The stage HOME is made when it is asked for first: `who`, the bucket, the group
    of the first cut as one machine numbers it, `coarse`, and its `first` applicant.
    """

    stages: Stages
    applicants: int

    @cached_property
    def buckets(self) -> int:
        """How many there are."""
        return self.stages.buckets(4 * self.applicants + 2 * self.stages.read("links").count())

    @property
    def home(self) -> Any:
        """The stage as a DataFrame."""
        return self.stages.kept(HOME, self._home)

    def bring(self, name: str, rows: Rows) -> None:
        """Makes the stage `name` of rows of this process, each in the bucket of its `who`."""
        if not len(rows["who"]):
            self.stages.given(name, np.zeros(0, np.int64), rows)
            return
        self.stages.given(f"{name}_here", np.zeros(len(rows["who"]), np.int64), rows)
        self.stages.kept_by_bucket(name, lambda: self.at_home(self.stages.read(f"{name}_here")))

    def at_home(self, rows: Any) -> Any:
        """Rows of `who` with the bucket of each."""
        return rows.join(self.home.select("who", "bucket"), "who")

    def _home(self) -> Any:
        stages = self.stages
        first = stages.read("cut").withColumnRenamed("coarse", "first")
        home = stages.read(NAMES).select("who").join(first, "who", "left")
        home = home.select("who", f.coalesce("first", "who").alias("first"))
        groups = home.filter("who = first").select("first")
        numbered = self._numbered(groups)
        home = home.join(numbered, "first").select("who", "first", "coarse")
        return home.withColumn("bucket", f.pmod("first", f.lit(self.buckets)).cast("int"))

    def _numbered(self, groups: Any) -> Any:
        """`first` and `coarse`: its place among the first applicants of all groups."""
        stages, ranges = self.stages, self.stages.buckets(self.applicants)
        of_range = f.floor(f.col("first") / f.lit(stages.rows)).cast("int")
        stages.kept_by_bucket(_FIRST, lambda: groups.withColumn("bucket", of_range))
        sizes = np.zeros(ranges, np.int64)
        for row in stages.read(_FIRST).groupBy("bucket").count().collect():
            sizes[row["bucket"]] = row["count"]
        task = partial(_numbered, begins=np.cumsum(sizes) - sizes)
        stages.each(_NUMBERED, ranges, task, "first int, coarse int")
        return stages.read(_NUMBERED)


def _numbered(folder: str, number: int, begins: Column) -> Rows:
    first = np.sort(bucket(folder, _FIRST, number, {"first": "i4"})["first"])
    return {"first": first, "coarse": (begins[number] + np.arange(len(first))).astype(np.int32)}
