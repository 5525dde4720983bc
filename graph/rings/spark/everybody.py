"""Columns of all applicants that stay on the cluster: a task looks at those of a bucket of whole groups."""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial, reduce
from typing import Any

import numpy as np
from pyspark.sql import functions as f

from graph.facts.tables import Column
from graph.rings.applicants.columns import COLUMNS
from graph.rings.applicants.everybody import NOBODY, Asked, Everybody, Look, merged
from graph.rings.spark.applicants import OF_APPLICANTS, columns_stage
from graph.rings.spark.buckets import Rows, bucket, kinds_of, whole, write_bucket
from graph.rings.spark.homes import Homes
from graph.rings.spark.stages import Stages, digest

Held = Mapping[str, tuple[str, str]]
"""In which stage each column is, and of what kind."""
EVERYBODY = "everybody"


@dataclass(frozen=True)
class OfBuckets(Iterable[Rows]):
    """The rows of a stage, a bucket after the other, read anew each time."""

    stages: Stages
    name: str
    buckets: int
    kinds: Mapping[str, str]

    def __iter__(self) -> Iterator[Rows]:
        for number in range(self.buckets):
            yield bucket(self.stages.folder, self.name, number, self.kinds)


@dataclass(frozen=True)
class ClusterEverybody:
    """Rows of stages whose buckets are those of `homes`. Each answer is a stage, named by the question."""

    homes: Homes
    held: Held

    def __len__(self) -> int:
        return self.homes.applicants

    def answers(self, look: Look, names: tuple[str, ...], given: Rows | None = None) -> Iterable[Rows]:
        """What `look` says of a bucket after the other."""
        kinds = kinds_of(look(nobody(self.only(names)), _nobody_of(given)))
        name = self._looked_at("answer", look, names, given)
        return OfBuckets(self.homes.stages, name, self.homes.buckets, kinds)

    def put(self, look: Look, names: tuple[str, ...], given: Rows | None = None) -> ClusterEverybody:
        """With these columns beside."""
        kinds = kinds_of(look(nobody(self.only(names)), _nobody_of(given)))
        name = self._looked_at("put", look, names, given)
        return self.beside(name, kinds)

    def filled(self, question: object, name: str, pieces: Iterable[Rows]) -> ClusterEverybody:
        """With this column beside, whose rows this process writes."""
        stage = f"filled_{digest(pickle.dumps((question, name)))}"

        def write(place: str) -> None:
            for number, rows in enumerate(pieces):
                write_bucket(place, number, {"who": rows["who"].astype(np.int32), name: rows[name]})

        self.homes.stages.made(stage, write)
        return self.beside(stage, {name: "f8"})

    def of(self, people: Column, *names: str) -> Rows:
        """Columns of `people`."""
        if not len(people):
            rows = nobody(self.only(names))
            return {name: rows[name] for name in names}
        found = merged(self.answers(_picked, names, {"who": people.astype(np.int32)}))
        return {name: found[name] for name in names}

    def at_places(self, asked: Asked, names: tuple[str, ...], places: Column) -> Column:
        """Those at these places: the asked are put into ranges of positions, and counts say with which place
        each range begins.
        """
        if not len(places):
            return np.zeros(0, np.int64)
        stages, held = self.homes.stages, self.only(names)
        name, ranges = f"asked_{digest(pickle.dumps((asked, held)))}", stages.buckets(len(self))
        stages.each(name, self.homes.buckets, partial(_asked, asked=asked, held=held), "who int")
        of_range = f.floor(f.col("who") / f.lit(stages.rows)).cast("int")
        stages.kept_by_bucket(f"{name}_by_range", lambda: stages.read(name).withColumn("bucket", of_range))
        stages.kept(f"{name}_counts", lambda: stages.read(f"{name}_by_range").groupBy("bucket").count())
        counts, sizes = (
            whole(stages.folder, f"{name}_counts", {"bucket": "i4", "count": "i8"}),
            np.zeros(ranges),
        )
        sizes[counts["bucket"]] = counts["count"]
        ends = np.cumsum(sizes).astype(np.int64)
        of = np.searchsorted(ends, places, side="right")
        at = f"{name}_{digest(places.tobytes())}"
        stages.given(f"{at}_places", of, {"at": places - np.r_[0, ends][of]})
        stages.each(at, ranges, partial(_at_places, name=name, at=at))
        return np.sort(whole(stages.folder, at, {"who": "i4"})["who"]).astype(np.int64)

    def only(self, names: tuple[str, ...]) -> Held:
        """Where `who` and these columns are."""
        return {name: self.held[name] for name in ("who", *names)}

    def beside(self, stage: str, kinds: Mapping[str, str]) -> ClusterEverybody:
        """With the columns of a stage beside."""
        return ClusterEverybody(self.homes, {**self.held, **{name: (stage, kinds[name]) for name in kinds}})

    def rows(self, names: tuple[str, ...]) -> Any:
        """`who` and these columns as a DataFrame."""
        by_stage = _by_stage({name: self.held[name] for name in names})
        some = [self.homes.stages.read(stage).select("who", *kinds) for stage, kinds in by_stage.items()]
        return reduce(lambda one, other: one.join(other, "who"), some)

    def _looked_at(self, how: str, look: Look, names: tuple[str, ...], given: Rows | None) -> str:
        held, stages, of = self.only(names), self.homes.stages, given or NOBODY
        content = [column.tobytes() for column in of.values()]
        name = f"{how}_{digest(pickle.dumps((look, held, list(of))), *content)}"
        self.homes.bring(f"{name}_given", of)
        task = partial(_looked, name=name, look=look, held=held, kinds=kinds_of(of), beside=how == "put")
        stages.each(name, self.homes.buckets, task)
        return name


