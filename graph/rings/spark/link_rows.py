"""Links that stay on the cluster: what the search asks of them, and is given."""

from __future__ import annotations

import pickle
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np

from graph.facts.tables import Column
from graph.rings.applicants.everybody import Asked, Everybody, merged
from graph.rings.links.projection import ApplicantLinks
from graph.rings.links.rows import LookAround
from graph.rings.spark.buckets import Rows, bucket, kinds_of
from graph.rings.spark.context import LINKS_OF, NEIGHBOURS, linked_stages
from graph.rings.spark.context_tasks import each_once, numbered_links
from graph.rings.spark.everybody import Held, OfBuckets, columns_at, nobody, of_cluster
from graph.rings.spark.homes import Homes
from graph.rings.spark.links import LINKS
from graph.rings.spark.stages import Stages, digest


@dataclass(frozen=True)
class ClusterLinks:
    """Rows of the stage `links`. Each answer is a stage, named by the question."""

    stages: Stages
    homes: Homes

    @cached_property
    def _count(self) -> int:
        return int(self.stages.read("links").count())

    def __len__(self) -> int:
        return self._count

    def among(self, people: Column) -> ApplicantLinks:
        """Those between two of `people` (N,), positions in ascending order."""
        if not len(people):
            return _no_links()
        who = {"who": people.astype(np.int32)}
        name, stages, homes = f"among_{digest(who['who'].tobytes())}", self.stages, self.homes
        homes.bring(f"{name}_at", who)
        linked_stages(homes)
        near = stages.read(NEIGHBOURS).select("who", "bucket")
        stages.kept_by_bucket(f"{name}_near", lambda: stages.read(f"{name}_at_here").join(near, "who"))
        stages.each(name, homes.buckets, partial(_among, name=name))
        rows = merged(OfBuckets(stages, name, homes.buckets, LINKS))
        order = np.lexsort((rows["b"], rows["a"]))
        return ApplicantLinks(**{column: held[order] for column, held in rows.items()})

    def by_person(
        self, look: LookAround, everybody: Everybody, names: tuple[str, ...], asked: Asked
    ) -> Iterable[Rows]:
        """What `look` says of those `asked`, a bucket after the other."""
        everybody = of_cluster(everybody)
        held, stages, homes = everybody.only(names), self.stages, self.homes
        nothing = look(_no_links(), np.zeros(0, np.int64), nobody(held))
        name = f"look_{digest(pickle.dumps((look, held, asked)))}"
        linked_stages(homes)
        near = stages.read(NEIGHBOURS).select("who", "bucket")
        stages.kept_by_bucket(f"{name}_near", lambda: everybody.rows(names).join(near, "who"))
        stages.each(name, homes.buckets, partial(_looked, name=name, look=look, held=held, asked=asked))
        return OfBuckets(stages, name, homes.buckets, {"who": "i4", **kinds_of(nothing)})


def _among(folder: str, number: int, name: str) -> Rows:
    """Each link once, where its first end is at home."""
    here, near = (bucket(folder, f"{name}_{part}", number, {"who": "i4"})["who"] for part in ("at", "near"))
    rows = bucket(folder, LINKS_OF, number, LINKS)
    at = np.isin(rows["a"], here) & (np.isin(rows["b"], here) | np.isin(rows["b"], near))
    return each_once({column: held[at] for column, held in rows.items()})


def _looked(folder: str, number: int, name: str, look: LookAround, held: Held, asked: Asked) -> Rows:
    here = columns_at(folder, number, held)
    some = asked(here)
    if not some.any():
        return {}
    near = bucket(folder, f"{name}_near", number, {column: kind for column, (_, kind) in held.items()})
    everyone, first = np.unique(np.r_[here["who"], near["who"]], return_index=True)
    given = {column: np.r_[here[column], near[column]][first] for column in held}
    links = numbered_links(bucket(folder, LINKS_OF, number, LINKS), everyone)
    who = here["who"][some]
    return {"who": who, **look(links, np.searchsorted(everyone, who), given)}


def _no_links() -> ApplicantLinks:
    return ApplicantLinks(**{name: np.zeros(0, kind) for name, kind in LINKS.items()})
