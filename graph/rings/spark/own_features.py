"""What applicants are by themselves, on the cluster: their own facts in buckets, judged by the functions of
one machine.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from graph.rings.applicants.active import first_applied
from graph.rings.spark.buckets import Rows
from graph.rings.spark.own_facts import own_facts, people_of, tables_of
from graph.rings.spark.stages import Stages
from graph.rings.suspicion.member_features import member_features

OWN = "own"


def own_features(stages: Stages, applicants: int) -> Any:
    """`who`, `since` (the first application) and a column for each of an applicant's own features."""
    buckets = own_facts(stages)
    stages.each(OWN, buckets, partial(_own, applicants=applicants, buckets=buckets))
    return stages.read(OWN)


def _own(folder: str, number: int, applicants: int, buckets: int) -> Rows:
    people = people_of(number, applicants, buckets)
    tables, at = tables_of(folder, number, people)
    own = member_features(tables).of(at)
    return {"who": people, "since": first_applied(tables)[at], **dict(zip(own.names, own.values.T))}
