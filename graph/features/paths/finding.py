"""Evidence paths: where a neighbourhood shows a feature (application -> device -> person, to a known fraud,
to a merchant, to a ring).
"""

from __future__ import annotations

from graph.features.holder_tallies import is_of
from graph.features.path_rules import Route, Target
from graph.features.paths.lending import find_lending, to_other_self
from graph.features.paths.path_buffer import (
    AGENT,
    APPLICATION,
    IDENTIFIER,
    MERCHANT,
    PERSON,
    RING,
    PathBuffer,
    along,
    begin,
    over,
    step,
    to_subject,
    towards,
)
from graph.features.paths.targets import mark_targets
from graph.features.workspace import Precomputed
from graph.frame.neighbourhood import EVENT_KINDS, NOBODY, UNDATED, Neighbourhood
from graph.kernels.by_address import taken
from graph.kernels.compiled import compiled, inner

(
    _SUBJECT, _SHARED, _OWN, _OTHER_SELF, _STRONGEST, _HEAVIEST, _STRANGER, _MOST_WAYS, _PEOPLE, _RING,
    _RING_OR_FLAGGED, _MERCHANT, _AGENT, _PAYER, _COLLECTOR, _LENDING, _TIE, _DEALING,
) = (int(how) for how in Route)  # fmt: skip
_FLAGGED = int(Target.FLAGGED)
_TRANSFER = EVENT_KINDS.index("transfer")


@compiled
def find(
    around: int, read: int, path: int, how: int, kind: int, role: int, ways: int, who: int, strangers: int
) -> bool:
    """Follow a path rule, field by field, into a PathBuffer; False where there is no such path.
    `graph.features.precompute.precompute` comes before.

    `around`, `read` and `path` are addresses of Neighbourhood, Precomputed and PathBuffer.
    """
    n, r, t = taken(around, Neighbourhood), taken(read, Precomputed), taken(path, PathBuffer)
    if how == _SHARED:
        return _shared(n, r, t, (kind, role, ways, strangers))
    if how == _OWN:
        return _own(n, r, t, kind, role)
    if how == _PEOPLE:
        mark_targets(n, r, t.chosen, who, kind, role)
        return _to_chosen(n, r, t)
    if how in (_RING, _RING_OR_FLAGGED):
        return _to_ring(n, r, t, how == _RING_OR_FLAGGED)
    if how == _MERCHANT:
        return _to_place(n, t, MERCHANT)
    if how == _AGENT:
        return _to_place(n, t, AGENT)
    if how == _PAYER:
        return _to_payer(n, r, t)
    if how == _COLLECTOR:
        return _to_collector(n, r, t)
    if how == _LENDING:
        return find_lending(n, r, t, ways)
    if how == _TIE:
        return _over_tie(n, r, t, kind)
    if how == _DEALING:
        begin(n, t)
        step(t, PERSON, n.people[kind].id)
        t.about[0].since = _dealt(n, 0, kind)
        return True
    if how == _OTHER_SELF:
        return to_other_self(n, r, t)
    if how == _SUBJECT:
        to_subject(n, t)
        return True
    return _to_bond(n, r, t, how)


@inner
def _over_tie(n: Neighbourhood, r: Precomputed, t: PathBuffer, identifier: int) -> bool:
    for h in range(r.whole[0].held):
        if r.held[h].identifier == identifier:
            return over(n, r, t, h, -1, 0)
    return False


@inner
def _shared(n: Neighbourhood, r: Precomputed, t: PathBuffer, which: tuple[int, int, int, int]) -> bool:
    kind, role, ways, strangers = which
    best, most = -1, -1
    for h in range(r.whole[0].held):
        held = r.held[h]
        if not is_of(r.held[h], kind, role) or held.others == 0 or held.hub != 0:
            continue
        fitting = 0
        for o in range(held.other, held.other + held.others):
            other = r.others[o]
            fitting += ways & (1 << other.way) != 0 and not (strangers and r.people[other.person].coherent)
        if fitting > most:
            best, most = h, fitting
    return best >= 0 and over(n, r, t, best, ways, strangers)


