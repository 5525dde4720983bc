"""Signals of what is known of the people around, and of the ring of the last snapshot."""

from __future__ import annotations

import numpy as np

from graph.facts.tables import Column
from graph.features.path_rules import INTO_FLAGGED, TO_RING, Target, to
from graph.features.signals.group_ties import (
    RING,
    closest_bond_weight,
    clustering,
    core_number,
    household_size,
    kinds_shared_max,
    multi_kind_people,
    place_only_share,
    sharing_weight,
    strong_component,
    strong_people,
    strong_strangers,
)
from graph.features.sums import exact_add, exact_total
from graph.features.workspace import Precomputed
from graph.frame.neighbourhood import NOBODY, Neighbourhood
from graph.kernels.compiled import compiled, lean

__all__ = ["RING", "fill"]  # the family begins with the signals of ties


@RING.signal(
    "ring",
    "up",
    "people",
    (
        "{value} [person who shares|people who share] strong identifiers [is a known fraud|are known frauds]",
        "{value}名强关联人为已知欺诈",
    ),
    to(Target.BAD),
)
@lean
def strong_bad(n: Neighbourhood, r: Precomputed) -> float:
    """Those strongly tied of whom a fraud is known."""
    bad = 0
    for p in range(n.subject[0].people):
        bad += r.people[p].strong and r.people[p].bad
    return float(bad)


@RING.signal(
    "ring",
    "up",
    "score",
    ("Sharing with known frauds adds up to {value}", "与已知欺诈者的共享强度合计{value}"),
    to(Target.BAD),
)
@lean
def bad_weight(n: Neighbourhood, r: Precomputed) -> float:
    """The weight of all bonds to people of whom a fraud is known."""
    used = 0
    for b in range(r.whole[0].bonds):
        if r.people[r.bonds[b].person].bad:
            used = exact_add(r.parts, used, r.bonds[b].weight)
    return exact_total(r.parts, used)


@RING.signal(
    "ring",
    "up",
    "people",
    ("{value} known [fraud|frauds] two steps away", "两步之内有{value}名已知欺诈者"),
    to(Target.BAD),
)
@lean
def bad_two_steps(n: Neighbourhood, r: Precomputed) -> float:
    """People of whom a fraud is known, at two sharing steps."""
    bad = 0
    for p in range(n.subject[0].people):
        bad += n.people[p].step == 2 and r.people[p].bad
    return float(bad)


@RING.signal(
    "ring",
    "down",
    "steps",
    ("The nearest known fraud is {value} [step|steps] away", "距最近已知欺诈者{value}步"),
    to(Target.BAD),
)
@lean
def bad_distance(n: Neighbourhood, r: Precomputed) -> float:
    """Sharing steps to the nearest known fraud: 1 or 2; None where none is within reach."""
    nearest = np.nan
    for p in range(n.subject[0].people):
        if r.people[p].bad and not n.people[p].step >= nearest:
            nearest = float(n.people[p].step)
    return nearest


@RING.signal(
    "ring",
    "up",
    "share",
    ("{value} of the judged people around are known frauds", "已有结论的关联人中{value}为欺诈"),
    to(Target.BAD),
)
@lean
def bad_share(n: Neighbourhood, r: Precomputed) -> float:
    """Known frauds among all neighbours with any label, drawn towards one in twenty: (bad + 0.5) / (judged +
    10); None where nobody is judged.
    """
    bad, good = 0, 0
    for p in range(n.subject[0].people):
        bad += r.people[p].bad
        good += r.people[p].good
    return (bad + 0.5) / (bad + good + 10) if bad + good else np.nan


@RING.signal(
    "ring",
    "up",
    "score",
    ("Member of a group with a fraud score of {value}", "所在群体欺诈得分{value}"),
    TO_RING,
)
@lean
def ring_score(n: Neighbourhood, r: Precomputed) -> float:
    """The score of the subject's ring in the snapshot in force; None where the subject is in none."""
    return float(n.rings[r.whole[0].ring].score) if r.whole[0].ring >= 0 else np.nan


@RING.signal("ring", "either", "people", ("Member of a group of {value}", "所在群体共{value}人"), TO_RING)
@lean
def ring_size(n: Neighbourhood, r: Precomputed) -> float:
    """Members of the subject's ring in the snapshot in force."""
    return float(n.rings[r.whole[0].ring].size) if r.whole[0].ring >= 0 else np.nan


@RING.signal(
    "ring",
    "up",
    "share",
    ("{value} of the group's members are known frauds", "所在群体{value}成员为已知欺诈"),
    TO_RING,
)
@lean
def ring_bad_rate(n: Neighbourhood, r: Precomputed) -> float:
    """The share of known frauds in the subject's ring in the snapshot in force."""
    return float(n.rings[r.whole[0].ring].bad_rate) if r.whole[0].ring >= 0 else np.nan


@RING.signal(
    "ring",
    "up",
    "score",
    ("Strongly tied to a group with a fraud score of {value}", "与欺诈得分{value}的群体强关联"),
    INTO_FLAGGED,
)
@lean
def ring_near_score(n: Neighbourhood, r: Precomputed) -> float:
    """The highest score of any ring to which the subject or somebody strongly tied belongs; None where there
    is none.
    """
    highest = np.nan
    for p in range(n.subject[0].people):
        ring = n.people[p].ring
        if ring != NOBODY and (r.people[p].me or r.people[p].strong) and not n.rings[ring].score <= highest:
            highest = n.rings[ring].score
    return highest


@compiled
def fill(n: Neighbourhood, r: Precomputed, into: Column) -> None:
    """All of RING for one subject, into float64 (len(RING),)."""
    into[0] = sharing_weight(n, r)
    into[1] = closest_bond_weight(n, r)
    into[2] = kinds_shared_max(n, r)
    into[3] = multi_kind_people(n, r)
    into[4] = strong_people(n, r)
    into[5] = strong_strangers(n, r)
    into[6] = place_only_share(n, r)
    into[7] = household_size(n, r)
    into[8] = strong_component(n, r)
    into[9] = clustering(n, r)
    into[10] = core_number(n, r)
    into[11] = strong_bad(n, r)
    into[12] = bad_weight(n, r)
    into[13] = bad_two_steps(n, r)
    into[14] = bad_distance(n, r)
    into[15] = bad_share(n, r)
    into[16] = ring_score(n, r)
    into[17] = ring_size(n, r)
    into[18] = ring_bad_rate(n, r)
    into[19] = ring_near_score(n, r)
