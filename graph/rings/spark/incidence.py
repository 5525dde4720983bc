"""Values with their holders on the cluster: who holds what, which values are hubs, and each holder's place in
time.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from pyspark.sql import functions as f
from pyspark.sql.window import Window

from graph.facts.hubs import BATCH_GUARD, batch_reasons
from graph.model.moments import DAY
from graph.rings.sharing.incidence import AGENT, MERCHANT, PAYMENT
from graph.rings.sharing.payments import SOON, TOGETHER

# a value is known by the sort of thing, its number, and for a payment by its amount in hundredths
VALUE = ("sort", "source", "amount")
IDENTIFIER, SHOP, AGENTS, PAID = range(4)  # sorts of things, in the order of `graph.rings.sharing.incidence`
DAY_BY_DAY = BATCH_GUARD  # more holders than this are put in order one day after the other
HEAVY = 100_000  # rows of one key from which on a join takes them apart from the others
_HUBS = "sort int, source long, amount long, hub int"


def holdings(ties: Any, applications: Any, bought: Any) -> Any:
    """One row for each value and holder: sort, source, amount, kind, linking, who, role, since, last.
    `bought` are the rows of `payments`.

    Each sort of thing is put together by itself: the sort is a constant column then, and to group by one of
    those costs Sail six times as much.
    """
    named = ties.groupBy("identifier", "kind", "linking", "applicant").agg(
        f.min("role").alias("role"), f.min("since").alias("since"), f.max("last").alias("last")
    )
    rows = named.select(
        *_value(IDENTIFIER, f.col("identifier")),
        f.col("kind").cast("int").alias("kind"),
        "linking",
        f.col("applicant").alias("who"),
        f.col("role").cast("int").alias("role"),
        "since",
        "last",
    )
    rows = rows.unionByName(_came(applications, "merchant", SHOP, MERCHANT))
    rows = rows.unionByName(_came(applications, "agent", AGENTS, AGENT))
    people = bought.groupBy("shop", "cents").agg(f.count("*").alias("holders"))
    paid = beside_few(bought, people.filter(f.col("holders") >= TOGETHER), ("shop", "cents"))
    paid_at = _value(PAID, f.col("shop"), f.col("cents"))
    return rows.unionByName(paid.select(*_always(paid_at, PAYMENT)))


def sizes(held: Any) -> Any:
    """Values with two holders or more: how many, and when the first and the last came."""
    counted = held.groupBy(*VALUE, "kind", "linking").agg(
        f.count("*").alias("holders"), f.min("since").alias("first"), f.max("since").alias("latest")
    )
    return counted.filter("holders >= 2")


def placed(held: Any, of: Any) -> Any:
    """Holders of values that may link, with `place`, 0 for the first in time.

    A value with many holders is a shop or an agent: it is put in order day by day, so that no task sorts all
    of its holders.
    """
    may = of.filter(f.col("linking") & ((f.col("sort") != IDENTIFIER) | (f.col("holders") <= BATCH_GUARD)))
    rows = beside_few(held.drop("kind", "linking"), may.select(*VALUE, "kind", "holders"), VALUE)
    day = f.when(f.col("holders") > DAY_BY_DAY, f.floor(f.col("since") / DAY)).otherwise(f.lit(0))
    rows = rows.withColumn("day", day.cast("long"))
    a_day = rows.filter(f.col("holders") > DAY_BY_DAY).groupBy(*VALUE, "day").agg(f.count("*").alias("n"))
    before = Window.partitionBy(*VALUE).orderBy("day").rowsBetween(Window.unboundedPreceding, -1)
    offset = a_day.select(*VALUE, "day", f.coalesce(f.sum("n").over(before), f.lit(0)).alias("offset"))
    in_time = Window.partitionBy(*VALUE, "day").orderBy("since", "who")
    rows = rows.withColumn("number", f.row_number().over(in_time) - 1)
    rows = rows.join(offset, [*VALUE, "day"], "left")
    place = (f.col("number") + f.coalesce(f.col("offset"), f.lit(0))).cast("long")
    return rows.withColumn("place", place).drop("day", "number", "offset")


def hubs(of: Any, rows: Any) -> Any:
    """Values with `hub`, by `graph.facts.hubs.batch_reasons`. `rows` are the placed holders."""
    middle = rows.filter("place = holders div 2").select(*VALUE, f.col("since").alias("middle"))
    return of.join(middle, list(VALUE), "left").mapInPandas(_judged, _HUBS)


def beside_few(rows: Any, few: Any, key: tuple[str, ...]) -> Any:
    """`rows` with the columns of `few`, whose `holders` says how many rows have its key; inner.

    What more than HEAVY rows share goes to every task: there are few such keys, and no task gets all their
    rows.
    """
    heavy = f.broadcast(few.filter(f.col("holders") > HEAVY))
    many = rows.join(heavy, list(key))
    others = rows.join(heavy.select(*key), list(key), "left_anti")
    return many.unionByName(others.join(few.filter(f.col("holders") <= HEAVY), list(key)))


def _value(sort: int, source: Any, amount: Any = None) -> tuple[Any, ...]:
    cents = f.lit(0) if amount is None else amount
    return (
        f.lit(sort).alias("sort"),
        source.cast("long").alias("source"),
        cents.cast("long").alias("amount"),
    )


def _came(applications: Any, through: str, sort: int, kind: int) -> Any:
    """Applicants of each shop or agent."""
    came = applications.filter(f.col(through) >= 0).groupBy(through, "applicant")
    rows = came.agg(f.min("at").alias("at"), f.max("at").alias("last"))
    return rows.select(*_always(_value(sort, f.col(through)), kind))


def _always(value: tuple[Any, ...], kind: int) -> tuple[Any, ...]:
    """The columns of holders (`applicant`, `at`, `last`) of things that are no identifiers."""
    return (
        *value,
        f.lit(kind).alias("kind"),
        f.lit(True).alias("linking"),
        f.col("applicant").alias("who"),
        f.lit(0).alias("role"),
        f.col("at").alias("since"),
        "last",
    )


def payments(applications: Any, events: Any) -> Any:
    """What was paid at a shop soon after asking for money, as `graph.rings.sharing.payments` says: shop,
    cents, applicant, and when first (`at`) and last.
    """
    asked = applications.select("applicant", "at", f.lit(0).alias("paid"), *_nothing_paid())
    paid = events.filter("merchant >= 0 and amount > 0").select(
        "applicant",
        "at",
        f.lit(1).alias("paid"),
        f.col("merchant").cast("long").alias("shop"),
        f.rint(f.col("amount") * 100).cast("long").alias("cents"),
    )
    so_far = (
        Window.partitionBy("applicant")
        .orderBy("at", "paid")
        .rowsBetween(Window.unboundedPreceding, Window.currentRow)
    )
    when_asked = f.when(f.col("paid") == 0, f.col("at"))
    rows = asked.unionByName(paid).withColumn("asked", f.max(when_asked).over(so_far))
    rows = rows.filter((f.col("paid") == 1) & (f.col("at") - f.col("asked") <= SOON))
    bought_by = rows.groupBy("shop", "cents", "applicant")
    return bought_by.agg(f.min("at").alias("at"), f.max("at").alias("last"))


def _nothing_paid() -> tuple[Any, ...]:
    return f.lit(None).cast("long").alias("shop"), f.lit(None).cast("long").alias("cents")


def _judged(batches: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
    for values in batches:
        first, latest = values["first"].to_numpy(), values["latest"].to_numpy()
        # what is too large to have a middle is a hub whatever it would be
        middle = values["middle"].fillna(values["first"]).to_numpy().astype(np.int64)
        kind, linking = values["kind"].to_numpy(), values["linking"].to_numpy().astype(bool)
        reasons = batch_reasons(kind, linking, values["holders"].to_numpy(), (first, middle, latest))
        yield values[list(VALUE)].assign(hub=reasons.astype(np.int32))
