"""Facts by names as the stages of `graph.rings.spark.facts`, by the cluster: each gets the numbers that it
has in tables of all facts.
"""

from __future__ import annotations

import secrets
from functools import partial
from typing import Any

import numpy as np
from pyspark.sql import functions as f

from graph.model.moments import micros
from graph.rings.spark.buckets import Rows, write_bucket
from graph.rings.spark.facts import (
    APPLICATIONS,
    CHECKS,
    EVENTS,
    LABELS,
    MOMENT,
    NAMES,
    OUTCOMES,
    PLATFORMS,
    TIES,
    TRAITS,
)
from graph.rings.spark.ranks import Ranking, ranked
from graph.rings.spark.raw_facts import LENDERS, PEOPLE, PEOPLE_AT_ONCE, SHOPS, RawFacts, read_facts
from graph.rings.spark.stages import Stages, digest
from graph.store.port import GraphView

HEAVY = 100_000  # rows of one name from which on a join takes them in pieces
_NAMELESS = 64  # pieces of the rows that name nothing
_CROWDED = "crowded"
_ALL = (TIES, APPLICATIONS, OUTCOMES, LABELS, EVENTS, PLATFORMS, NAMES, MOMENT)
_PERSON = Ranking(NAMES, {"applicant_id": "O"}, "who")
_VALUE = Ranking("identifiers", {"kind": "i1", "token": "O"})
_LOAN = Ranking("loans", {"at": "i8", "application_id": "O"}, kind="i8")
_SHOP = Ranking("numbered_shops", {"merchant_id": "O"})
_AGENT = Ranking("numbered_agents", {"agent": "O"})
_LENDER = Ranking("numbered_lenders", {"platform_id": "O"}, beside={"type": "i1"})


def facts_by_ranges(stages: Stages, view: GraphView, people: int = PEOPLE_AT_ONCE) -> None:
    """All facts of the view as stages: row for row what `fact_tables(view.tables())` has, in any order.
    `people` is how many are read at once.
    """

    def places() -> tuple[str, ...]:
        return tuple(map(stages.place, read_facts(stages, view, people)))

    number_facts(stages, RawFacts(micros(view.as_of), view.zone, places, view.tables))


def number_facts(stages: Stages, raw: RawFacts) -> None:
    """The same for facts by names."""
    if not all(stages.done(name) for name in _ALL):
        _Numbered(stages, raw.places()).write()
        stages.made(MOMENT, partial(_write_moment, raw))


def digest_of_view(view: GraphView) -> str:
    """A name for its facts. One that no other view has, where it does not say what its store's past is."""
    return digest(f"{view.past or secrets.token_hex(16)} {micros(view.as_of)} {view.zone}".encode())


