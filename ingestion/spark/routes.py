"""Into which shard each fact goes: all facts of a person into one, so that a store that holds that shard
alone says of them what a store of everything would say.

What an id means to several people is settled here, over all shards: an application or an event belongs to
whom the first row says (later ones are in conflict with it, there), and of an identifier that is said to link
and not to link the first row holds. Who names a device gets what is said of the device.
"""

from __future__ import annotations

from functools import partial, reduce
from typing import Any

from pyspark.sql import functions as f

from graph.rings.spark.stages import Stages
from ingestion.spark.parsing import FACTS, HELD, STANDINGS, TABLE
from ingestion.spark.shards import DISPUTED, ROUTED

_OWNERS, _CONTESTED = "owners", "contested"


def routed(stages: Stages, parsed: str, shards: int) -> None:
    """Stage `routed`: `position`, `table`, `guest` and `fact` of each fact of the stage `parsed`, by the
    bucket of the shard; a guest is of another shard, too. And stage `disputed`.
    """
    if not stages.done(DISPUTED):
        stages.kept(DISPUTED, partial(_disputed, _part(stages, parsed, STANDINGS)))
    if stages.done(ROUTED):
        return
    facts = _part(stages, parsed, FACTS)
    owners = stages.kept(_OWNERS, partial(_owners, facts))
    contested = stages.kept(_CONTESTED, partial(_contested, facts))
    held = _part(stages, parsed, HELD)
    stages.kept_by_bucket(ROUTED, lambda: _by_shard((facts, held), owners, contested, shards))


def _part(stages: Stages, stage: str, part: str) -> Any:
    return stages.session.read.parquet(f"{stages.place(stage)}/{part}")


def _disputed(standings: Any) -> Any:
    """Identifiers of which two rows say different things: `linking` as the first has it."""
    said = standings.groupBy("kind", "token").agg(
        f.min(f.col("linking").cast("int")).alias("least"),
        f.max(f.col("linking").cast("int")).alias("most"),
        f.min(f.struct("position", "linking")).alias("first"),
    )
    return said.filter("least <> most").select("kind", "token", f.col("first.linking").alias("linking"))


def _owners(facts: Any) -> Any:
    """Whose each application is."""
    asked = facts.filter(f.col("table") == TABLE["applications"])
    first = asked.groupBy("loan").agg(f.min(f.struct("position", "name")).alias("first"))
    return first.select("loan", f.col("first.name").alias("owner"))


def _contested(facts: Any) -> Any:
    """Whose an event is that rows of several people have."""
    events = facts.filter((f.col("table") == TABLE["events"]) & f.col("event").isNotNull())
    said = events.groupBy("event").agg(
        f.min("name").alias("one"),
        f.max("name").alias("other"),
        f.min(f.struct("position", "name")).alias("first"),
    )
    return said.filter("one <> other").select("event", f.col("first.name").alias("owner"))


def _by_shard(rows: tuple[Any, Any], owners: Any, contested: Any, shards: int) -> Any:
    facts, held = rows
    named = ("position", "table", "fact", "of")
    loans, events = f.col("loan").isNotNull(), f.col("event").isNotNull()
    of = f.coalesce("owner", "name").alias("of")
    whose = [
        facts.filter(loans).join(owners, "loan", "left").select("position", "table", "fact", of),
        facts.filter(events).join(contested, "event", "left").select("position", "table", "fact", of),
        facts.filter(~loans & ~events).withColumn("of", f.col("name")).select(*named),
    ]
    every = reduce(lambda one, other: one.unionByName(other), whose)
    bucket = partial(_bucket, shards)
    home = every.select("position", "table", "fact", f.lit(False).alias("guest"), bucket("of"))
    devices = facts.filter(f.col("table") == TABLE["devices"]).withColumnRenamed("name", "token")
    where = held.select("token", bucket("who")).distinct()
    guests = devices.join(where, "token").filter(f.col("bucket") != bucket("token"))
    guests = guests.select("position", "table", "fact", f.lit(True).alias("guest"), "bucket")
    return home.unionByName(guests)


def _bucket(shards: int, name: str) -> Any:
    return f.pmod(f.crc32(name), f.lit(shards)).cast("int").alias("bucket")
