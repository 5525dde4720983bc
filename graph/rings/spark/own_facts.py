"""The facts of some applicants after the other, on the cluster: in buckets, each read as tables by a task."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from pyspark.sql import functions as f

from graph.facts.tables import STATUSES, Column, Tables
from graph.rings.spark.buckets import Rows, bucket
from graph.rings.spark.facts import (
    APPLICATIONS,
    CHECKS,
    EVENTS,
    LABELS,
    MOMENT,
    OUTCOMES,
    PLATFORMS,
    TIES,
    TRAITS,
)
from graph.rings.spark.stages import Stages

NOBODY = np.zeros(0, object)
ASKED = {"number": "i8", "applicant": "i4", "at": "i8", "platform": "i4", "merchant": "i4", "agent": "i4"}
ASKED |= dict.fromkeys(CHECKS, "f8")
OUTCOME = {"applicant": "i4", "application": "i8", "status": "i1", "at": "i8", "amount": "f8"}
LABEL = {"applicant": "i4", "application": "i8", "fraud": "?", "known_at": "i8", "by_person": "?"}
EVENT = {"applicant": "i4", "at": "i8", "counterparty": "i4"}
_TIE = {"applicant": "i4", "role": "i1", "since": "i8", "last": "i8", "kind": "i1"}
_TIE |= dict.fromkeys(TRAITS, "f8")
_FACTS = {
    "ties_of": (TIES, _TIE),
    "asked_of": (APPLICATIONS, ASKED),
    "outcomes_of": (OUTCOMES, OUTCOME),
    "labels_of": (LABELS, LABEL),
    "events_of": (EVENTS, EVENT),
}
# of one loan and moment outcomes are in the order of their words, as in `graph.facts.tables.Tables`
_BY_NAME = np.argsort(np.argsort([status.value for status in STATUSES]))


def own_facts(stages: Stages) -> int:
    """Makes the stages of everybody's own facts. In how many buckets."""
    facts = {name: stages.read(of).select(*kinds) for name, (of, kinds) in _FACTS.items()}
    buckets = stages.buckets(sum(rows.count() for rows in facts.values()))
    for name, rows in facts.items():
        stages.kept_by_bucket(name, partial(_by_applicant, rows, buckets))
    return buckets


def _by_applicant(rows: Any, buckets: int) -> Any:
    """Rows in the bucket of their applicant; events in that of the other end too."""
    of = rows.withColumn("bucket", _bucket("applicant", buckets))
    if "counterparty" not in rows.columns:
        return of
    other = rows.filter("counterparty >= 0").withColumn("bucket", _bucket("counterparty", buckets))
    return of.unionByName(other.filter(f.col("bucket") != _bucket("applicant", buckets)))


def _bucket(column: str, buckets: int) -> Any:
    return f.pmod(f.col(column), f.lit(buckets)).cast("int")


def people_of(number: int, applicants: int, buckets: int) -> Column:
    """Who is in a bucket (N,) int32."""
    return np.arange(number, applicants, buckets, dtype=np.int32)


def tables_of(folder: str, number: int, people: Column) -> tuple[Tables, Column]:
    """The facts of `people`, all those of a bucket, and where these are among those whom the facts name."""
    ties, asked, outcomes, labels, events = (
        bucket(folder, stage, number, kinds) for stage, (_, kinds) in _FACTS.items()
    )
    moment = bucket(folder, MOMENT, 0, {"as_of": "i8", "zone": "O"})
    named = np.unique(np.concatenate([people, events["applicant"], events["counterparty"]]))
    named, mention = named[named >= 0], np.arange(len(ties["applicant"]))
    loans = loan_tables(asked, outcomes, labels, named)
    tables = Tables(
        as_of=int(moment["as_of"][0]),
        applicant_ids=named,
        platform_ids=NOBODY, merchant_ids=NOBODY, agent_ids=NOBODY,
        identifiers={"kind": ties["kind"]},
        ties={**placed(ties, named, "applicant"), "identifier": mention},
        applications=loans[0], outcomes=loans[1], labels=loans[2],
        events=placed(events, named, "applicant", "counterparty"),
        platforms=dict(bucket(folder, PLATFORMS, 0, {"type": "i1"})),
        merchants={},
        devices={"identifier": mention, **{trait: ties[trait] for trait in TRAITS}},
        zone=str(moment["zone"][0]),
    )  # fmt: skip
    return tables, np.searchsorted(named, people)


def loan_tables(
    asked: Rows, outcomes: Rows, labels: Rows, named: Column
) -> tuple[dict[str, Column], dict[str, Column], dict[str, Column]]:
    """Applications, outcomes and labels of `named` people (positions, ascending), numbered among themselves;
    applications in the order of `graph.facts.tables.Tables`, and so are the outcomes of each.
    """
    order = np.argsort(asked["number"])
    asked = {name: column[order] for name, column in asked.items()}
    outcomes, labels = (placed(rows, asked["number"], "application") for rows in (outcomes, labels))
    order = np.lexsort((_BY_NAME[outcomes["status"]], outcomes["at"], outcomes["application"]))
    return (
        placed(asked, named, "applicant"),
        {name: column[order] for name, column in outcomes.items()},
        placed(labels, named, "applicant"),
    )


def placed(rows: Rows, among: Column, *names: str) -> dict[str, Column]:
    """Rows whose columns `names` are places in `among` (ascending) instead of what stands there; below zero
    stays so.
    """
    places = {name: np.searchsorted(among, rows[name]).astype(np.int32) for name in names}
    return {**rows, **{name: np.where(rows[name] >= 0, place, -1) for name, place in places.items()}}
