"""Shared values that stay on the cluster: what the search asks of them, and is given."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from pyspark.sql import functions as f
from pyspark.sql.window import Window

from graph.facts.hubs import SHOP_SHARE
from graph.facts.tables import Column
from graph.rings.sharing.arrivals import EMPLOYER, PHONE, TELLING, Arrivals, TellingRows, arrivals
from graph.rings.sharing.counters import KNOWN, LARGER, PLACES
from graph.rings.sharing.incidence import PAYMENT, Incidence
from graph.rings.spark.buckets import Rows, bucket, whole
from graph.rings.spark.homes import Homes
from graph.rings.spark.incidence import AGENTS, IDENTIFIER, SHOP, VALUE, beside_few
from graph.rings.spark.stages import Stages, digest

_VALUE = {"sort": "i4", "source": "i8", "amount": "i8"}
HELD = {
    **_VALUE, "kind": "i1", "holders": "i8", "hub": "i1", "who": "i4", "role": "i1", "since": "i8",
    "last": "i8",
}  # fmt: skip
_TELLING = {**_VALUE, "kind": "i1", "counter": "?", "who": "i4", "role": "i1", "since": "i8"}
_SHARING = "sharing_of"


@dataclass(frozen=True)
class ClusterSharing:
    """Rows of the stages `held`, `sizes` and `hubs`. Each answer is a stage, named by the question."""

    stages: Stages
    homes: Homes
    as_of: int

    def of(self, people: Column) -> Incidence:
        """What `people` (N,) hold, with their rows alone."""
        if not len(people):
            return incidence({name: np.zeros(0, kind) for name, kind in HELD.items()})
        who = people.astype(np.int32)
        name = f"held_by_{digest(who.tobytes())}"
        self.stages.kept_by_bucket(_SHARING, lambda: self.homes.at_home(shared(self.stages)))
        self.homes.bring(f"{name}_at", {"who": who})
        self.stages.each(name, self.homes.buckets, partial(_held_by, name=name))
        return incidence(whole(self.stages.folder, name, HELD))

    def arrivals(self, within: int) -> Arrivals:
        """Who came to telling values, of those to which two came within so many microseconds."""
        name = f"arrivals_{within}"
        self.stages.kept(name, lambda: telling(self.stages, within))
        rows = dict(whole(self.stages.folder, name, _TELLING))
        keys = [rows.pop(key) for key in _VALUE]
        return arrivals(TellingRows(_numbered(keys), **rows), within, self.as_of)

    def hubs(self) -> int:
        """How many values link nobody."""
        return int(self.stages.read("hubs").filter("hub > 0").count())


def shared(stages: Stages) -> Any:
    """The columns HELD of every holder of a shared value."""
    value = stages.read("sizes").join(stages.read("hubs"), list(VALUE)).drop("linking", "first", "latest")
    return beside_few(stages.read("held").drop("kind", "linking"), value, VALUE)


def telling(stages: Stages, within: int) -> Any:
    """The columns of `graph.rings.sharing.arrivals.TellingRows` of values to which two came so soon, the
    value as VALUE.
    """
    value = stages.read("hubs").filter("hub = 0").select(*VALUE)
    rows = stages.read("held").filter(f.col("kind").isin(*TELLING) & (f.col("role") != EMPLOYER))
    rows = rows.join(value, list(VALUE)).withColumn("own", f.when(f.col("kind") == PHONE, f.col("role")))
    thing = Window.partitionBy(*VALUE, "own")
    gap = f.col("since") - f.lag("since").over(thing.orderBy("since"))
    rows = rows.withColumn("gap", gap).withColumn("least", f.min("gap").over(thing))
    rows = rows.filter(f.col("least") <= within)
    known = counters(stages).withColumn("counter", f.lit(True))
    rows = rows.join(known, list(VALUE), "left").withColumn("counter", f.coalesce("counter", f.lit(False)))
    return rows.select(*_TELLING)


def counters(stages: Stages) -> Any:
    """Telling values of a counter, as `graph.rings.sharing.counters.of_a_counter` has them: most of whose
    holders have one shop, one agent or one much larger place in common.
    """
    held, size = stages.read("held"), stages.read("sizes").select(*VALUE, "holders")
    users = held.filter(f.col("kind").isin(*TELLING)).select(*VALUE, "who")
    users = users.join(size.filter(f.col("holders") >= KNOWN), list(VALUE))
    place = held.filter((f.col("sort") == IDENTIFIER) & f.col("kind").isin(*PLACES)).select(*VALUE, "who")
    place = beside_few(place, size.withColumn("crowd", f.col("holders")), VALUE).drop("holders")
    seller = held.filter(f.col("sort").isin(SHOP, AGENTS)).select(*VALUE, "who")
    things = place.unionByName(seller.withColumn("crowd", f.lit(None).cast("long")))
    for name in VALUE:
        things = things.withColumnRenamed(name, f"of_{name}")
    both = users.join(things, "who").groupBy(*VALUE, "holders", *(f"of_{name}" for name in VALUE), "crowd")
    most = f.col("people") >= f.lit(SHOP_SHARE) * f.col("holders")
    larger = f.col("crowd").isNull() | (f.col("crowd") >= LARGER * f.col("holders"))
    return both.agg(f.count("*").alias("people")).filter(most & larger).select(*VALUE).distinct()


def _held_by(folder: str, number: int, name: str) -> Rows:
    people = bucket(folder, f"{name}_at", number, {"who": "i4"})["who"]
    if not len(people):
        return {}
    rows = bucket(folder, _SHARING, number, HELD)
    at = np.isin(rows["who"], people)
    return {column: held[at] for column, held in rows.items()}


def incidence(rows: Rows) -> Incidence:
    """Rows of HELD in the order of one machine."""
    order = np.lexsort((rows["who"], rows["since"], *(rows[key] for key in reversed(_VALUE))))
    rows = {name: column[order] for name, column in rows.items()}
    _, first = np.unique(_numbered([rows[key] for key in _VALUE]), return_index=True)
    kind, source = rows["kind"][first], rows["source"][first].astype(np.int32)
    paid = kind == PAYMENT  # these have no place in a table and are numbered in order
    source[paid] = np.arange(paid.sum())
    return Incidence(
        kind,
        source,
        rows["holders"][first],
        np.r_[first, len(order)].astype(np.int64),
        rows["who"],
        rows["role"],
        rows["since"],
        rows["last"],
        rows["hub"][first],
    )


def _numbered(keys: list[Column]) -> Column:
    """Equal rows of `keys` as one number, in their order (rows,)."""
    order = np.lexsort(keys[::-1])
    fresh = np.any([np.diff(key[order], prepend=-1) != 0 for key in keys], axis=0)
    out = np.empty(len(order), np.int64)
    out[order] = np.cumsum(fresh) - 1
    return out
