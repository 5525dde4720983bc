"""Links on the cluster: pairs of holders by a join on the place in time, added up by the functions of one
machine.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from pyspark.sql import functions as f

from graph.facts.hubs import ALL_PAIRS, NEAR
from graph.rings.links.projection import LINK_KINDS, Ends, linked, shared_by
from graph.rings.spark.buckets import Rows, bucket
from graph.rings.spark.incidence import VALUE, beside_few

LINKS = {
    "a": "i4", "b": "i4", "shared": f"{len(LINK_KINDS)}f4", "values": "f4", "holders": "f4", "gap": "f4",
    "together": "?", "weight": "f8",
}  # fmt: skip
SCHEMA = (
    "a int, b int, shared array<float>, values float, holders float, gap float, together boolean, "
    "weight double"
)
PAIRS = "pairs"
_PAIRS = {"sort": "i4", "source": "i8", "amount": "i8", "kind": "i4", "holders": "i8"}
_ENDS = {"who": "i4", "role": "i4", "since": "i8", "last": "i8"}
_DIRECT = 9  # sorts after every shared thing


def pairs(rows: Any, hub: Any) -> Any:
    """One row for each value that a pair shares, with both holders' columns (`*_left`, `*_right`).

    Each holder is paired with the next ones in time by their places: so many as `graph.facts.hubs` allows, so
    the rows are at most ALL_PAIRS - 1 a holder, and no key of the join has more than that.
    """
    links = rows.join(hub.filter("hub > 0").select(*VALUE), list(VALUE), "left_anti")
    reach = f.when(f.col("holders") <= ALL_PAIRS, f.col("holders") - 1).otherwise(f.lit(NEAR))
    last = f.least(f.col("place") + reach, f.col("holders") - 1)
    left = links.filter(f.col("place") < f.col("holders") - 1).select(
        *VALUE,
        "kind",
        "holders",
        *(f.col(name).alias(f"{name}_left") for name in _ENDS),
        f.explode(f.sequence(f.col("place") + 1, last)).alias("place"),
    )
    right = links.select(*VALUE, "place", *(f.col(name).alias(f"{name}_right") for name in _ENDS))
    return left.join(right, [*VALUE, "place"]).drop("place")


def direct(events: Any) -> Any:
    """Transfers and referrals as rows of the same form: `holders` counts the partners of the busier end, and
    one.
    """
    rows = events.filter("counterparty >= 0 and counterparty != applicant").select(
        f.col("applicant").alias("who_left"), f.col("counterparty").alias("who_right"), "kind"
    )
    ends = rows.select(
        f.least("who_left", "who_right").alias("one"), f.greatest("who_left", "who_right").alias("other")
    ).distinct()
    both = ends.select(f.col("one").alias("who")).unionAll(ends.select(f.col("other").alias("who")))
    partners = both.groupBy("who").agg(f.count("*").alias("holders"))
    for side in ("left", "right"):
        few = partners.select(f.col("who").alias(f"who_{side}"), "holders")
        rows = beside_few(rows, few, (f"who_{side}",)).withColumnRenamed("holders", f"partners_{side}")
    nothing = (
        f.lit(0).cast(kind).alias(f"{name}_{side}")
        for side in ("left", "right")
        for name, kind in (("role", "int"), ("since", "long"), ("last", "long"))
    )
    return rows.select(
        f.lit(_DIRECT).alias("sort"),
        f.lit(0).cast("long").alias("source"),
        f.lit(0).cast("long").alias("amount"),
        f.col("kind").cast("int").alias("kind"),
        (f.greatest("partners_left", "partners_right") + 1).alias("holders"),
        "who_left",
        "who_right",
        *nothing,
    )


def most_pairs(of: Any, hub: Any, events: Any) -> int:
    """How many rows `pairs` and `direct` have at most."""
    linking = of.join(hub.filter("hub > 0").select(*VALUE), list(VALUE), "left_anti").filter("linking")
    reach = f.when(f.col("holders") <= ALL_PAIRS, (f.col("holders") - 1) / 2).otherwise(f.lit(NEAR))
    [pairs] = linking.agg(f.coalesce(f.sum(f.col("holders") * reach), f.lit(0.0))).first()
    return int(pairs) + int(events.filter("counterparty >= 0").count())


def by_bucket(rows: Any, buckets: int) -> Any:
    """All rows of a pair in one of so many buckets, a column."""
    ends = (f.least("who_left", "who_right"), f.greatest("who_left", "who_right"))
    return rows.withColumn(
        "bucket", f.pmod(ends[0].cast("long") * 1_000_003 + ends[1], f.lit(buckets)).cast("int")
    )


def links(folder: str, number: int, applicants: int) -> Rows:
    """Links (a < b) of a bucket of PAIRS, each once, as `links.projection.linked` adds them up."""
    sides = [{f"{name}_{side}": kind for name, kind in _ENDS.items()} for side in ("left", "right")]
    rows = bucket(folder, PAIRS, number, {**_PAIRS, **sides[0], **sides[1]})
    order = np.lexsort([rows[name] for name in reversed(VALUE)])
    rows = {name: column[order] for name, column in rows.items()}
    one, other = (Ends(*(rows[name] for name in side)) for side in sides)
    found = linked(shared_by(one, other, rows["kind"], rows["holders"]), applicants)
    return {name: getattr(found, name).astype(np.dtype(kind).base) for name, kind in LINKS.items()}
