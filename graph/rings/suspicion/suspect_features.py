"""Second-stage features: how an applicant is linked to those whom the first stage finds suspicious."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from graph.facts.tables import Column
from graph.rings.applicants.everybody import Asked, Everybody, Rows
from graph.rings.applicants.moved import Moved, rest_of
from graph.rings.links.projection import HARD, LINK_KINDS, PLACES, SOFT, ApplicantLinks
from graph.rings.links.rows import LinkRows
from graph.rings.suspicion.columns import Features, features, most, total

HARD_COLUMNS = [i for i, name in enumerate(LINK_KINDS) if name in HARD]
_MORE_THAN_A_PLACE = [i for i, name in enumerate(LINK_KINDS) if name not in PLACES]
_SOFT_COLUMNS = [i for i, name in enumerate(LINK_KINDS) if name in SOFT]


def suspects_nearby(
    rows: LinkRows, everybody: Everybody, some: Moved, asked: Asked, also: tuple[str, ...] = ()
) -> Iterable[tuple[Column, Features]]:
    """Whoever is `asked` for, by `suspicion` and the columns `also`, place after place of `everybody`: their
    positions in ascending order, and one row for each, of the suspicion that reaches them by each kind of
    link, over hard kinds and soft ones, and in their group. `some` have left the group of the first cut.

    A flatmate of a suspect shares an address; an accomplice shares a device, a card or contacts: only the
    kinds tell them apart.
    """
    names = ("suspicion", *also)
    mine = everybody.of(some.people, "suspicion")["suspicion"]
    inside = np.bincount(some.numbers, weights=mine)[some.numbers] if len(mine) else mine
    given = {**some.rows, "inside": inside}
    del given["group"]
    grouped = everybody.answers(partial(suspects_in_group, asked=asked), ("coarse", *names), given)
    return _Nearby(rows.by_person(suspects_linked, everybody, names, asked), grouped)


@dataclass(frozen=True)
class _Nearby(Iterable[tuple[Column, Features]]):
    """Read again each time."""

    linked: Iterable[Rows]
    grouped: Iterable[Rows]

    def __iter__(self) -> Iterator[tuple[Column, Features]]:
        for linked, grouped in zip(self.linked, self.grouped, strict=True):
            columns = {**linked, **grouped}
            yield columns.pop("who"), features(columns)


def suspects_in_group(rows: Rows, given: Rows, asked: Asked) -> Rows:
    """Of those `asked` for, how many people their group has and how suspicious the others are in the mean; of
    whoever has moved, `given` has `size` and how much suspicion is `inside` the group.
    """
    suspicion = rows["suspicion"]
    size, inside = np.empty(len(suspicion), np.int64), np.empty(len(suspicion))
    rest, number = rest_of(rows, given)
    size[rest] = np.bincount(number)[number]
    inside[rest] = np.bincount(number, weights=suspicion[rest])[number]
    at = np.searchsorted(rows["who"], given["who"])
    size[at], inside[at] = given["size"], given["inside"]
    some = np.flatnonzero(asked(rows))
    members, others = size[some], inside[some] - suspicion[some]
    return {
        "who": rows["who"][some],
        "group_people": members.astype(np.float32),
        "group_suspicion": np.where(members > 1, others / np.maximum(members - 1, 1), np.nan).astype(
            np.float32
        ),
        "first_look": suspicion[some].astype(np.float32),
    }


def suspects_linked(
    links: ApplicantLinks, people: Column, given: Mapping[str, Column]
) -> Mapping[str, Column]:
    """The columns by links alone, as a `graph.rings.links.rows.LookAround`."""
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
