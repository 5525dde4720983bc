"""Who left the group of the first cut, and the groups of everybody that follow."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from graph.facts.tables import Column
from graph.rings.applicants.everybody import Everybody, Rows


@dataclass(frozen=True)
class Moved:
    """`people` (N,), positions in ascending order, who left the group of the first cut for that of their
    `label` (N,), in which nobody else is.
    """

    people: Column
    label: Column

    @cached_property
    def numbers(self) -> Column:
        """The place of each one's group among ours (N,), in order of their labels."""
        return np.unique(self.label, return_inverse=True)[1]

    @cached_property
    def group(self) -> Column:
        """The first applicant of the group of each (N,) int32."""
        first = np.unique(self.label, return_index=True)[1]
        return self.people[first][self.numbers].astype(np.int32)

    @cached_property
    def size(self) -> Column:
        """How many people the group of each has (N,) int32."""
        return np.bincount(self.numbers)[self.numbers].astype(np.int32)

    def with_others(self, people: Column, label: int) -> Moved:
        """These as well, or elsewhere, for a group of their own: `people` in ascending order."""
        stay = ~np.isin(self.people, people)
        everyone = np.r_[self.people[stay], people]
        order = np.argsort(everyone, kind="stable")
        return Moved(everyone[order], np.r_[self.label[stay], np.full(len(people), label)][order])

    @property
    def rows(self) -> Rows:
        """What is given of them to `Everybody`."""
        return {"who": self.people.astype(np.int32), "group": self.group, "size": self.size}


def moved(people: Column, label: Column) -> Moved:
    """Of `people` (N,) those whose labels are of groups of suspects (1 to N) or of flagged ones (below 0)."""
    left = np.flatnonzero((label < 0) | (label <= len(people)))
    return Moved(people[left], np.abs(label[left]))


def grouped(everybody: Everybody, some: Moved) -> Everybody:
    """With `group`, the first applicant of everybody's group, and `size`, how many are in it, int32."""
    return everybody.put(_grouped, ("coarse",), some.rows)


def rest_of(rows: Rows, given: Rows) -> tuple[Column, Column]:
    """Who of these people has not moved (N,), places in ascending order, and a number for what is left of the
    group of each, by its place among all groups of the first cut.
    """
    rest = np.flatnonzero(~np.isin(rows["who"], given["who"], assume_unique=True))
    return rest, np.unique(rows["coarse"][rest], return_inverse=True)[1]


def _grouped(rows: Rows, given: Rows) -> Rows:
    who = rows["who"]
    group, size = (np.empty(len(who), np.int32) for _ in range(2))
    rest, number = rest_of(rows, given)
    first = np.unique(number, return_index=True)[1]
    group[rest], size[rest] = who[rest][first][number], np.bincount(number)[number]
    at = np.searchsorted(who, given["who"])
    group[at], size[at] = given["group"], given["size"]
    return {"group": group, "size": size}