class _Numbered:
    """The numbers of all names, and the facts by them."""

    def __init__(self, stages: Stages, places: tuple[str, ...]) -> None:
        self._stages, self._places = stages, places
        self._asked, self._events = self._part(APPLICATIONS), self._part(EVENTS)
        self._ties = self._part(TIES)

    def write(self) -> None:
        """All stages but the moment."""
        self._people = ranked(self._stages, _PERSON, lambda: self._part(PEOPLE).distinct())
        self._values = ranked(self._stages, _VALUE, lambda: self._ties.select("kind", "token").distinct())
        self._loans = ranked(self._stages, _LOAN, lambda: self._asked)
        self._shops = ranked(self._stages, _SHOP, lambda: self._part(SHOPS).distinct())
        agents = self._asked.filter("agent is not null").select("agent")
        self._agents = ranked(self._stages, _AGENT, agents.distinct)
        lenders = self._part(LENDERS).groupBy("platform_id").agg(f.min("type").alias("type"))
        self._lenders = ranked(self._stages, _LENDER, lambda: lenders)
        self._crowded = self._stages.kept(_CROWDED, self._counted)
        self._stages.kept(TIES, self._ties_by_number)
        self._stages.kept(APPLICATIONS, self._asked_by_number)
        self._stages.kept(OUTCOMES, partial(self._of_loans, OUTCOMES, ("status", "at", "amount")))
        self._stages.kept(LABELS, partial(self._of_loans, LABELS, ("fraud", "known_at", "by_person")))
        self._stages.kept(EVENTS, self._events_by_number)
        self._stages.made(PLATFORMS, self._write_lenders)

    def _part(self, part: str) -> Any:
        return self._stages.session.read.parquet(*(f"{place}/{part}" for place in self._places))

    def _counted(self) -> Any:
        """Names of HEAVY rows or more: `of` what sort, `kind` and `name`, in how many `pieces` a join takes
        them.
        """
        shops = self._asked.select("merchant").unionByName(self._events.select("merchant"))
        counted = [
            _counts(self._ties.select("kind", f.col("token").alias("name")), "identifier"),
            _counts(_by_name(shops, "merchant"), "merchant"),
            _counts(_by_name(self._asked, "agent"), "agent"),
            _counts(_by_name(self._events, "counterparty"), "counterparty"),
        ]
        rows = counted[0]
        for more in counted[1:]:
            rows = rows.unionByName(more)
        return rows

    def _ties_by_number(self) -> Any:
        rows = self._joined(self._ties, "token", self._values, "identifier", also=("kind",))
        named = ("identifier", "kind", "linking", "applicant", "role", "since", "last", *TRAITS)
        return self._of_people(rows).select(*named)

    def _asked_by_number(self) -> Any:
        lenders = self._lenders.select(f.col("platform_id").alias("platform"), "number")
        rows = self._asked.join(f.broadcast(lenders), "platform").drop("platform")
        rows = rows.withColumnRenamed("number", "platform")
        rows = self._joined(rows, "merchant", self._shops.withColumnRenamed("merchant_id", "merchant"))
        rows = self._joined(rows, "agent", self._agents)
        rows = self._of_people(rows)
        rows = rows.join(self._loans.select("application_id", "number"), "application_id")
        named = ("number", "application_id", "applicant", "at", "platform", "merchant", "agent")
        return rows.select(*named, *CHECKS, "city")

    def _of_loans(self, part: str, columns: tuple[str, ...]) -> Any:
        loans = self._loans.select(
            f.col("application_id").alias("application"), f.col("number").cast("int").alias("number")
        )
        rows = self._joined(self._part(part), "application", loans)
        return self._of_people(rows).select("applicant", "application", *columns)

    def _events_by_number(self) -> Any:
        others = self._people.select(
            f.col("applicant_id").alias("counterparty"), f.col("who").alias("number")
        )
        rows = self._joined(self._events, "counterparty", others)
        rows = self._joined(rows, "merchant", self._shops.withColumnRenamed("merchant_id", "merchant"))
        return self._of_people(rows).select("kind", "applicant", "at", "counterparty", "merchant", "amount")

    def _of_people(self, rows: Any) -> Any:
        """Everybody's own rows are few."""
        joined = rows.join(self._people_as("applicant"), "applicant").drop("applicant")
        return joined.withColumnRenamed("number", "applicant")

    def _people_as(self, name: str) -> Any:
        return self._people.select(f.col("applicant_id").alias(name), f.col("who").alias("number"))

    def _joined(self, rows: Any, name: str, numbers: Any, into: str = "", also: tuple[str, ...] = ()) -> Any:
        """`rows` with a number for each `name`, -1 where there is none. What many rows name, and the rows
        that name nothing, are joined in pieces, by whose they are.
        """
        key = [name, *also]
        few = self._crowded.filter(f.col("of") == (into or name)).withColumnRenamed("name", name)
        few = f.broadcast(few.select(*key, "pieces"))
        nameless = f.when(f.col(name).isNull(), _NAMELESS).otherwise(f.lit(1))
        piece = f.pmod(f.crc32("applicant"), f.coalesce(f.col("pieces"), nameless)).cast("int")
        rows = rows.join(few, key, "left").withColumn("piece", piece).drop("pieces")
        every = f.sequence(f.lit(0), f.coalesce(f.col("pieces"), f.lit(1)) - 1)
        numbers = numbers.join(few, key, "left").withColumn("piece", f.explode(every)).drop("pieces")
        joined = rows.join(numbers, [*key, "piece"], "left").drop("piece", name)
        number = f.coalesce(f.col("number"), f.lit(-1)).cast("int")
        return joined.withColumn(into or name, number).drop("number")

    def _write_lenders(self, place: str) -> None:
        """In order, in one file: they are few."""
        types = dict(map(tuple, self._lenders.select("number", "type").collect()))
        write_bucket(place, 0, {"type": np.array([types[n] for n in range(len(types))], np.int8)})


def _by_name(rows: Any, name: str) -> Any:
    named = rows.filter(f.col(name).isNotNull())
    return named.select(f.lit(None).cast("byte").alias("kind"), f.col(name).alias("name"))


def _counts(rows: Any, of: str) -> Any:
    counted = rows.groupBy("kind", "name").agg(f.count("*").alias("n")).filter(f.col("n") >= HEAVY)
    pieces = f.ceil(f.col("n") / HEAVY).cast("int")
    return counted.select(f.lit(of).alias("of"), "kind", "name", pieces.alias("pieces"))


def _write_moment(raw: RawFacts, place: str) -> None:
    rows: Rows = {"as_of": np.array([raw.as_of]), "zone": np.array([raw.zone])}
    write_bucket(place, 0, rows)