@inner
def _own(n: Neighbourhood, r: Precomputed, t: PathBuffer, kind: int, role: int) -> bool:
    newest, latest = -1, UNDATED
    for h in range(r.whole[0].held):
        since = n.subject[0].as_of if r.held[h].since == UNDATED else r.held[h].since
        if is_of(r.held[h], kind, role) and (newest < 0 or since > latest):
            newest, latest = h, since
    if newest < 0:
        return False
    towards(n, r, t, r.held[newest].identifier)
    t.about[0].since = r.held[newest].since
    return True


@inner
def _to_bond(n: Neighbourhood, r: Precomputed, t: PathBuffer, how: int) -> bool:
    """Along the strongest, the heaviest, a stranger's bond, or the one of most kinds; they are sorted by
    weight.
    """
    best, most = -1, 0
    for b in range(r.whole[0].bonds):
        bond = r.bonds[b]
        if how == _MOST_WAYS:
            kinds = 0
            for way in range(32):
                kinds += bond.ways >> way & 1
            if kinds > most:
                best, most = b, kinds
            continue
        if how == _HEAVIEST:
            best = b if bond.weight > 0 else -1
            break
        if bond.strong and (how == _STRONGEST or not r.people[bond.person].coherent):
            best = b
            break
    if best < 0:
        return False
    along(n, r, t, best)
    return True


@inner
def _to_chosen(n: Neighbourhood, r: Precomputed, t: PathBuffer) -> bool:
    """To the nearest of the chosen people, over identifiers that link; at most two sharing steps."""
    for b in range(r.whole[0].bonds):
        if t.chosen[r.bonds[b].person] and r.bonds[b].weight > 0:
            along(n, r, t, b)
            return True
    matched, b = False, 0
    while b < r.whole[0].bonds and not matched:
        matched = r.bonds[b].weight > 0 and _further(n, r, t, b)
        b += 1
    return matched


@inner
def _further(n: Neighbourhood, r: Precomputed, t: PathBuffer, b: int) -> bool:
    """From the person of a bond on to one of the chosen: over something that both hold, or over a dealing."""
    by = r.bonds[b].person
    for place in range(n.people[by].tie, n.people[by].tie + n.people[by].ties):
        mine = n.ties[n.ties_of[place]]
        one = n.identifiers[mine.identifier]
        if one.hub != 0:
            continue
        position = -1
        for i in range(one.tie, one.tie + one.ties):
            person = n.ties[i].person
            if t.chosen[person] and (
                position < 0 or n.people[person].name_rank < n.people[n.ties[position].person].name_rank
            ):
                position = i
        if position >= 0:
            along(n, r, t, b)
            step(t, IDENTIFIER, one.id)
            step(t, PERSON, n.people[n.ties[position].person].id)
            t.about[0].since = max(mine.since, n.ties[position].since)
            return True
    for d in range(n.subject[0].dealings):
        dealing = n.dealings[d]
        other = dealing.b if dealing.a == by else dealing.a if dealing.b == by else NOBODY
        if other >= 0 and t.chosen[other]:
            along(n, r, t, b)
            step(t, PERSON, n.people[other].id)
            t.about[0].since = dealing.since
            return True
    return False


