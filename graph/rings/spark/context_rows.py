"""Context features that stay on the cluster: what the search asks of them, and is given."""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from graph.facts.tables import Column
from graph.rings.applicants.everybody import Asked, Everybody
from graph.rings.spark.buckets import Rows, Task, bucket, kinds_of
from graph.rings.spark.context import CONTEXT
from graph.rings.spark.everybody import Held, OfBuckets, columns_at, of_cluster
from graph.rings.spark.homes import Homes
from graph.rings.spark.stages import Stages, digest
from graph.rings.suspicion.columns import Features
from graph.rings.suspicion.learned import folds_of
from graph.rings.suspicion.rows import Judge, LookAtValues


@dataclass(frozen=True)
class ClusterRows:
    """Rows of the stage CONTEXT. What is asked twice is computed once: each answer is a stage, named by the
    question.
    """

    stages: Stages
    homes: Homes
    names: tuple[str, ...]

    def answers(self, look: LookAtValues, names: tuple[str, ...]) -> Iterable[Rows]:
        """What `look` says of a bucket after the other."""
        name = f"values_{digest(pickle.dumps((look, names)))}"
        self.stages.each(name, self.homes.buckets, partial(_values, look=look, names=names))
        kinds = kinds_of(look(np.zeros((0, len(names)), np.float32)))
        return OfBuckets(self.stages, name, self.homes.buckets, kinds)

    def of(self, people: Column) -> Features:
        """The rows of `people` (N,), positions in ascending order."""
        who = people.astype(np.int32)
        name = f"picked_{digest(who.tobytes())}"
        self.homes.bring(f"{name}_at", {"who": who})
        out = np.empty((len(people), len(self.names)), np.float32)
        for some, rows in self._pieces(name, partial(_picked, at=f"{name}_at", names=self.names)):
            out[np.searchsorted(who, some)] = rows.values
        return Features(self.names, out)

    def pieces(
        self, everybody: Everybody, names: tuple[str, ...], asked: Asked
    ) -> Iterable[tuple[Column, Features]]:
        """Those rows, a bucket after the other."""
        held = of_cluster(everybody).only(names)
        name = f"around_{digest(pickle.dumps((held, asked)))}"
        return self._pieces(name, partial(_asked, held=held, asked=asked, names=self.names))

    def judged(self, everybody: Everybody, judge: Judge, name: str) -> Everybody:
        """The chance of each to be bad, by a task for each bucket."""
        held = of_cluster(everybody).only(("coarse",))
        stage = f"chance_{digest(pickle.dumps((judge, name)))}"
        task = partial(_judged, held=held, names=self.names, judge=judge, name=name)
        self.stages.each(stage, self.homes.buckets, task)
        return of_cluster(everybody).beside(stage, {name: "<f8"})

    def _pieces(self, name: str, task: Task) -> Iterable[tuple[Column, Features]]:
        self.stages.each(name, self.homes.buckets, task)
        return _Pieces(OfBuckets(self.stages, name, self.homes.buckets, _kinds(self.names)), self.names)


@dataclass(frozen=True)
class _Pieces(Iterable[tuple[Column, Features]]):
    """Features of the people of each bucket, read anew each time."""

    buckets: Iterable[Rows]
    names: tuple[str, ...]

    def __iter__(self) -> Iterator[tuple[Column, Features]]:
        for rows in self.buckets:
            yield rows["who"], _matrix(rows, self.names)


def _kinds(names: tuple[str, ...]) -> dict[str, str]:
    return {"who": "i4"} | dict.fromkeys(names, "f4")


def _matrix(rows: Rows, names: tuple[str, ...]) -> Features:
    return Features(names, np.stack([rows[name] for name in names], axis=1))


def _values(folder: str, number: int, look: LookAtValues, names: tuple[str, ...]) -> Rows:
    rows = bucket(folder, CONTEXT, number, dict.fromkeys(names, "f4"))
    return look(_matrix(rows, names).values)


def _picked(folder: str, number: int, at: str, names: tuple[str, ...]) -> Rows:
    people = bucket(folder, at, number, {"who": "i4"})["who"]
    if not len(people):
        return {}
    rows = bucket(folder, CONTEXT, number, _kinds(names))
    some = np.isin(rows["who"], people)
    return {name: column[some] for name, column in rows.items()}


def _asked(folder: str, number: int, held: Held, asked: Asked, names: tuple[str, ...]) -> Rows:
    some = asked(columns_at(folder, number, held))
    if not some.any():
        return {}
    rows = bucket(folder, CONTEXT, number, _kinds(names))  # both are by applicant
    return {name: column[some] for name, column in rows.items()}


def _judged(folder: str, number: int, held: Held, names: tuple[str, ...], judge: Judge, name: str) -> Rows:
    coarse = columns_at(folder, number, held)["coarse"]
    if not len(coarse):
        return {}
    rows = bucket(folder, CONTEXT, number, _kinds(names))  # both are by applicant
    return {"who": rows["who"], name: judge.chance(_matrix(rows, names).values, folds_of(coarse))}
