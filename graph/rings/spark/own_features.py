"""What applicants are by themselves, on the cluster: their own facts in buckets, judged by the functions of
one machine.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from pyspark.sql import functions as f

from graph.facts.tables import STATUSES, Column, Tables
from graph.model.types import OutcomeStatus
from graph.rings.active import first_applied
from graph.rings.member_features import member_features
from graph.rings.spark.buckets import Rows, bucket
from graph.rings.spark.facts import APPLICATIONS, CHECKS, EVENTS, MOMENT, PLATFORMS, TIES, TRAITS
from graph.rings.spark.stages import Stages

OWN = "own"
_NONE = np.zeros(0, object)
_REJECTED = STATUSES.index(OutcomeStatus.REJECTED)
_FACTS = {
    "ties_of": {"applicant": "i4", "role": "i1", "since": "i8", "kind": "i1"} | dict.fromkeys(TRAITS, "f8"),
    "asked_of": {
        "number": "i8",
        "applicant": "i4",
        "at": "i8",
        "platform": "i4",
        "merchant": "i4",
        "agent": "i4",
    }
    | dict.fromkeys(CHECKS, "f8")
    | {"refused": "?"},
    "events_of": {"applicant": "i4", "at": "i8", "counterparty": "i4"},
}


def own_features(stages: Stages, applicants: int) -> Any:
    """`who`, `since` (the first application) and a column for each of an applicant's own features."""
    facts = {name: stages.read(name) for name in (TIES, APPLICATIONS, EVENTS)}
    buckets = stages.buckets(sum(rows.count() for rows in facts.values()))
    of = partial(_of_bucket, buckets=buckets)
    stages.kept_by_bucket("ties_of", lambda: facts[TIES].withColumn("bucket", of("applicant")))
    asked = facts[APPLICATIONS].select(*_FACTS["asked_of"])
    stages.kept_by_bucket("asked_of", lambda: asked.withColumn("bucket", of("applicant")))
    stages.kept_by_bucket("events_of", lambda: _at_both_ends(facts[EVENTS], buckets))
    stages.each(OWN, buckets, partial(_own, applicants=applicants, buckets=buckets))
    return stages.read(OWN)


def _of_bucket(column: str, buckets: int) -> Any:
    return f.pmod(f.col(column), f.lit(buckets)).cast("int")


def _at_both_ends(events: Any, buckets: int) -> Any:
    """Events in the bucket of whoever they are of, and in that of the other end."""
    of, other = _of_bucket("applicant", buckets), _of_bucket("counterparty", buckets)
    received = events.filter((f.col("counterparty") >= 0) & (of != other))
    return events.withColumn("bucket", of).unionByName(received.withColumn("bucket", other))


def _own(folder: str, number: int, applicants: int, buckets: int) -> Rows:
    people = np.arange(number, applicants, buckets, dtype=np.int32)
    tables, at = _tables(folder, number, people)
    own = member_features(tables).of(at)
    return {"who": people, "since": first_applied(tables)[at], **dict(zip(own.names, own.values.T))}


def _tables(folder: str, number: int, people: Column) -> tuple[Tables, Column]:
    """The facts of `people` alone, and where these are among those whom the facts name."""
    ties, asked, events = (bucket(folder, stage, number, kinds) for stage, kinds in _FACTS.items())
    moment = bucket(folder, MOMENT, 0, {"as_of": "i8", "zone": "O"})
    named = np.unique(np.concatenate([people, events["applicant"], events["counterparty"]]))
    named = named[named >= 0]

    def local(rows: Rows, *ends: str) -> dict[str, Column]:
        places = {end: np.searchsorted(named, rows[end]).astype(np.int32) for end in ends}
        return {**rows, **{end: np.where(rows[end] >= 0, place, -1) for end, place in places.items()}}

    order = np.argsort(asked["number"])
    asked = {name: column[order] for name, column in asked.items()}
    refused, mention = np.flatnonzero(asked["refused"]), np.arange(len(ties["applicant"]))
    tables = Tables(
        as_of=int(moment["as_of"][0]),
        applicant_ids=named,
        platform_ids=_NONE,
        merchant_ids=_NONE,
        agent_ids=_NONE,
        identifiers={"kind": ties["kind"]},
        ties={**local(ties, "applicant"), "identifier": mention},
        applications=local(asked, "applicant"),
        outcomes={"application": refused, "status": np.full(len(refused), _REJECTED)},
        labels={},
        events=local(events, "applicant", "counterparty"),
        platforms=dict(bucket(folder, PLATFORMS, 0, {"type": "i1"})),
        merchants={},
        devices={"identifier": mention, **{trait: ties[trait] for trait in TRAITS}},
        zone=str(moment["zone"][0]),
    )
    return tables, np.searchsorted(named, people)
