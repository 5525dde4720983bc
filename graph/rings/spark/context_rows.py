"""Context features that stay on the cluster: what the search asks of them, and is given."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from graph.facts.tables import Column
from graph.rings.spark.buckets import Rows, bucket
from graph.rings.spark.context import CONTEXT
from graph.rings.spark.homes import Homes
from graph.rings.spark.stages import Stages, digest
from graph.rings.suspicion.columns import Features
from graph.rings.suspicion.rows import Judge


@dataclass(frozen=True)
class ClusterRows:
    """Rows of the stage CONTEXT. What is asked twice is computed once: each answer is a stage, named by the
    question.
    """

    stages: Stages
    homes: Homes
    names: tuple[str, ...]

    def of(self, people: Column) -> Features:
        """The rows of `people` (N,), positions in ascending order."""
        out = np.empty((len(people), len(self.names)), np.float32)
        for some, rows in self.pieces(people):
            out[np.searchsorted(people, some)] = rows.values
        return Features(self.names, out)

    def pieces(self, people: Column) -> Iterator[tuple[Column, Features]]:
        """The same, the people of one bucket after those of another."""
        name = f"picked_{digest(people.tobytes())}"
        self.stages.given(f"{name}_asked", self.homes.of[people], {"who": people})
        self.stages.each(name, self.homes.buckets, partial(_picked, asked=f"{name}_asked", names=self.names))
        for number in range(self.homes.buckets):
            rows = bucket(self.stages.folder, name, number, _kinds(self.names))
            yield rows["who"], _matrix(rows, self.names)

    @property
    def people(self) -> int:
        """How many applicants."""
        return len(self.homes.of)

    def column(self, name: str) -> Column:
        """One feature of all (A,), read from the files of the stage."""
        return self._gathered(CONTEXT, name, np.empty(self.people, np.float32))

    def chance(self, judge: Judge, fold: Column) -> Column:
        """The chance to be bad of each applicant (A,), judged on the cluster."""
        name = f"chance_{digest(pickle.dumps(judge), fold.tobytes())}"
        self.stages.given(f"{name}_asked", self.homes.of, {"who": np.arange(len(fold)), "fold": fold})
        task = partial(_judged, asked=f"{name}_asked", names=self.names, judge=judge)
        self.stages.each(name, self.homes.buckets, task)
        return self._gathered(name, "chance", np.empty(self.people))

    def _gathered(self, stage: str, name: str, out: Column) -> Column:
        """A column of a stage (A,), in the tables' order."""
        for number in range(self.homes.buckets):
            rows = bucket(self.stages.folder, stage, number, {"who": "i4", name: str(out.dtype)})
            out[rows["who"]] = rows[name]
        return out


def _kinds(names: tuple[str, ...]) -> dict[str, str]:
    return {"who": "i4"} | dict.fromkeys(names, "f4")


def _matrix(rows: Rows, names: tuple[str, ...]) -> Features:
    return Features(names, np.stack([rows[name] for name in names], axis=1))


def _picked(folder: str, number: int, asked: str, names: tuple[str, ...]) -> Rows:
    people = bucket(folder, asked, number, {"who": "i4"})["who"]
    if not len(people):
        return {}
    rows = bucket(folder, CONTEXT, number, _kinds(names))
    at = np.isin(rows["who"], people)
    return {name: column[at] for name, column in rows.items()}


def _judged(folder: str, number: int, asked: str, names: tuple[str, ...], judge: Judge) -> Rows:
    # both are by applicant
    fold = bucket(folder, asked, number, {"fold": "i8"})["fold"]
    rows = bucket(folder, CONTEXT, number, _kinds(names))
    if not len(fold):
        return {}
    return {"who": rows["who"], "chance": judge.chance(_matrix(rows, names).values, fold)}
