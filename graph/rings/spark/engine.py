"""The engine `spark`: facts to files, stages on the cluster, and the result read back for the search."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from graph.facts.tables import Tables
from graph.rings.links.parts import LARGEST
from graph.rings.projected import Projected, in_this_process
from graph.rings.spark import components, context, cut, facts, incidence, links
from graph.rings.spark.applicants import ClusterApplicants
from graph.rings.spark.buckets import bucket
from graph.rings.spark.context_rows import ClusterRows
from graph.rings.spark.everybody import cluster_everybody
from graph.rings.spark.group_rows import ClusterGroups
from graph.rings.spark.homes import Homes
from graph.rings.spark.link_rows import ClusterLinks
from graph.rings.spark.numbered_facts import digest_of_view, facts_by_ranges, number_facts
from graph.rings.spark.raw_facts import RawFacts
from graph.rings.spark.sharing_rows import ClusterSharing
from graph.rings.spark.stages import Stages, digest, folder_of
from graph.rings.suspicion.rows import ContextRows
from graph.store.port import GraphView

_MOMENT = {"as_of": "i8", "zone": "O"}
ROWS = 500_000  # rows that one task of ours holds: some 250 MB


@dataclass(frozen=True)
class OnSpark:
    """Computes links, first cut, context features and measures of groups in `session`, a stage after the
    other, kept in a folder of `folder` that is named by Ringfence's version, the facts and these two:
    a run that was cut off goes on where it stopped. `rows` is how many rows one task of ours holds at most,
    `largest` how many people a part may have; neither changes a bit, the second as long as no part is larger.
    `folders` are those of all that was computed.
    """

    session: Any
    folder: str
    rows: int = ROWS
    largest: int = LARGEST
    folders: list[str] = field(default_factory=list)

    def of_view(self, view: GraphView) -> Projected:
        """As of the view's moment: facts are read by ranges of people and numbered on the cluster, and no
        process holds all of them. A view that does not say what its store's past is has a folder that no
        other run finds.
        """
        stages = self._stages(digest_of_view(view))
        facts_by_ranges(stages, view)
        return self._projected(stages, view.tables)

    def of_raw(self, raw: RawFacts, past: str) -> Projected:
        """Of facts by names that no store holds; `past` is a name for what they are made of."""
        stages = self._stages(digest(f"{past} {raw.as_of} {raw.zone}".encode()))
        number_facts(stages, raw)
        return self._projected(stages, raw.nobody)

    def of_tables(self, tables: Tables) -> Projected:
        """As of the tables' moment."""
        if not len(tables.applicant_ids):
            return in_this_process(tables)  # files without rows have no columns to go on with
        reported = facts.fact_tables(tables)
        stages = self._stages(facts.digest_of(reported))
        for table in reported:
            stages.made(table.name, partial(facts.write_facts, table))
        return self._projected(stages, lambda: tables)

    def _stages(self, of: str) -> Stages:
        own = f"{of}_{self.rows}_{self.largest}"
        self.folders.append(folder_of(self.folder, "rings", own))
        return Stages(self.session, self.folders[-1], self.rows)

    def _projected(self, stages: Stages, nobody: Callable[[], Tables]) -> Projected:
        """Of the facts that are in the stages' folder; `nobody` gives the tables where there is nobody."""
        applicants = stages.read(facts.NAMES).count()
        if not applicants:
            return in_this_process(nobody())  # files without rows have no columns to go on with
        run_stages(stages, applicants, self.largest)
        return _read_back(stages, applicants)


def run_stages(stages: Stages, applicants: int, largest: int = LARGEST) -> None:
    """From the facts in the stages' folder to the first cut (`cut`)."""
    ties, applications, events = map(stages.read, (facts.TIES, facts.APPLICATIONS, facts.EVENTS))
    bought = stages.kept("bought", lambda: incidence.payments(applications, events))
    held = stages.kept("held", lambda: incidence.holdings(ties, applications, bought))
    sizes = stages.kept("sizes", lambda: incidence.sizes(held))
    placed = stages.kept("placed", lambda: incidence.placed(held, sizes))
    hubs = stages.kept("hubs", lambda: incidence.hubs(sizes, placed))
    buckets = stages.buckets(links.most_pairs(sizes, hubs, events))
    rows = links.pairs(placed, hubs).unionByName(links.direct(events))
    stages.kept_by_bucket(links.PAIRS, lambda: links.by_bucket(rows, buckets))
    stages.each("links", buckets, partial(links.links, applicants=applicants), links.SCHEMA)
    found = stages.read("links")
    part = components.parts(stages, found, largest)
    inside = stages.kept("inside", lambda: components.within(found.select("a", "b", "weight"), part))
    stages.kept("cut", lambda: cut.first_cut(inside, stages.buckets(inside.count())))


def _read_back(stages: Stages, applicants: int) -> Projected:
    """Where the search asks for all that was computed."""
    homes, moment = Homes(stages, applicants), bucket(stages.folder, facts.MOMENT, 0, _MOMENT)
    as_of, zone = int(moment["as_of"][0]), str(moment["zone"][0])
    return Projected(
        ClusterApplicants(stages, applicants, as_of, zone),
        ClusterSharing(stages, homes, as_of),
        ClusterLinks(stages, homes),
        cluster_everybody(homes),
        partial(_context, homes),
        ClusterGroups(stages, applicants),
    )


def _context(homes: Homes) -> ContextRows:
    context.context_stage(homes)
    names = tuple(name for name in homes.stages.read(context.CONTEXT).columns if name != "who")
    return ClusterRows(homes.stages, homes, names)
