"""Features of ties: how much is shared with whom, how tight the group is, how near a known fraud is, and the ring of the last snapshot."""

from __future__ import annotations

import numpy as np

from graph.compiled import compiled, lean
from graph.features.registry import Family
from graph.features.room import ADDRESS, OWN, STRONG_WAYS, WIFI, Reading
from graph.features.sums import exact_add, exact_total
from graph.frame.neighbourhood import NOBODY, Neighbourhood
from graph.signals.ring import SMALL_PLACE
from graph.tables import Column

RING = Family()


@RING.feature
@lean
def sharing_weight(n: Neighbourhood, r: Reading) -> float:
    used = 0
    for b in range(r.whole[0].bonds):
        used = exact_add(r.parts, used, r.bonds[b].weight)
    return exact_total(r.parts, used)


@RING.feature
@lean
def closest_bond_weight(n: Neighbourhood, r: Reading) -> float:
    return float(r.bonds[0].weight) if r.whole[0].bonds else 0.0


@lean
def _kinds(ways: int) -> int:
    """How many independent strong ways there are among these."""
    strong, found = ways & STRONG_WAYS, 0
    while strong:
        strong &= strong - 1
        found += 1
    return found


@RING.feature
@lean
def kinds_shared_max(n: Neighbourhood, r: Reading) -> float:
    most = 0
    for b in range(r.whole[0].bonds):
        most = max(most, _kinds(r.bonds[b].ways))
    return float(most)


@RING.feature
@lean
def multi_kind_people(n: Neighbourhood, r: Reading) -> float:
    people = 0
    for b in range(r.whole[0].bonds):
        people += _kinds(r.bonds[b].ways) > 1
    return float(people)


@RING.feature
@lean
def strong_people(n: Neighbourhood, r: Reading) -> float:
    return float(r.whole[0].strong)


@RING.feature
@lean
def strong_strangers(n: Neighbourhood, r: Reading) -> float:
    strangers = 0
    for p in range(n.subject[0].people):
        strangers += r.people[p].strong and not r.people[p].coherent
    return float(strangers)


@RING.feature
@lean
def place_only_share(n: Neighbourhood, r: Reading) -> float:
    return 1 - r.whole[0].strong / r.whole[0].bonds if r.whole[0].bonds else np.nan


@RING.feature
@lean
def household_size(n: Neighbourhood, r: Reading) -> float:
    places, people, mark = 0, 0, r.whole[0].mark + 1
    r.whole[0].mark = mark
    for h in range(r.whole[0].held):
        held = r.held[h]
        if (held.kind != ADDRESS and held.kind != WIFI) or held.role != OWN:
            continue
        places += 1
        if held.holders > SMALL_PLACE:
            continue
        for o in range(held.other, held.other + held.others):
            past = r.people[r.others[o].person]
            people += past.mark != mark
            past.mark = mark
    return float(people) if places else np.nan


@RING.feature
@lean
def strong_component(n: Neighbourhood, r: Reading) -> float:
    return float(r.whole[0].group)


@RING.feature
@lean
def clustering(n: Neighbourhood, r: Reading) -> float:
    people, around, tied = n.subject[0].people, 0, 0
    for a in range(people):
        if r.tied[0, a]:
            around += 1
            for b in range(people):
                tied += r.tied[0, b] and r.tied[a, b]
    return tied / (around * (around - 1)) if around > 1 else np.nan


@RING.feature
@lean
def core_number(n: Neighbourhood, r: Reading) -> float:
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


@RING.feature
@lean
def strong_bad(n: Neighbourhood, r: Reading) -> float:
    bad = 0
    for p in range(n.subject[0].people):
        bad += r.people[p].strong and r.people[p].bad
    return float(bad)


@RING.feature
@lean
def bad_weight(n: Neighbourhood, r: Reading) -> float:
    used = 0
    for b in range(r.whole[0].bonds):
        if r.people[r.bonds[b].person].bad:
            used = exact_add(r.parts, used, r.bonds[b].weight)
    return exact_total(r.parts, used)


@RING.feature
@lean
def bad_two_steps(n: Neighbourhood, r: Reading) -> float:
    bad = 0
    for p in range(n.subject[0].people):
        bad += n.people[p].step == 2 and r.people[p].bad
    return float(bad)


@RING.feature
@lean
def bad_distance(n: Neighbourhood, r: Reading) -> float:
    nearest = np.nan
    for p in range(n.subject[0].people):
        if r.people[p].bad and not n.people[p].step >= nearest:
            nearest = float(n.people[p].step)
    return nearest


@RING.feature
@lean
def bad_share(n: Neighbourhood, r: Reading) -> float:
    bad, good = 0, 0
    for p in range(n.subject[0].people):
        bad += r.people[p].bad
        good += r.people[p].good
    return (bad + 0.5) / (bad + good + 10) if bad + good else np.nan


# the ring of the snapshot in force


@RING.feature
@lean
def ring_score(n: Neighbourhood, r: Reading) -> float:
    return float(n.rings[r.whole[0].ring].score) if r.whole[0].ring >= 0 else np.nan


@RING.feature
@lean
def ring_size(n: Neighbourhood, r: Reading) -> float:
    return float(n.rings[r.whole[0].ring].size) if r.whole[0].ring >= 0 else np.nan


@RING.feature
@lean
def ring_bad_rate(n: Neighbourhood, r: Reading) -> float:
    return float(n.rings[r.whole[0].ring].bad_rate) if r.whole[0].ring >= 0 else np.nan


@RING.feature
@lean
def ring_near_score(n: Neighbourhood, r: Reading) -> float:
    highest = np.nan
    for p in range(n.subject[0].people):
        ring = n.people[p].ring
        if ring != NOBODY and (r.people[p].me or r.people[p].strong) and not n.rings[ring].score <= highest:
            highest = n.rings[ring].score
    return highest


@compiled
def fill(n: Neighbourhood, r: Reading, into: Column) -> None:
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