@inner
def _to_ring(n: Neighbourhood, r: Precomputed, t: PathBuffer, or_flagged: bool) -> bool:
    """The own ring by way of another member, of its core where one is within reach; without one over the
    strongest bond into a ring, or, if so, to the nearest member of a flagged one. Of the last step into a
    ring nothing tells since when: its member knows.
    """
    ring = r.whole[0].ring
    if ring < 0 and or_flagged:
        mark_targets(n, r, t.chosen, _FLAGGED, -1, 0)
        return _to_chosen(n, r, t)
    if ring < 0:
        for b in range(r.whole[0].bonds):
            person = n.people[r.bonds[b].person]
            if r.bonds[b].strong and person.ring >= 0:
                along(n, r, t, b)
                step(t, RING, n.rings[person.ring].id)
                t.about[0].since = UNDATED
                return True
        return False
    for core in (1, 0):
        for p in range(n.subject[0].people):
            t.chosen[p] = n.people[p].ring == ring and not r.people[p].me and n.people[p].core >= core
        if _to_chosen(n, r, t):
            step(t, RING, n.rings[ring].id)
            return True
    return False


@inner
def _to_place(n: Neighbourhood, t: PathBuffer, node: int) -> bool:
    """To the merchant or the agent, and on to the latest other application there."""
    if not n.subject[0].asked:
        return False
    word = n.applications[0].merchant if node == MERCHANT else n.applications[0].agent
    if word == NOBODY:
        return False
    first, size = n.subject[0].at_merchant, n.subject[0].at_merchant_n
    if node == AGENT:
        first, size = n.subject[0].at_agent, n.subject[0].at_agent_n
    begin(n, t)
    step(t, node, word)
    if size:
        step(t, APPLICATION, n.applications[first].id)
        t.about[0].since = n.applications[first + size - 1].at
    return True


@inner
def _to_payer(n: Neighbourhood, r: Precomputed, t: PathBuffer) -> bool:
    """To the last who sent the subject money."""
    for e in range(n.subject[0].received, n.subject[0].events):
        if n.events[e].kind == _TRANSFER:
            to_subject(n, t)
            step(t, PERSON, n.events[e].other)
            for p in range(n.subject[0].people):
                if r.people[p].me and n.people[p].id == n.events[e].other:
                    t.about[0].beyond = 0
            t.about[0].since = n.events[e].at
            return True
    return False


@inner
def _to_collector(n: Neighbourhood, r: Precomputed, t: PathBuffer) -> bool:
    """To whom the subject pays and most others deal with, and on to one of those."""
    best, most = -1, -1
    for p in range(n.subject[0].people):
        if r.people[p].me or not _is_paid(n, p):
            continue
        others = 0
        for d in range(n.subject[0].dealings):
            others += _other_end(n, r, d, p) >= 0
        if others > most or (others == most and n.people[p].name_rank > n.people[best].name_rank):
            best, most = p, others
    if best < 0:
        return False
    to_subject(n, t)
    step(t, PERSON, n.people[best].id)
    further = -1
    for d in range(n.subject[0].dealings):
        other = _other_end(n, r, d, best)
        if other >= 0 and (further < 0 or n.people[other].name_rank < n.people[further].name_rank):
            further = other
    if further >= 0:
        step(t, PERSON, n.people[further].id)
    t.about[0].since = _dealt(n, 0, best)
    return True


@inner
def _is_paid(n: Neighbourhood, person: int) -> bool:
    """Whether the subject sent them money."""
    paid = False
    for e in range(n.subject[0].received):
        paid |= n.events[e].kind == _TRANSFER and n.events[e].other == n.people[person].id
    return paid


@inner
def _other_end(n: Neighbourhood, r: Precomputed, d: int, person: int) -> int:
    """With whom, the subject left aside, somebody deals in that dealing; -1 where it is not theirs."""
    dealing = n.dealings[d]
    other = dealing.b if dealing.a == person else dealing.a if dealing.b == person else NOBODY
    return int(other) if other >= 0 and not r.people[other].me else -1


@inner
def _dealt(n: Neighbourhood, a: int, b: int) -> int:
    """Since when those two deal with each other; UNDATED where they do not."""
    for d in range(n.subject[0].dealings):
        if (n.dealings[d].a == a and n.dealings[d].b == b) or (n.dealings[d].a == b and n.dealings[d].b == a):
            return int(n.dealings[d].since)
    return int(UNDATED)
