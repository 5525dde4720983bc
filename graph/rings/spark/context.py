"""Context features on the cluster: whole groups of the first cut in buckets, with their links and the
neighbours beyond, judged by the functions of one machine.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from pyspark.sql import functions as f
from pyspark.sql.window import Window

from graph.rings.sharing.incidence import AGENT, MERCHANT
from graph.rings.spark import context_tasks
from graph.rings.spark.context_tasks import SUMS
from graph.rings.spark.homes import Homes
from graph.rings.spark.incidence import DAY_BY_DAY, VALUE, beside_few
from graph.rings.spark.own_features import own_features
from graph.rings.suspicion.link_features import DESCRIBED, NEAR_IN_TIME

CONTEXT, LINKS_OF, NEIGHBOURS = "context", "links_of", "neighbours_of"


def context_stage(homes: Homes) -> None:
    """Makes the stage CONTEXT: `who`, and a column for each context feature, in the buckets of `homes`."""
    stages, buckets = homes.stages, homes.buckets
    read = {name: stages.read(name) for name in ("held", "sizes")}
    own = linked_stages(homes)
    stages.kept_by_bucket("people_of", lambda: own.join(homes.home, "who"))
    names = tuple(name for name in own.columns if name not in ("who", "since"))
    stages.each("around", buckets, partial(context_tasks.around, names=names))
    around = stages.read("around")
    sharing = beside_few(read["held"], read["sizes"].select(*VALUE, "holders"), VALUE)
    stages.kept_by_bucket("values_of", lambda: homes.at_home(values(sharing)))
    stages.kept_by_bucket("customers_of", lambda: homes.at_home(customers(sharing, around)))
    stages.each(CONTEXT, buckets, partial(context_tasks.whole, names=names, columns=tuple(around.columns)))


def linked_stages(homes: Homes) -> Any:
    """Makes the stages LINKS_OF, all links of the people of a bucket, and NEIGHBOURS, whom these tie them to;
    what everybody is by themselves.
    """
    stages = homes.stages
    own, both = own_features(stages, homes.applicants), ends(stages.read("links"))
    stages.kept_by_bucket(LINKS_OF, lambda: homes.at_home(both).drop("who", "other"))
    stages.kept_by_bucket(NEIGHBOURS, lambda: neighbours(both, homes.home, own))
    return own


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

    A value with many holders is looked at week by week, each with the weeks beside it. Who came near a holder
    in time is who came until a week later, less who came more than a week before: Spark counts each of both
    in one pass, and a window with two ends holder by holder anew.
    """
    week = f.floor(f.col("since") / NEAR_IN_TIME)
    few = sharing.filter(f.col("holders") <= DAY_BY_DAY).withColumn("week", f.lit(0).cast("long"))
    many = sharing.filter(f.col("holders") > DAY_BY_DAY)
    many = many.withColumn("week", f.explode(f.sequence(week - 1, week + 1)))
    by_time = Window.partitionBy(*VALUE, "week").orderBy("since")
    until, before = (
        f.count("*").over(by_time.rangeBetween(Window.unboundedPreceding, end))
        for end in (NEAR_IN_TIME, -NEAR_IN_TIME - 1)
    )
    rows = few.withColumn("here", f.lit(True)).unionByName(many.withColumn("here", f.col("week") == week))
    rows = rows.withColumn("arrivals", until - before - 1).filter("here")
    return rows.groupBy("who", "kind").agg(
        f.max("holders").alias("holders"), f.max("arrivals").alias("arrivals")
    )


def customers(sharing: Any, around: Any) -> Any:
    """`who`, `visits` (of how many shops and agents they are customers), and what `counted` gives of all
    customers there, themselves as well, added up.
    """
    came = sharing.filter(f.col("kind").isin(MERCHANT, AGENT)).select(*VALUE, "holders", "who")
    there = came.join(around.select("who", *SUMS), "who")
    of_value = there.groupBy(*VALUE, "holders").agg(*(f.sum(name).alias(name) for name in SUMS))
    met = beside_few(came.drop("holders"), of_value, VALUE)
    return met.groupBy("who").agg(f.count("*").alias("visits"), *(f.sum(name).alias(name) for name in SUMS))
