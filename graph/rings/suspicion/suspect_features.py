"""Second-stage features: how an applicant is linked to those whom the first stage finds suspicious."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from graph.facts.tables import Column
from graph.rings.links.projection import HARD, LINK_KINDS, PLACES, SOFT, ApplicantLinks
from graph.rings.links.rows import LinkRows
from graph.rings.suspicion.columns import Features, features, most, total

HARD_COLUMNS = [i for i, name in enumerate(LINK_KINDS) if name in HARD]
_MORE_THAN_A_PLACE = [i for i, name in enumerate(LINK_KINDS) if name not in PLACES]
_SOFT_COLUMNS = [i for i, name in enumerate(LINK_KINDS) if name in SOFT]


def suspects_nearby(rows: LinkRows, suspicion: Column, group: Column, some: Column) -> Features:
    """One row for each of `some` people (N,), positions in ascending order: suspicion that reaches them by
    each kind of link, over hard kinds and soft ones, and in their group. `suspicion` and `group` (A,) are
    everybody's.

    A flatmate of a suspect shares an address; an accomplice shares a device, a card or contacts: only the
    kinds tell them apart.
    """
    members = np.bincount(group)[group[some]]
    others = np.bincount(group, weights=suspicion)[group[some]] - suspicion[some]
    return features(
        {
            **rows.by_person(suspects_linked, {"suspicion": suspicion}, some),
            "group_people": members,
            "group_suspicion": np.where(members > 1, others / np.maximum(members - 1, 1), np.nan),
            "first_look": suspicion[some],
        }
    )


def suspects_linked(
    links: ApplicantLinks, people: Column, given: Mapping[str, Column]
) -> Mapping[str, Column]:
    """The columns by links alone, as a `graph.rings.links.rows.Look`."""
    ends = _ends(links, given["suspicion"], people)
    hard, soft = _any_of(links, HARD_COLUMNS), _any_of(links, _SOFT_COLUMNS)
    out = {f"suspects_{name}": ends.reaching(links.shared[:, k]) for k, name in enumerate(LINK_KINDS)}
    for name, value in (("hard", hard), ("soft", soft), ("all", links.weight)):
        reached = ends.reaching(value)
        out |= {
            f"suspects_{name}": reached,
            f"suspects_{name}_mean": reached / (ends.all_of(value) + 1e-6),
            f"suspects_{name}_most": ends.strongest(value),
        }
    out["suspects_corroborated"] = ends.reaching((links.shared[:, HARD_COLUMNS] > 0).sum(axis=1) >= 2)
    out["suspects_hard_and_soft"] = ends.reaching((hard > 0) & (soft > 0))
    return {name: column.astype(np.float32) for name, column in out.items()}


@dataclass(frozen=True)
class _Ends:
    """Of some people (N,) the links that each is the first end of, and the second: rows of the links, whose
    they are, and the suspicion of the other end (rows,).
    """

    people: int
    sides: tuple[tuple[Column, Column, Column], ...]

    def reaching(self, value: Column) -> Column:
        """Sum of `value` (P,) of their links times the suspicion at the other end (N,)."""
        one, other = (total(value[rows] * of, who, self.people) for rows, who, of in self.sides)
        return np.asarray(one + other)

    def strongest(self, value: Column) -> Column:
        """The most of the same (N,)."""
        one, other = (most(value[rows] * of, who, self.people) for rows, who, of in self.sides)
        return np.asarray(np.maximum(one, other))

    def all_of(self, value: Column) -> Column:
        """Sum of `value` (P,) of their links (N,)."""
        one, other = (total(value[rows], who, self.people) for rows, who, _ in self.sides)
        return np.asarray(one + other)


def _ends(links: ApplicantLinks, suspicion: Column, some: Column) -> _Ends:
    place = np.full(len(suspicion), -1, np.int32)
    place[some] = np.arange(len(some))
    sides = []
    for end, beyond in ((links.a, links.b), (links.b, links.a)):
        rows = np.flatnonzero(place[end] >= 0)
        sides.append((rows, place[end[rows]], suspicion[beyond[rows]]))
    return _Ends(len(some), tuple(sides))


def links_beyond_a_place(links: ApplicantLinks, group: Column) -> Column:
    """How many links tie each applicant to others of their group by more than a place or an employer (A,)."""
    inside = (group[links.a] == group[links.b]) & (links.shared[:, _MORE_THAN_A_PLACE] > 0).any(axis=1)
    return np.asarray(np.bincount(np.r_[links.a[inside], links.b[inside]], minlength=len(group)))


def _any_of(links: ApplicantLinks, columns: list[int]) -> Column:
    return np.asarray(1.0 - np.prod(1.0 - links.shared[:, columns].astype(np.float64), axis=1))
