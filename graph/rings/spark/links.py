"""Links on the cluster: pairs of holders by a join on the place in time, added up by the functions of one
machine.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
from pyspark.sql import functions as f

from graph.facts.hubs import ALL_PAIRS, NEAR
from graph.rings.projection import Ends, linked, shared_by
from graph.rings.spark.incidence import VALUE, beside_few

LINKS = (
    "a int, b int, shared array<float>, values float, holders float, gap float, together boolean, "
    "weight double"
)
_SIDE = ("who", "role", "since", "last")
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
        *(f.col(name).alias(f"{name}_left") for name in _SIDE),
        f.explode(f.sequence(f.col("place") + 1, last)).alias("place"),
    )
    right = links.select(*VALUE, "place", *(f.col(name).alias(f"{name}_right") for name in _SIDE))
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


def links(rows: Any, applicants: int, buckets: int) -> Any:
    """Links (a < b), each once, as `graph.rings.projection.linked` adds them up in each of `buckets`."""
    ends = (f.least("who_left", "who_right"), f.greatest("who_left", "who_right"))
    bucket = f.pmod(ends[0].cast("long") * 1_000_003 + ends[1], f.lit(buckets)).alias("bucket")
    return rows.select("*", bucket).groupBy("bucket").applyInPandas(_added_up(applicants), LINKS)


def _added_up(applicants: int) -> Callable[[pd.DataFrame], pd.DataFrame]:
    def added_up(rows: pd.DataFrame) -> pd.DataFrame:
        rows = rows.sort_values(list(VALUE), kind="stable")
        one, other = (
            Ends(*(rows[f"{name}_{side}"].to_numpy() for name in _SIDE)) for side in ("left", "right")
        )
        found = linked(shared_by(one, other, rows["kind"].to_numpy(), rows["holders"].to_numpy()), applicants)
        return pd.DataFrame(
            {
                "a": found.a,
                "b": found.b,
                "shared": list(found.shared),
                "values": found.values,
                "holders": found.holders,
                "gap": found.gap,
                "together": found.together,
                "weight": found.weight,
            }
        )

    return added_up
