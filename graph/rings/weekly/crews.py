"""Crews: flagged rings that belong together, as pieces of one group that the partition separated or as
clients of one intermediary, and the groups that were left beside them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Protocol

import numpy as np

from graph.facts.tables import Column
from graph.model.moments import DAY
from graph.rings.applicants.everybody import merged
from graph.rings.links.communities import components
from graph.rings.links.pull import drawn_to_others
from graph.rings.search import RingSearch
from graph.rings.suspicion.companions import NOBODY, companions, held_by
from graph.rings.suspicion.scores import SMALLEST
from graph.rings.weekly.found_rings import FoundRings
from graph.rings.weekly.ring_ids import column_of
from graph.rings.weekly.rings_before import RingsBefore

# between two rings, of people who applied first within so many days of each other: one or two are a
# second-hand phone, a cousin, and crews that hide in one place at different times are strangers
CUT_LINKS = 3
CUT_DAYS = 30
CUT_WEIGHT = 0.2  # and so much weight together: three names on a form that many give are no crew
SAME_AGENT = 0.6  # of the members of each came through one and the same agent
BESIDE = 0.5  # of the members of a group that is not flagged are companions of a ring's known frauds


class Dated(Protocol):
    """A ring as far as crews are named by it."""

    @property
    def ring_id(self) -> str: ...

    @property
    def first_seen(self) -> datetime: ...

    @property
    def flagged(self) -> bool: ...


@dataclass(frozen=True)
class CrewTies:
    """Pairs of groups that belong together: `cut_apart` flagged ones between which the partition separated
    links, `same_agent` flagged ones that hang on one agent, `beside` one that is not flagged and the flagged
    one beside which it was left; each two int columns (P,).
    """

    cut_apart: tuple[Column, Column]
    same_agent: tuple[Column, Column]
    beside: tuple[Column, Column]

    def crews(self, groups: Column) -> Column:
        """A number for each of these groups (G,), in ascending order, the same for those that belong
        together; every other group has one of its own.
        """
        a, b = (np.concatenate(ends) for ends in zip(self.cut_apart, self.same_agent, self.beside))
        return components(len(groups), np.searchsorted(groups, a), np.searchsorted(groups, b))

    @property
    def groups(self) -> Column:
        """The groups of all pairs, ascending."""
        return np.unique(np.concatenate([end for pairs in vars(self).values() for end in pairs]))

    def reasons(self, ring_of: Mapping[int, str]) -> dict[str, tuple[str, ...]]:
        """Why each ring belongs to others, as codes with their ids; `ring_of` is the id of each group."""
        out: dict[str, tuple[str, ...]] = {}
        tied = tuple(np.concatenate(ends) for ends in zip(self.cut_apart, self.beside))
        for code, (a, b) in (("tied_to", tied), ("same_agent_as", self.same_agent)):
            others: dict[str, set[str]] = {}
            for one, other in zip(a.tolist() + b.tolist(), b.tolist() + a.tolist()):
                others.setdefault(ring_of[one], set()).add(ring_of[other])
            for ring, some in others.items():
                out[ring] = (*out.get(ring, ()), f"{code}={','.join(sorted(some))}")
        return out


def crew_ties(search: RingSearch) -> CrewTies:
    """What makes crews of the flagged groups, and of those left beside them."""
    return CrewTies(_cut_apart(search), _same_agent(search), _beside(search))


def named(rings: Sequence[Dated], crew: Sequence[int], before: Mapping[str, str]) -> dict[str, str]:
    """The crew id of each ring. A crew keeps the id that most of its rings had `before` (by ring id), the
    largest crew first, unless it is the name of a ring elsewhere; a new one is called like its eldest ring.
    Flagged rings alone name a crew; a group in none is called like itself.
    """
    members: dict[int, list[Dated]] = {}
    for ring, number in zip(rings, crew, strict=True):
        members.setdefault(number, []).append(ring)
    taken, living = set[str](), {ring.ring_id for ring in rings}
    out: dict[str, str] = {}
    for together in sorted(
        members.values(), key=lambda some: (-len(some), min(ring.ring_id for ring in some))
    ):
        had = Counter(before[ring.ring_id] for ring in together if ring.flagged and before.get(ring.ring_id))
        own = {ring.ring_id for ring in together}
        names = [
            name
            for name, _ in sorted(had.items(), key=lambda one: (-one[1], one[0]))
            if name in own or name not in living
        ]
        eldest = sorted(together, key=lambda ring: (not ring.flagged, ring.first_seen, ring.ring_id))
        names += [ring.ring_id for ring in eldest]
        name = next(name for name in names if name not in taken)
        taken.add(name)
        out |= {ring.ring_id: name for ring in together}
    return out


def crew_names(found: FoundRings, crew: Column, before: RingsBefore) -> dict[str, str]:
    """The crew id of each ring, by its id, unless it is a crew alone and was one under its own name; `crew`
    (G,) is a number for each crew.
    """
    several = np.bincount(crew)[crew] > 1
    some = np.flatnonzero(several | np.isin(found.ids.column, column_of(before.crews)))
    heads = [found.head(number) for number in some.tolist()]
    own = {head.ring_id for head in heads}
    had = {name: before.crews.get(name, name) for name in sorted(own) if before.kind_of(name) is not None}
    names = sorted({*had.values()} - own)
    elsewhere = {name for name, lives in zip(names, np.isin(column_of(names), found.ids.column)) if lives}
    had = {name: crew_id for name, crew_id in had.items() if crew_id not in elsewhere}
    return named(heads, crew[some].tolist(), had)


def _cut_apart(search: RingSearch) -> tuple[Column, Column]:
    """Pairs of flagged groups between which the cut went through at least CUT_LINKS links of CUT_WEIGHT
    together, each between people who first applied within CUT_DAYS.
    """
    people, group = search.flagged_people, search.group[search.in_flagged]
    since, links = search.known.of(people).since, search.links.among(people)
    a, b = (np.searchsorted(people, end) for end in (links.a, links.b))
    one, other = group[a].astype(np.int64), group[b].astype(np.int64)
    at = (one != other) & (np.abs(since[a] - since[b]) <= CUT_DAYS * DAY)
    groups = int(group.max(initial=0)) + 1
    key = np.minimum(one[at], other[at]) * groups + np.maximum(one[at], other[at])
    pairs, pair, count = np.unique(key, return_inverse=True, return_counts=True)
    cut = pairs[
        (count >= CUT_LINKS)
        & (np.bincount(pair, weights=links.weight[at], minlength=len(pairs)) >= CUT_WEIGHT)
    ]
    return (cut // groups).astype(np.int32), (cut % groups).astype(np.int32)


def _same_agent(search: RingSearch) -> tuple[Column, Column]:
    """Neighbouring pairs of the flagged groups that hang on one agent."""
    people, group = search.flagged_people, search.group[search.in_flagged]
    size = np.bincount(np.searchsorted(search.flagged, group), minlength=len(search.flagged))
    asked = search.applicants.facts_of(people).applications
    at = asked["agent"] >= 0
    who, agent = asked["applicant"][at], asked["agent"][at]
    once = np.unique(np.stack([group[who], agent, who]), axis=1)
    (of, agent), clients = np.unique(once[:2], axis=1, return_counts=True)
    hang = clients >= SAME_AGENT * size[np.searchsorted(search.flagged, of)]
    by_agent: dict[int, list[int]] = {}
    for number, whose in zip(of[hang].tolist(), agent[hang].tolist()):
        by_agent.setdefault(whose, []).append(number)
    rows = np.array([pair for numbers in by_agent.values() for pair in pairwise(numbers)], np.int32).reshape(
        -1, 2
    )
    return rows[:, 0], rows[:, 1]


def _beside(search: RingSearch) -> tuple[Column, Column]:
    """Groups of three and more that are not flagged, and the flagged group of whose known frauds at least
    BESIDE of their people are companions. The cleared are nobody's.
    """
    drawn = merged(search.everybody.answers(drawn_to_others, ("suspicion", "group", "size")))
    people, group, known = drawn["who"], drawn["group"], search.known.of(drawn["who"])
    flagged = np.isin(group, search.flagged)
    ring = np.where(flagged & known.fraud, group, NOBODY)
    others = ~flagged & (known.fraud | ~known.good)
    some = np.flatnonzero(others | (ring != NOBODY))
    sharing = held_by(search.sharing, people[some])
    who, to = companions(sharing, ring[some], others[some], known.since[some])
    who = some[who]
    pairs, at, count = np.unique(np.stack([group[who], to]), axis=1, return_index=True, return_counts=True)
    size = drawn["size"][who[at]]
    left = (size >= SMALLEST) & (count >= BESIDE * size)
    return pairs[0][left].astype(np.int32), pairs[1][left].astype(np.int32)
