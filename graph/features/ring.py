"""Signals of ties: how much is shared with whom, density of the group, distance to known fraud, and the ring
of the last snapshot.
"""

from __future__ import annotations

import numpy as np

from graph.features.path_rules import (
    HEAVIEST_BOND,
    INTO_FLAGGED,
    MOST_WAYS,
    STRONGEST_BOND,
    TO_RING,
    TO_STRANGER,
    Target,
    to,
)
from graph.features.registry import Family
from graph.features.sums import exact_add, exact_total
from graph.features.workspace import ADDRESS, OWN, STRONG_WAYS, WIFI, Precomputed
from graph.frame.neighbourhood import NOBODY, Neighbourhood
from graph.kernels.compiled import compiled, lean
from graph.store.tables import Column

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


# what is known of them


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


# the ring of the snapshot in force


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
