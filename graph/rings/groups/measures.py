"""Measures of whole groups: links by kind, times, money, hubs, and the strength of each member's links."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from typing import NamedTuple

import numpy as np

from graph.facts.tables import Column
from graph.model.moments import DAY
from graph.rings.groups.kinds import Traits
from graph.rings.groups.shared_items import NEVER, SharedItems, shared_items
from graph.rings.groups.whole_groups import WholeGroups
from graph.rings.links.projection import HARD, LINK_KINDS, PLACES, SHOPS, ApplicantLinks
from graph.rings.suspicion.columns import most, total
from graph.rings.suspicion.scores import LabelRates, group_scores

MEANS = {"is_emulator": 0.0, "refused": 0.0, "face": 1.0}  # of these, and what an unknown one counts as
ALONE = (
    "since",
    "last",
    "open",
    "fraud",
    "good",
)  # `graph.rings.applicants.columns` that groups are measured by

_SHARES = {
    name: np.isin(LINK_KINDS, kinds) for name, kinds in (("hard", HARD), ("places", PLACES), ("shops", SHOPS))
}


@dataclass(frozen=True)
class Members:
    """The members of groups by group and position (N,): positions `people` and their ids `names`, the pull of
    their links inside, partners there, the pull of the strongest of these, and when they joined (int64
    microseconds).
    """

    people: Column
    names: Column
    strength: Column
    partners: Column
    best_partner: Column
    joined: Column

    def of(self, rows: Column | slice) -> Members:
        """These rows alone."""
        return Members(*(getattr(self, field.name)[rows] for field in fields(self)))


@dataclass(frozen=True)
class Measures:
    """By group (G,), in ascending order of its `number`: size, `score` (the expected share of bad among
    members), links and things (G, K), inner links, first, last (int64), burst (days), exposure (CNY), hubs,
    platforms, confirmed, suspected, soon, same_agent, same_merchant, suspicion, and MEANS. `first` is when
    the group's first tie was made; nobody joined before. `members` follow one another in the order of their
    groups.
    """

    number: Column
    size: Column
    score: Column
    links: Column
    things: Column
    inner: Column
    first: Column
    last: Column
    burst: Column
    exposure: Column
    hubs: Column
    platforms: Column
    confirmed: Column
    suspected: Column
    soon: Column
    same_agent: Column
    same_merchant: Column
    suspicion: Column
    is_emulator: Column
    refused: Column
    face: Column
    members: Members

    def traits(self, place: int, flagged: bool = False, improbable: tuple[str, ...] = ()) -> Traits:
        """What kind and reasons of the group at a place are decided by."""
        size = int(self.size[place])
        return Traits(
            flagged=flagged,
            size=size,
            links=dict(zip(LINK_KINDS, self.links[place].tolist())),
            hard=float(self._shares["hard"][place]),
            places=float(self._shares["places"][place]),
            shops=float(self._shares["shops"][place]),
            same_agent=float(self.same_agent[place]),
            same_merchant=float(self.same_merchant[place]),
            soon=float(self.soon[place]),
            density=float(self.inner[place]) / max(size * (size - 1) / 2, 1),
            confirmed=int(self.confirmed[place]),
            suspicion=float(self.suspicion[place]),
            emulators=float(self.is_emulator[place]),
            refused=float(self.refused[place]),
            weak_face=bool(self.face[place] < 0.7),
            improbable=improbable,
        )

    @cached_property
    def _shares(self) -> dict[str, Column]:
        """The shares (0-1) of link marks that are of each, by group (G,)."""
        marks = np.maximum(self.links.sum(axis=1), 1)
        return {name: self.links[:, kinds].sum(axis=1) / marks for name, kinds in _SHARES.items()}


class _Verdicts(NamedTuple):
    fraud: Column
    good: Column
    mature: Column


def measure(groups: WholeGroups, rates: LabelRates) -> Measures:
    """Of each of the groups, given their people's ALONE, MEANS and `suspicion`, and the store's `rates`."""
    number, group = np.unique(groups.group, return_inverse=True)
    given, size = groups.given, np.bincount(group)
    things = shared_items(groups.events, groups.sharing, group)
    tied = _tied_in(things, group, given["since"], len(size))
    hub = groups.sharing.hub[groups.sharing.value_of_row] > 0
    hubs = groups.sharing.value_of_row[hub]
    of_members = {**_pulled(groups.links, len(group)), "joined": tied["joined"]}
    suspected = (given["suspicion"] >= 0.5) & ~given["fraud"]
    return Measures(
        number=number,
        size=size,
        score=group_scores(
            group,
            given["suspicion"],
            _Verdicts(given["fraud"], given["good"], given["since"] < rates.mature_before),
            rates,
        ),
        things=things.counts,
        first=tied["first"],
        last=most(given["last"], group, len(size)),
        hubs=_distinct(group[groups.sharing.who[hub]], hubs, len(size))[0],
        exposure=total(given["open"], group, len(size)),
        confirmed=np.bincount(group[given["fraud"]], minlength=len(size)),
        suspected=np.bincount(group[suspected], minlength=len(size)),
        suspicion=total(given["suspicion"], group, len(size)) / size,
        **_links(groups.links, group, len(size)),
        **_times(group, given["since"], size),
        **_asked(groups.asked, group, size),
        **{name: _mean(group, given[name], len(size), unknown) for name, unknown in MEANS.items()},
        members=Members(groups.people, groups.names, **of_members).of(np.argsort(group, kind="stable")),
    )


def _mean(group: Column, value: Column, groups: int, unknown: float) -> Column:
    present = ~np.isnan(value)
    count = np.bincount(group[present], minlength=groups)
    return np.where(count > 0, total(value[present], group[present], groups) / np.maximum(count, 1), unknown)


def _links(links: ApplicantLinks, group: Column, groups: int) -> dict[str, Column]:
    """The links of each group, and those that share something of a kind."""
    at = group[links.a]
    kinds = [
        np.bincount(at[links.shared[:, k] > 0], minlength=groups).astype(np.int32)
        for k in range(len(LINK_KINDS))
    ]
    return {"inner": np.bincount(at, minlength=groups), "links": np.stack(kinds, axis=1)}


def _pulled(links: ApplicantLinks, people: int) -> dict[str, Column]:
    """Of each member (N,) the pull, the partners and the pull of the strongest partner."""
    a, b = links.a, links.b
    one, other = (total(links.weight, end, people) for end in (a, b))
    pull = one + other
    return {
        "strength": pull,
        "best_partner": np.maximum(most(pull[b], a, people), most(pull[a], b, people)),
        "partners": np.bincount(np.r_[a, b], minlength=people),
    }


def _times(group: Column, since: Column, size: Column) -> dict[str, Column]:
    """Days between the first and the last decile of arrivals, and the share that came within 14 days of the
    median.
    """
    order = np.lexsort((since, group))
    start = np.cumsum(size) - size
    ordered = since[order]
    low, high, middle = (start + ((size - 1) * share).astype(np.int64) for share in (0.1, 0.9, 0.5))
    near = np.abs(since - ordered[middle][group]) <= 14 * DAY
    soon = np.bincount(group[near], minlength=len(size)) / size
    return {"burst": (ordered[high] - ordered[low]) / DAY, "soon": soon}


def _tied_in(things: SharedItems, group: Column, since: Column, groups: int) -> dict[str, Column]:
    """When the first tie of each group was made, and each member's; ties beyond a place, a shop or an agent
    count where there are any.
    """
    first = _earliest(things.hard, group, groups)
    for other in (things.tied, since):
        first = np.where(first < NEVER, first, _earliest(other, group, groups))
    joined = np.where(things.hard < NEVER, things.hard, np.where(things.tied < NEVER, things.tied, since))
    return {"first": first, "joined": np.maximum(joined, first[group])}


def _earliest(at: Column, group: Column, groups: int) -> Column:
    out = np.full(groups, NEVER)
    np.minimum.at(out, group, at)
    return out


def _asked(asked: Mapping[str, Column], group: Column, size: Column) -> dict[str, Column]:
    """Lenders of each group, and the largest share of its members that came through one agent or merchant."""
    return {
        "platforms": _distinct(group[asked["applicant"]], asked["platform"], len(size))[0],
        "same_agent": _most_common(group, asked, "agent", size),
        "same_merchant": _most_common(group, asked, "merchant", size),
    }


def _distinct(group: Column, what: Column, groups: int) -> tuple[Column, Column]:
    """Different things by group (G,), and the most rows any one thing has (G,); `what` < 0 is nothing."""
    at = what >= 0
    width = int(what.max(initial=0)) + 1
    key, rows = np.unique(group[at].astype(np.int64) * width + what[at], return_counts=True)
    return np.bincount(key // width, minlength=groups), most(rows, key // width, groups)


def _most_common(group: Column, asked: Mapping[str, Column], column: str, size: Column) -> Column:
    width, at = int(asked[column].max(initial=0)) + 1, asked[column] >= 0
    once = np.unique(asked["applicant"][at].astype(np.int64) * width + asked[column][at])
    return _distinct(group[once // width], once % width, len(size))[1] / size
