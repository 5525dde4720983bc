"""Links that stay on the cluster: what the search asks of them, and is given."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np

from graph.facts.tables import Column
from graph.rings.links.projection import ApplicantLinks
from graph.rings.links.rows import Look
from graph.rings.spark.buckets import Rows, bucket
from graph.rings.spark.context_tasks import each_once, numbered_links
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
        columns = {"who": people.astype(np.int32)}
        rows = self._answered(f"among_{digest(columns['who'].tobytes())}", columns, _among, LINKS)
        order = np.lexsort((rows["b"], rows["a"]))
        return ApplicantLinks(**{column: held[order] for column, held in rows.items()})

    def by_person(self, look: Look, given: Mapping[str, Column], people: Column) -> Mapping[str, Column]:
        """What `look` says of each of `people` (N,), positions in ascending order."""
        nothing = look(_no_links(), people[:0], given)
        if not len(people):
            return nothing
        asked = np.zeros(len(self.homes.coarse), bool)
        asked[people] = True
        columns = {"who": np.arange(len(asked), dtype=np.int32), "asked": asked, **given}
        name = f"look_{digest(pickle.dumps(look), *(column.tobytes() for column in columns.values()))}"
        task = partial(_looked, look=look, kinds=_kinds(given))
        rows = self._answered(name, columns, task, {"who": "i4", **_kinds(nothing)})
        order = np.argsort(rows["who"])
        return {column: rows[column][order] for column in nothing}

    def _answered(
        self, name: str, columns: Rows, task: Callable[..., Rows], kinds: Mapping[str, str]
    ) -> dict[str, Column]:
        """What `task` makes of each bucket, given the columns of its people and their neighbours."""
        if not len(columns["who"]):
            return {column: np.zeros(0, kind) for column, kind in kinds.items()}
        near = self.stages.read("neighbours_of").select("who", "bucket")
        self.stages.given(f"{name}_at", self.homes.of[columns["who"]], columns)
        self.stages.kept_by_bucket(f"{name}_near", lambda: self.stages.read(f"{name}_at").join(near, "who"))
        self.stages.each(name, self.homes.buckets, partial(task, name=name))
        parts = [bucket(self.stages.folder, name, n, kinds) for n in range(self.homes.buckets)]
        return {column: np.concatenate([part[column] for part in parts]) for column in kinds}


def _among(folder: str, number: int, name: str) -> Rows:
    """Each link once, where its first end is at home."""
    here, near = (bucket(folder, f"{name}_{part}", number, {"who": "i4"})["who"] for part in ("at", "near"))
    rows = bucket(folder, "links_of", number, LINKS)
    at = np.isin(rows["a"], here) & (np.isin(rows["b"], here) | np.isin(rows["b"], near))
    return each_once({column: held[at] for column, held in rows.items()})


def _looked(folder: str, number: int, name: str, look: Look, kinds: Mapping[str, str]) -> Rows:
    here = bucket(folder, f"{name}_at", number, {"who": "i4", "asked": "?", **kinds})
    if not here["asked"].any():
        return {}
    near = bucket(folder, f"{name}_near", number, {"who": "i4", **kinds})
    everyone, first = np.unique(np.r_[here["who"], near["who"]], return_index=True)
    given = {column: np.r_[here[column], near[column]][first] for column in kinds}
    links = numbered_links(bucket(folder, "links_of", number, LINKS), everyone)
    who = np.sort(here["who"][here["asked"]])
    return {"who": who, **look(links, np.searchsorted(everyone, who), given)}


def _kinds(columns: Mapping[str, Column]) -> dict[str, str]:
    return {name: column.dtype.str for name, column in columns.items()}


def _no_links() -> ApplicantLinks:
    return ApplicantLinks(**{name: np.zeros(0, kind) for name, kind in LINKS.items()})