def of_cluster(everybody: Everybody) -> ClusterEverybody:
    """Whoever has links, features or groups on the cluster is there too. Raises TypeError where that is not
    so.
    """
    if not isinstance(everybody, ClusterEverybody):
        raise TypeError("everybody is not on the cluster")
    return everybody


def cluster_everybody(homes: Homes) -> Everybody:
    """Everybody in the groups of the first cut, with what each did."""
    stages = homes.stages
    columns_stage(stages, homes.applicants)
    home = homes.home.select("who", "coarse", "bucket")
    stages.kept_by_bucket(EVERYBODY, lambda: stages.read(OF_APPLICANTS).join(home, "who"))
    kinds = {"who": "<i4", "coarse": "<i4", **{name: np.dtype(kind).str for name, kind in COLUMNS.items()}}
    return ClusterEverybody(homes, {name: (EVERYBODY, kind) for name, kind in kinds.items()})


def columns_at(folder: str, number: int, held: Held) -> Rows:
    """The columns of a bucket's people, by `who`, which is held as well; NaN for whoever has no row."""
    out: dict[str, Column] = {}
    for stage, kinds in _by_stage(held).items():
        rows = bucket(folder, stage, number, {"who": "i4", **kinds})
        order = np.argsort(rows["who"], kind="stable")
        who = rows["who"][order]
        out.setdefault("who", who)
        for name in kinds:
            if len(who) == len(out["who"]):
                out[name] = rows[name][order]
            else:
                out[name] = np.full(len(out["who"]), np.nan)
                out[name][np.searchsorted(out["who"], who)] = rows[name][order]
    return out


def nobody(held: Held) -> Rows:
    """No rows of such columns."""
    return {name: np.zeros(0, kind) for name, (_, kind) in held.items()}


def _nobody_of(given: Rows | None) -> Rows:
    return {name: column[:0] for name, column in (given or NOBODY).items()}


def _by_stage(held: Held) -> dict[str, dict[str, str]]:
    """The columns of each stage with their kinds, the stage of `who` first."""
    out: dict[str, dict[str, str]] = {}
    for name, (stage, kind) in held.items():
        out.setdefault(stage, {})
        if name != "who":
            out[stage][name] = kind
    return out


def _looked(
    folder: str, number: int, name: str, look: Look, held: Held, kinds: Mapping[str, str], beside: bool
) -> Rows:
    rows = columns_at(folder, number, held)
    if not len(rows["who"]):
        return {}
    given = bucket(folder, f"{name}_given", number, kinds)
    order = np.argsort(given["who"])
    found = look(rows, {key: column[order] for key, column in given.items()})
    return {"who": rows["who"], **found} if beside else found


def _picked(rows: Rows, given: Rows) -> Rows:
    at = np.searchsorted(rows["who"], given["who"])
    return {name: column[at] for name, column in rows.items()}


def _asked(folder: str, number: int, asked: Asked, held: Held) -> Rows:
    rows = columns_at(folder, number, held)
    return {"who": rows["who"][asked(rows)]} if len(rows["who"]) else {}


def _at_places(folder: str, number: int, name: str, at: str) -> Rows:
    places = bucket(folder, f"{at}_places", number, {"at": "i8"})["at"]
    if not len(places):
        return {}
    return {"who": np.sort(bucket(folder, f"{name}_by_range", number, {"who": "i4"})["who"])[places]}
