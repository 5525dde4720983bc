"""Applicants whose facts stay on the cluster: what the search asks of them, and is given."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from pyspark.sql import functions as f

from graph.facts.tables import Column, Tables
from graph.rings.applicants.columns import applicant_columns
from graph.rings.links.projection import REFERRAL
from graph.rings.spark.buckets import Rows, bucket, whole
from graph.rings.spark.facts import APPLICATIONS, EVENTS, LABELS, NAMES, OUTCOMES, PLATFORMS
from graph.rings.spark.own_facts import (
    ASKED,
    EVENT,
    LABEL,
    NOBODY,
    OUTCOME,
    loan_tables,
    own_facts,
    people_of,
    placed,
    tables_of,
)
from graph.rings.spark.stages import Stages, digest

OF_APPLICANTS, _NAMED = "columns", "named_of"
_ENDS = ("applicant", "counterparty")
_FACTS = {
    APPLICATIONS: ASKED | {"application_id": "O", "city": "O"},
    OUTCOMES: OUTCOME,
    LABELS: LABEL,
    EVENTS: EVENT | {"kind": "i1", "merchant": "i4", "amount": "f8"},
}


@dataclass(frozen=True)
class ClusterApplicants:
    """Rows of the facts, and of stages that are made when they are asked for first."""

    stages: Stages
    applicants: int
    as_of: int
    zone: str

    def __len__(self) -> int:
        return self.applicants

    def names(self, people: Column) -> Column:
        """The ids of `people`."""
        return self._named(people, "applicant_id")

    def each_name(self, people: Column) -> Iterator[tuple[Column, Column]]:
        """Those in one bucket after those in another."""
        for some, names in self._of_buckets(people, "applicant_id"):
            yield people[some], names

    def latest(self, people: Column) -> Column:
        """Their latest applications."""
        return self._named(people, "application_id")

    def _named(self, people: Column, name: str) -> Column:
        out = np.full(len(people), None, object)
        for some, names in self._of_buckets(people, name):
            out[some] = names
        return out

    def _of_buckets(self, people: Column, name: str) -> Iterator[tuple[Column, Column]]:
        """Places among `people` and a text of each, a bucket after the other."""
        self.stages.kept_by_bucket(_NAMED, lambda: named(self.stages))
        of_range = people // self.stages.rows
        order = np.argsort(of_range, kind="stable")
        ends = np.flatnonzero(np.diff(of_range[order], append=-1)) + 1
        for some in np.split(order, ends[:-1]) if len(order) else ():
            rows = bucket(self.stages.folder, _NAMED, int(of_range[some[0]]), {"who": "i4", name: "O"})
            by_place = np.argsort(rows["who"])
            at = by_place[np.searchsorted(rows["who"], people[some], sorter=by_place)]
            yield some, rows[name][at]

    def places(self, names: Sequence[str]) -> Column:
        """The position of each."""
        out = np.full(len(names), -1)
        if not names:
            return out
        asked = {"place": np.arange(len(names)), "applicant_id": np.array(names, object)}
        name, stages = f"places_{digest(repr([*names]).encode())}", self.stages
        stages.given(f"{name}_asked", np.zeros(len(names), np.int64), asked)
        stages.kept(name, lambda: stages.read(f"{name}_asked").join(stages.read(NAMES), "applicant_id"))
        found = whole(stages.folder, name, {"place": "i8", "who": "i4"})
        out[found["place"]] = found["who"]
        return out

    def facts_of(self, people: Column) -> Tables:
        """Their facts alone."""
        who = people.astype(np.int32)
        applications, outcomes, labels, events = (self._rows_of(table, who) for table in _FACTS)
        loans = loan_tables(applications, outcomes, labels, people)
        order = np.argsort(events["at"], kind="stable")
        events = {name: column[order] for name, column in placed(events, people, *_ENDS).items()}
        kind = np.where(events["kind"] == REFERRAL, "referral", "transfer").astype(object)
        return Tables(
            as_of=self.as_of,
            applicant_ids=self.names(people),
            platform_ids=NOBODY, merchant_ids=NOBODY, agent_ids=NOBODY,
            identifiers={}, ties={}, merchants={}, devices={},
            applications=loans[0], outcomes=loans[1], labels=loans[2],
            events=events | {"kind": kind},
            platforms=dict(bucket(self.stages.folder, PLATFORMS, 0, {"type": "i1"})),
            zone=self.zone,
        )  # fmt: skip

    def _rows_of(self, table: str, who: Column) -> Rows:
        """The rows of a table of facts that `who` (N,) are at all ends of."""
        kinds = _FACTS[table]
        if not len(who):
            return {name: np.zeros(0, kind) for name, kind in kinds.items()}
        name, stages = f"of_{digest(who.tobytes())}", self.stages
        stages.given(f"{name}_asked", np.zeros(len(who), np.int64), {"who": who})

        def rows() -> Any:
            found, asked = stages.read(table).select(*kinds), stages.read(f"{name}_asked")
            for end in (end for end in _ENDS if end in kinds):
                found = found.join(asked.withColumnRenamed("who", end), end)
            return found

        stages.kept(f"{name}_{table}", rows)
        return whole(stages.folder, f"{name}_{table}", kinds)


def columns_stage(stages: Stages, applicants: int) -> int:
    """Makes the stage OF_APPLICANTS: `who`, and all COLUMNS. In how many buckets."""
    buckets = own_facts(stages)
    stages.each(OF_APPLICANTS, buckets, partial(_columns, applicants=applicants, buckets=buckets))
    return buckets


def named(stages: Stages) -> Any:
    """`who`, `applicant_id`, the `application_id` of the latest application, by ranges of positions."""
    asked = stages.read(APPLICATIONS).select("applicant", "number", "application_id")
    last = asked.groupBy("applicant").agg(f.max("number").alias("number"))
    latest = (
        asked.select("number", "application_id").join(last, "number").withColumnRenamed("applicant", "who")
    )
    rows = stages.read(NAMES).join(latest.drop("number"), "who", "left")
    return rows.withColumn("bucket", f.floor(f.col("who") / f.lit(stages.rows)).cast("int"))


def _columns(folder: str, number: int, applicants: int, buckets: int) -> Rows:
    people = people_of(number, applicants, buckets)
    tables, at = tables_of(folder, number, people)
    return {"who": people} | {name: column[at] for name, column in applicant_columns(tables).items()}
