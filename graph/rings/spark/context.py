"""Context features on the cluster: whole groups of the first cut in buckets, with their links and the
neighbours beyond, judged by the functions of one machine.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from pyspark.sql import functions as f
from pyspark.sql.window import Window

from graph.facts.tables import Column
from graph.rings.columns import Features
from graph.rings.context_features import Surroundings, side_by_side, surroundings
from graph.rings.incidence import AGENT, MERCHANT
from graph.rings.link_features import (
    DESCRIBED,
    NEAR_IN_TIME,
    OF_CUSTOMERS,
    counted,
    mean_of_others,
    most_by_kind,
)
from graph.rings.projection import LINK_KINDS, ApplicantLinks
from graph.rings.spark.buckets import Rows, bucket
from graph.rings.spark.incidence import DAY_BY_DAY, VALUE, beside_few
from graph.rings.spark.own_features import own_features
from graph.rings.spark.stages import Stages

CONTEXT = "context"
_LINKS = {
    "a": "i4", "b": "i4", "shared": f"{len(LINK_KINDS)}f4", "values": "f4", "holders": "f4", "gap": "f4",
    "together": "?", "weight": "f8",
}  # fmt: skip
_SUMS = tuple(f"{what}_{name}" for what in ("sum", "known") for name in OF_CUSTOMERS)


def context_stage(stages: Stages, applicants: int) -> int:
    """Makes the stage CONTEXT: `who`, and a column for each context feature. In how many buckets."""
    read = {
        name: stages.session.read.parquet(stages.place(name)) for name in ("links", "cut", "held", "sizes")
    }
    own = own_features(stages, applicants)
    buckets = stages.buckets(4 * applicants + 2 * read["links"].count())
    home = (
        own.select("who")
        .join(read["cut"], "who", "left")
        .select("who", f.coalesce("coarse", "who").alias("coarse"))
    )
    home = stages.kept("home", lambda: home.withColumn("bucket", _bucket("coarse", buckets)))
    both = ends(read["links"])
    stages.kept_by_bucket("people_of", lambda: own.join(home, "who"))
    stages.kept_by_bucket(
        "links_of", lambda: both.join(home.select("who", "bucket"), "who").drop("who", "other")
    )
    stages.kept_by_bucket("neighbours_of", lambda: neighbours(both, home, own))
    names = tuple(name for name in own.columns if name not in ("who", "since"))
    around = stages.each("around", buckets, partial(_around, names=names))
    sharing = beside_few(read["held"], read["sizes"].select(*VALUE, "holders"), VALUE)
    stages.kept_by_bucket("values_of", lambda: _at_home(values(sharing), home))
    stages.kept_by_bucket("customers_of", lambda: _at_home(customers(sharing, around), home))
    stages.each(CONTEXT, buckets, partial(_context, names=names, columns=tuple(around.columns)))
    return buckets


def bucket_of(coarse: Column, buckets: int) -> Column:
    """In which bucket each applicant (A,) is, by the numbers of their groups (A,)."""
    _, smallest = np.unique(coarse, return_index=True)
    return np.asarray(smallest[coarse] % buckets)


def _bucket(column: str, buckets: int) -> Any:
    return f.pmod(f.col(column), f.lit(buckets)).cast("int")


def _at_home(rows: Any, home: Any) -> Any:
    """Rows of `who` in the bucket of that applicant."""
    return rows.join(home.select("who", "bucket"), "who")


def ends(links: Any) -> Any:
    """Every link twice: `who` is one end, `other` the other."""
    one, other = (
        links.withColumn("who", f.col(end)).withColumn("other", f.col(beyond)) for end, beyond in ("ab", "ba")
    )
    return one.unionByName(other)


def neighbours(both: Any, home: Any, own: Any) -> Any:
    """Once for each bucket, whoever is linked to its people."""
    there = both.select("who", "other").join(home.select("who", "bucket"), "who")
    known = own.select(f.col("who").alias("other"), "since", *DESCRIBED)
    return there.select("other", "bucket").distinct().join(known, "other").withColumnRenamed("other", "who")


def values(sharing: Any) -> Any:
    """`who`, `kind`, and the most holders and arrivals among their values of the kind.

    A value with many holders is looked at week by week, each with the weeks beside it.
    """
    week = f.floor(f.col("since") / NEAR_IN_TIME)
    few = sharing.filter(f.col("holders") <= DAY_BY_DAY).withColumn("week", f.lit(0).cast("long"))
    many = sharing.filter(f.col("holders") > DAY_BY_DAY)
    many = many.withColumn("week", f.explode(f.sequence(week - 1, week + 1)))
    near = Window.partitionBy(*VALUE, "week").orderBy("since").rangeBetween(-NEAR_IN_TIME, NEAR_IN_TIME)
    rows = few.withColumn("here", f.lit(True)).unionByName(many.withColumn("here", f.col("week") == week))
    rows = rows.withColumn("arrivals", f.count("*").over(near) - 1).filter("here")
    return rows.groupBy("who", "kind").agg(
        f.max("holders").alias("holders"), f.max("arrivals").alias("arrivals")
    )


def customers(sharing: Any, around: Any) -> Any:
    """`who`, `visits` (of how many shops and agents they are customers), and what `counted` gives of all
    customers there, themselves as well, added up.
    """
    came = sharing.filter(f.col("kind").isin(MERCHANT, AGENT)).select(*VALUE, "holders", "who")
    there = came.join(around.select("who", *_SUMS), "who")
    of_value = there.groupBy(*VALUE, "holders").agg(*(f.sum(name).alias(name) for name in _SUMS))
    met = beside_few(came.drop("holders"), of_value, VALUE)
    return met.groupBy("who").agg(f.count("*").alias("visits"), *(f.sum(name).alias(name) for name in _SUMS))


def _around(folder: str, number: int, names: tuple[str, ...]) -> Rows:
    people = bucket(
        folder, "people_of", number, {"who": "i4", "coarse": "i4", "since": "i8"} | _floats(names)
    )
    if not len(people["who"]):
        return {}
    links = bucket(folder, "links_of", number, _LINKS)
    beyond = bucket(folder, "neighbours_of", number, {"who": "i4", "since": "i8"} | _floats(DESCRIBED))
    everyone = np.union1d(people["who"], beyond["who"])
    at, further = (np.searchsorted(everyone, some["who"]) for some in (people, beyond))
    own, since = np.full((len(everyone), len(names)), np.nan, np.float32), np.zeros(len(everyone), np.int64)
    since[further], since[at] = beyond["since"], people["since"]
    for name in DESCRIBED:
        own[further, names.index(name)] = beyond[name]
    for column, name in enumerate(names):
        own[at, column] = people[name]
    group = len(everyone) + np.arange(len(everyone))
    group[at] = np.searchsorted(everyone, people["coarse"])
    group = np.unique(group, return_inverse=True)[1]
    around = surroundings(Features(names, own), _links(links, everyone), group, since)
    x, known = counted(Features(names, own).beside(around.degree), OF_CUSTOMERS)
    sums = np.concatenate([x, known], axis=1)[at].astype(np.int64)
    return {
        "who": people["who"],
        **{f"{part}.{name}": column[at] for part in _PARTS for name, column in _named(getattr(around, part))},
        **dict(zip(_SUMS, sums.T)),
    }


_PARTS = tuple(Surroundings.__dataclass_fields__)


def _named(some: Features) -> list[tuple[str, Column]]:
    return list(zip(some.names, some.values.T))


def _floats(names: tuple[str, ...]) -> dict[str, str]:
    return dict.fromkeys(names, "f4")


def _links(rows: Rows, everyone: Column) -> ApplicantLinks:
    """Each link once, in the order of one machine, between places among `everyone`."""
    order = np.lexsort((rows["b"], rows["a"]))
    a, b = rows["a"][order], rows["b"][order]
    once = order[np.r_[True, (np.diff(a) != 0) | (np.diff(b) != 0)][: len(order)]]
    held = {name: column[once] for name, column in rows.items()}
    places = {end: np.searchsorted(everyone, held[end]).astype(np.int32) for end in "ab"}
    return ApplicantLinks(**held | places)


def _context(folder: str, number: int, names: tuple[str, ...], columns: tuple[str, ...]) -> Rows:
    people = bucket(folder, "people_of", number, {"who": "i4"} | _floats(names))
    if not len(people["who"]):
        return {}
    order = np.argsort(people["who"])
    who = people["who"][order]
    own = Features(names, np.stack([people[name][order] for name in names], axis=1))
    kinds = {"who": "i4"} | {name: "i8" if name in _SUMS else "f4" for name in columns if name != "who"}
    around = bucket(folder, "around", number, kinds)
    around = {name: column[np.argsort(around["who"])] for name, column in around.items()}
    parts = {part: _part(around, part) for part in _PARTS}
    values = bucket(folder, "values_of", number, dict.fromkeys(("who", "kind", "holders", "arrivals"), "i8"))
    counts = (values["holders"], values["arrivals"])
    most = most_by_kind(np.searchsorted(who, values["who"]), values["kind"], counts, len(who))
    whole = side_by_side(own, Surroundings(**parts), most, _counter(folder, number, who, around))
    return {"who": who, **dict(_named(whole))}


def _part(rows: Rows, part: str) -> Features:
    names = [name for name in rows if name.startswith(f"{part}.")]
    return Features(
        tuple(name.removeprefix(f"{part}.") for name in names),
        np.stack([rows[name] for name in names], axis=1),
    )


def _counter(folder: str, number: int, who: Column, around: Rows) -> Features:
    kinds = {"who": "i8", "visits": "i8"} | dict.fromkeys(_SUMS, "i8")
    met = bucket(folder, "customers_of", number, kinds)
    at, visits = np.searchsorted(who, met["who"]), np.zeros(len(who), np.int64)
    visits[at] = met["visits"]
    out = []
    for name in _SUMS:
        total = np.zeros(len(who), np.int64)
        total[at] = met[name]
        out.append((total - visits * around[name]).astype(np.float64))
    of_all = np.stack(out, axis=1)
    half = len(OF_CUSTOMERS)
    return mean_of_others(of_all[:, :half], of_all[:, half:], OF_CUSTOMERS)
