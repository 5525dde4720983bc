"""The engine `spark`: facts to files, stages on the cluster, and the result read back for the search."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from graph.facts.tables import Column, Tables
from graph.rings.context_rows import ContextRows
from graph.rings.incidence import PAYMENT, Incidence
from graph.rings.parts import LARGEST
from graph.rings.projected import Projected
from graph.rings.spark import components, context, cut, facts, incidence, links
from graph.rings.spark.context_rows import ClusterRows
from graph.rings.spark.homes import Homes
from graph.rings.spark.link_rows import ClusterLinks
from graph.rings.spark.stages import Stages

ROWS = 500_000  # rows that one task of ours holds: some 250 MB
_HELD = ("sort", "source", "amount", "kind", "who", "role", "since", "last")


@dataclass(frozen=True)
class OnSpark:
    """Computes links, first cut and context features in `session`, a stage after the other, kept in a folder
    of `folder` that is named by the facts and these two: a run that was cut off goes on where it stopped.
    `rows` is how many rows one task of ours holds at most, `largest` how many people a part may have; neither
    changes a bit, the second as long as no part is larger.
    """

    session: Any
    folder: str
    rows: int = ROWS
    largest: int = LARGEST

    def __call__(self, tables: Tables) -> Projected:
        """As of the tables' moment."""
        reported = facts.fact_tables(tables)
        own = f"{facts.digest_of(reported)}_{self.rows}_{self.largest}"
        stages = Stages(self.session, f"{self.folder.rstrip('/')}/{own}", self.rows)
        for table in reported:
            if not stages.done(table.name):
                facts.write_facts(table, stages.place(table.name))
                stages.mark(table.name)
        run_stages(stages, len(tables.applicant_ids), self.largest)
        return _read_back(stages, len(tables.applicant_ids))


def run_stages(stages: Stages, applicants: int, largest: int = LARGEST) -> None:
    """From the facts in the stages' folder to the first cut (`cut`)."""
    ties, applications, events = (
        stages.session.read.parquet(stages.place(name))
        for name in (facts.TIES, facts.APPLICATIONS, facts.EVENTS)
    )
    bought = stages.kept("bought", lambda: incidence.payments(applications, events))
    held = stages.kept("held", lambda: incidence.holdings(ties, applications, bought))
    sizes = stages.kept("sizes", lambda: incidence.sizes(held))
    placed = stages.kept("placed", lambda: incidence.placed(held, sizes))
    hubs = stages.kept("hubs", lambda: incidence.hubs(sizes, placed))
    rows = stages.kept("pairs", lambda: links.pairs(placed, hubs).unionByName(links.direct(events)))
    buckets = stages.buckets(rows.count())
    found = stages.kept("links", lambda: links.links(rows, applicants, buckets))
    part = components.parts(stages, found, largest)
    inside = stages.kept("inside", lambda: components.within(found.select("a", "b", "weight"), part))
    stages.kept("cut", lambda: cut.first_cut(inside, stages.buckets(inside.count())))


def _read_back(stages: Stages, applicants: int) -> Projected:
    """What the search goes on with, in the order of one machine."""
    group = np.arange(applicants)
    cut_ = stages.columns("cut", ("who", "coarse"))
    group[_column(cut_, "who")] = _column(cut_, "coarse")
    homes = Homes(stages, np.unique(group, return_inverse=True)[1])
    return Projected(_incidence(stages), ClusterLinks(stages, homes), homes.coarse, lambda: _context(homes))


def _context(homes: Homes) -> ContextRows:
    stages, _ = homes.stages, homes.buckets
    names = tuple(name for name in stages.read(context.CONTEXT).columns if name != "who")
    return ClusterRows(stages, homes, names)


def _incidence(stages: Stages) -> Incidence:
    value = stages.columns("sizes", ("sort", "source", "amount", "kind", "holders"))
    key = incidence.VALUE
    value = value.join(stages.columns("hubs", (*key, "hub")), list(key), join_type="inner")
    order = [(name, "ascending") for name in key]
    value = value.sort_by(order)
    held = stages.columns("held", _HELD)
    held = held.join(value.select(list(key)), list(key), join_type="left semi")
    held = held.sort_by([*order, ("since", "ascending"), ("who", "ascending")])
    kind = _column(value, "kind").astype(np.int8)
    return Incidence(
        kind=kind,
        source=_numbered(kind, _column(value, "source")),
        start=np.r_[0, np.cumsum(_column(value, "holders"))].astype(np.int64),
        who=_column(held, "who").astype(np.int32),
        role=_column(held, "role").astype(np.int8),
        since=_column(held, "since"),
        last=_column(held, "last"),
        hub=_column(value, "hub").astype(np.int8),
    )


def _numbered(kind: Column, source: Column) -> Column:
    """Positions in their tables; payments have none and are numbered in order."""
    paid = kind == PAYMENT
    out = source.astype(np.int32)
    out[paid] = np.arange(paid.sum())
    return out


def _column(table: pa.Table, name: str) -> Column:
    return np.asarray(table[name].combine_chunks().to_numpy(zero_copy_only=False))
