"""Groups whose links, shared values, applications and events stay on the cluster: whole groups are measured
there, a bucket by a task, by the function of one machine.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from pyspark.sql import functions as f

from graph.facts.tables import Column
from graph.rings.applicants.columns import COLUMNS
from graph.rings.applicants.everybody import Everybody
from graph.rings.groups.measures import ALONE, MEANS, Measures, Members, measure
from graph.rings.groups.whole_groups import ASKED, WholeGroups
from graph.rings.links.projection import REFERRAL
from graph.rings.spark.applicants import OF_APPLICANTS, columns_stage
from graph.rings.spark.buckets import Parted, Rows, bucket, kinds_of
from graph.rings.spark.components import within
from graph.rings.spark.context_tasks import numbered_links
from graph.rings.spark.everybody import nobody, of_cluster
from graph.rings.spark.facts import APPLICATIONS, EVENTS, NAMES
from graph.rings.spark.links import LINKS
from graph.rings.spark.own_features import own_features
from graph.rings.spark.sharing_rows import HELD, incidence, shared
from graph.rings.spark.stages import Stages, digest
from graph.rings.suspicion.scores import SMALLEST, LabelRates

_MEASURES = tuple(name for name in Measures.__dataclass_fields__ if name != "members")
_MEMBERS = tuple(Members.__dataclass_fields__)
_SENT = {"a": "i4", "b": "i4", "kind": "i1", "at": "i8"}
_ASKED = {"applicant": "i4"} | dict.fromkeys(ASKED, "i4")
_NAMED = {"who": "i4", "applicant_id": "O"}
_GIVEN = {"who": "i4"} | {name: COLUMNS[name] for name in ALONE} | dict.fromkeys(MEANS, "f4")
_PARTS = {"links": LINKS, "sent": _SENT, "asked": _ASKED, "held": HELD, "named": _NAMED, "given": _GIVEN}
_NO_RATES = LabelRates((0.0, 0.0), (0.0, 0.0), 0)
_COLUMNS = ("group", "size", "suspicion")
_A_PERSON = 4  # some 1 KB, where the rows that a task holds at most are of 250 bytes


@dataclass(frozen=True)
class ClusterGroups:
    """Rows of the facts and of the stages `links`, `held`, `sizes` and `hubs`. Each answer is a stage, named
    by the question.
    """

    stages: Stages
    applicants: int

    def measured(self, everybody: Everybody, rates: LabelRates) -> Iterator[Measures]:
        """Measures of the groups of three or more."""
        columns, stages = of_cluster(everybody), self.stages
        held = columns.only(_COLUMNS)
        kinds = {name: kind for name, (_, kind) in held.items()}
        of_groups, of_members = _kinds(nobody(held))
        name = f"groups_{digest(pickle.dumps((held, rates)))}"
        buckets = stages.buckets(_A_PERSON * self.applicants)
        of_group = f.pmod("group", f.lit(buckets)).cast("int")
        inside = columns.rows(_COLUMNS).filter(f.col("size") >= SMALLEST).withColumn("bucket", of_group)
        stages.kept_by_bucket(f"{name}_at", lambda: inside)
        self._gather(name, buckets)
        stages.each(name, buckets, partial(_measured, name=name, kinds=kinds, rates=rates))
        for number in range(buckets):
            groups = bucket(stages.folder, f"{name}/groups", number, of_groups)
            members = bucket(stages.folder, f"{name}/members", number, of_members)
            if len(groups["number"]):
                yield Measures(**groups, members=Members(**members))

    def _gather(self, name: str, buckets: int) -> None:
        """What lies inside each group, in the bucket of that group."""
        read, of_group = self.stages.read, f.pmod("part", f.lit(buckets)).cast("int")
        part = read(f"{name}_at").select("who", f.col("group").alias("part"))

        def inside(ends: Any) -> Any:
            return within(ends, part).withColumn("bucket", of_group).drop("part")

        def of_members(rows: Any, who: str) -> Any:
            return rows.join(part.withColumnRenamed("who", who), who).withColumn("bucket", of_group)

        sent = read(EVENTS).filter("counterparty >= 0")
        sent = sent.select(f.col("applicant").alias("a"), f.col("counterparty").alias("b"), "kind", "at")
        self.stages.kept_by_bucket(f"{name}_links", lambda: inside(read("links")))
        self.stages.kept_by_bucket(f"{name}_sent", lambda: inside(sent))
        self.stages.kept_by_bucket(
            f"{name}_asked", lambda: of_members(read(APPLICATIONS).select(*_ASKED), "applicant")
        )
        self.stages.kept_by_bucket(f"{name}_named", lambda: of_members(read(NAMES), "who"))
        self.stages.kept_by_bucket(f"{name}_held", lambda: of_members(shared(self.stages), "who"))
        self.stages.kept_by_bucket(f"{name}_given", lambda: of_members(self._alone(), "who"))

    def _alone(self) -> Any:
        """What everybody is by themselves, as far as groups are measured by it."""
        columns_stage(self.stages, self.applicants)
        means = own_features(self.stages, self.applicants).select("who", *MEANS)
        return self.stages.read(OF_APPLICANTS).select("who", *ALONE).join(means, "who")


def _kinds(columns: Rows) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Those of what groups and members measure."""
    nobody = {name: column[:0] for name, column in columns.items()}
    rows = {part: {name: np.zeros(0, kind) for name, kind in of.items()} for part, of in _PARTS.items()}
    nothing = measure(_whole(nobody, rows), _NO_RATES)
    return kinds_of(_groups(nothing)), kinds_of(_members(nothing))


def _groups(measures: Measures) -> Rows:
    return {name: getattr(measures, name) for name in _MEASURES}


def _members(measures: Measures) -> Rows:
    return {name: getattr(measures.members, name) for name in _MEMBERS}


def _measured(
    folder: str, number: int, name: str, kinds: Mapping[str, str], rates: LabelRates
) -> Rows | Parted:
    given = bucket(folder, f"{name}_at", number, kinds)
    if not len(given["who"]):
        return {}
    order = np.argsort(given["who"])
    given = {column: held[order] for column, held in given.items()}
    rows = {part: bucket(folder, f"{name}_{part}", number, of) for part, of in _PARTS.items()}
    found = measure(_whole(given, rows), rates)
    return Parted({"groups": _groups(found), "members": _members(found)})


def _whole(given: Rows, inside: Mapping[str, Rows]) -> WholeGroups:
    people, own, order = given["who"], inside["given"], np.argsort(inside["given"]["who"])
    sent, asked, sharing = inside["sent"], inside["asked"], incidence(inside["held"])

    def place(who: Column) -> Column:
        return np.searchsorted(people, who).astype(np.int32)

    return WholeGroups(
        people,
        inside["named"]["applicant_id"][np.argsort(inside["named"]["who"])],
        given["group"],
        numbered_links(inside["links"], people),
        replace(sharing, who=place(sharing.who)),
        {
            "applicant": place(sent["a"]),
            "counterparty": place(sent["b"]),
            "kind": np.where(sent["kind"] == REFERRAL, "referral", "transfer"),
            "at": sent["at"],
        },
        {**asked, "applicant": place(asked["applicant"])},
        {"suspicion": given["suspicion"], **{name: own[name][order] for name in (*ALONE, *MEANS)}},
    )
