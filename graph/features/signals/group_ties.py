"""Signals of ties: how much is shared with whom, and how dense the group is."""

from __future__ import annotations

import numpy as np

from graph.features.path_rules import HEAVIEST_BOND, MOST_WAYS, STRONGEST_BOND, TO_STRANGER, Target, to
from graph.features.registry import Family
from graph.features.sums import exact_add, exact_total
from graph.features.workspace import ADDRESS, OWN, STRONG_WAYS, WIFI, Precomputed
from graph.frame.neighbourhood import Neighbourhood
from graph.kernels.compiled import lean

RING = Family(path_rule=STRONGEST_BOND)
SMALL_PLACE = 8  # holders of a home's address or Wi-Fi, at most


@RING.signal(
    "ring",
    "up",
    "score",
    ("Sharing with others adds up to {value}", "与他人共享的强度合计{value}"),
    HEAVIEST_BOND,
)
@lean
def sharing_weight(n: Neighbourhood, r: Precomputed) -> float:
    """All that is shared, each value worth the less the more people hold it."""
    used = 0
    for b in range(r.whole[0].bonds):
        used = exact_add(r.parts, used, r.bonds[b].weight)
    return exact_total(r.parts, used)


@RING.signal(
    "ring",
    "up",
    "score",
    ("The closest person shares a weight of {value}", "与最密切者的共享强度为{value}"),
    HEAVIEST_BOND,
)
@lean
def closest_bond_weight(n: Neighbourhood, r: Precomputed) -> float:
    """The weight of the heaviest bond to one other person; 0 for nobody."""
    return float(r.bonds[0].weight) if r.whole[0].bonds else 0.0


@lean
def _kinds(ways: int) -> int:
    """How many independent strong ways there are among these."""
    strong, count = ways & STRONG_WAYS, 0
    while strong:
        strong &= strong - 1
        count += 1
    return count


@RING.signal(
    "ring",
    "up",
    "count",
    ("{value} independent [kind|kinds] of things shared with one person", "与同一人共享{value}类独立信息"),
    MOST_WAYS,
)
@lean
def kinds_shared_max(n: Neighbourhood, r: Precomputed) -> float:
    """Most independent strong kinds (device, card, phone, e-mail, contact, mixed role) shared with one and
    the same person.
    """
    most = 0
    for b in range(r.whole[0].bonds):
        most = max(most, _kinds(r.bonds[b].ways))
    return float(most)


@RING.signal(
    "ring",
    "up",
    "people",
    (
        "{value} [person shares|people share] two or more independent kinds of things",
        "{value}人与申请人共享两类以上独立信息",
    ),
    MOST_WAYS,
)
@lean
def multi_kind_people(n: Neighbourhood, r: Precomputed) -> float:
    """People who share two or more independent strong kinds with the subject."""
    people = 0
    for b in range(r.whole[0].bonds):
        people += _kinds(r.bonds[b].ways) > 1
    return float(people)


@RING.signal(
    "ring",
    "up",
    "people",
    ("{value} [person shares|people share] strong identifiers", "{value}人与申请人共享强标识"),
)
@lean
def strong_people(n: Neighbourhood, r: Precomputed) -> float:
    """People who share a device, card, number, e-mail or contact with the subject."""
    return float(r.whole[0].strong)


@RING.signal(
    "ring",
    "up",
    "people",
    ("{value} [stranger shares|strangers share] strong identifiers", "{value}名陌生人与申请人共享强标识"),
    TO_STRANGER,
)
@lean
def strong_strangers(n: Neighbourhood, r: Precomputed) -> float:
    """People who share something strong and no place, crowd or work."""
    strangers = 0
    for p in range(n.subject[0].people):
        strangers += r.people[p].strong and not r.people[p].coherent
    return float(strangers)


@RING.signal(
    "ring",
    "either",
    "share",
    ("{value} of the neighbours share only a place or work", "{value}的关联人仅共享地点或单位"),
)
@lean
def place_only_share(n: Neighbourhood, r: Precomputed) -> float:
    """Share of those who share anything who share only a place, crowd or work: near 1 in dormitories; None
    for nobody.
    """
    return 1 - r.whole[0].strong / r.whole[0].bonds if r.whole[0].bonds else np.nan


@RING.signal("ring", "either", "people", ("At home with {value} [other|others]", "与另外{value}人同住"))
@lean
def household_size(n: Neighbourhood, r: Precomputed) -> float:
    """Others at the subject's small places (at most 8 holders of an address or Wi-Fi): a family rather than a
    dormitory.
    """
    places, people, revision = 0, 0, r.whole[0].mark + 1
    r.whole[0].mark = revision
    for h in range(r.whole[0].held):
        held = r.held[h]
        if (held.kind != ADDRESS and held.kind != WIFI) or held.role != OWN:
            continue
        places += 1
        if held.holders > SMALL_PLACE:
            continue
        for o in range(held.other, held.other + held.others):
            past = r.people[r.others[o].person]
            people += past.mark != revision
            past.mark = revision
    return float(people) if places else np.nan


@RING.signal(
    "ring",
    "up",
    "people",
    (
        "{value} [person is|people are] tied to the applicant over strong identifiers",
        "{value}人通过强标识与申请人相连",
    ),
    to(Target.GROUP),
)
@lean
def strong_component(n: Neighbourhood, r: Precomputed) -> float:
    """Other people reachable over strong identifiers within the neighbourhood, bounded by it."""
    return float(r.whole[0].group)


@RING.signal(
    "ring",
    "either",
    "share",
    ("{value} of the people around share with one another too", "{value}的关联人之间也互相共享"),
)
@lean
def clustering(n: Neighbourhood, r: Precomputed) -> float:
    """Share of pairs among those strongly tied to the subject who are tied themselves; None with fewer than
    two.
    """
    people, around, tied = n.subject[0].people, 0, 0
    for a in range(people):
        if r.tied[0, a]:
            around += 1
            for b in range(people):
                tied += r.tied[0, b] and r.tied[a, b]
    return tied / (around * (around - 1)) if around > 1 else np.nan


@RING.signal(
    "ring",
    "up",
    "count",
    (
        "Everybody in the group is tied to at least {value} [other|others]",
        "所在群体中每人至少与{value}人相连",
    ),
    to(Target.GROUP),
)
@lean
def core_number(n: Neighbourhood, r: Precomputed) -> float:
    """The largest k such that the subject is in a group in which everybody is strongly tied to k others
    (k-core, Seidman 1983).
    """
    people, degrees, core = n.subject[0].people, r.joined[0], 0
    for p in range(people):
        degrees[p] = 0
        for q in range(people):
            degrees[p] += r.tied[p, q]
    while True:  # whoever is tied least goes, until the subject does; among equals it is all the same who
        weakest = 0
        for p in range(people):
            if 0 <= degrees[p] < degrees[weakest] and (p == 0 or r.people[p].grouped):
                weakest = p
        core = max(core, degrees[weakest])
        if weakest == 0:
            return float(core)
        degrees[weakest] = -1
        for q in range(people):
            degrees[q] -= r.tied[weakest, q]
