"""Cuts a cohort into crews and into the groups that honest people live in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ingestion.simulation.keys import IntArray
from ingestion.simulation.world_spec import CREW_KINDS, HONEST_KINDS, WorldSpec

SOLO_STACKERS = 0.03
"""Share of the guilty that stack loans alone: no ring."""


@dataclass(frozen=True)
class Group:
    """People of one kind that have something to do with each other; `members` are positions in the cohort."""

    kind: str
    members: IntArray


@dataclass(frozen=True)
class CohortPlan:
    """Who is in what: every position of the cohort is in exactly one group, a crew or an honest one."""

    crews: tuple[Group, ...]
    solo_stackers: IntArray
    honest: tuple[Group, ...]


def draw_plan(recipe: WorldSpec, count: int, rng: np.random.Generator) -> CohortPlan:
    """A plan for `count` people sorted by city: crews come from anywhere, honest groups are neighbours."""
    order = rng.permutation(count)
    guilty = int(rng.binomial(count, recipe.guilty_share))
    solo = int(guilty * SOLO_STACKERS) if recipe.crew_weights.get("stacker") else 0
    crews = _draw_crews(recipe, order[: guilty - solo], rng)
    taken = guilty if recipe.crew_weights else 0
    honest = np.sort(order[taken:])
    return CohortPlan(crews, order[guilty - solo : taken], _draw_honest(recipe, honest, rng))


def _draw_crews(recipe: WorldSpec, people: IntArray, rng: np.random.Generator) -> tuple[Group, ...]:
    kinds = [kind for kind in CREW_KINDS if recipe.crew_weights.get(kind)]
    crews: list[Group] = []
    at = 0
    while kinds and at < len(people):
        weights = np.array([recipe.crew_weights[kind] for kind in kinds])
        kind = str(rng.choice(kinds, p=weights / weights.sum()))
        size = _crew_size(kind, rng)
        if len(people) - at - size < 4:
            size = len(people) - at
        crews.append(Group(kind, people[at : at + size]))
        at += size
    return tuple(crews)


def _crew_size(kind: str, rng: np.random.Generator) -> int:
    median = {"stacker": 6.0, "slow_ring": 10.0, "intermediary": 14.0}.get(kind, 12.0)
    return int(np.clip(round(rng.lognormal(np.log(median), 0.72)), 4, 60))


def _draw_honest(recipe: WorldSpec, people: IntArray, rng: np.random.Generator) -> tuple[Group, ...]:
    """Groups in random order along the line of people, so that each lies in one city, seldom in two."""
    shares = dict(recipe.honest_shares)
    shares["plain"] = 1 - sum(shares.values())
    kinds: list[str] = []
    sizes: list[IntArray] = []
    for kind in HONEST_KINDS:
        wanted = round(shares.get(kind, 0) * len(people))
        drawn = _honest_sizes(kind, wanted, rng)
        kinds += [kind] * len(drawn)
        sizes.append(drawn)
    size = np.concatenate(sizes)
    order = rng.permutation(len(size))
    ends = np.cumsum(size[order])
    starts = ends - size[order]
    pieces = [(kinds[which], people[a:b]) for which, a, b in zip(order, starts, ends, strict=True)]
    left = people[int(ends[-1]) :] if len(ends) else people
    return tuple(Group(kind, members) for kind, members in [*pieces, ("plain", left)] if len(members))


def _honest_sizes(kind: str, wanted: int, rng: np.random.Generator) -> IntArray:
    """Sizes of groups of a kind that add up to about `wanted` people."""
    if wanted <= 0:
        return np.zeros(0, dtype=np.int64)
    if kind in ("plain", "comparer", "carrier_nat"):
        # no group: only a way to spread them over cities
        return np.full(max(1, wanted // 25), 25, dtype=np.int64)
    count = wanted // 2 + 1
    if kind == "household":
        drawn = rng.choice([1, 2, 3, 4, 5], count, p=[0.12, 0.5, 0.23, 0.11, 0.04])
    elif kind == "second_hand":
        drawn = rng.choice([2, 3, 4], count, p=[0.72, 0.2, 0.08])
    elif kind == "friends":
        drawn = rng.integers(3, 9, count)
    elif kind == "broker":
        drawn = np.clip(rng.lognormal(np.log(16), 0.7, count), 5, 120).astype(np.int64)
    elif kind == "kiosk":
        drawn = np.clip(rng.lognormal(np.log(90), 0.9, count), 15, 900).astype(np.int64)
    else:
        drawn = np.clip(rng.lognormal(np.log(70), 1.1, count), 12, 2_500).astype(np.int64)
    drawn = np.minimum(drawn, max(2, wanted // 2)).astype(np.int64)
    enough = int(np.searchsorted(np.cumsum(drawn), wanted)) + 1
    return np.asarray(drawn[:enough], dtype=np.int64)
