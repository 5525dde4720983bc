"""The people of a neighbourhood to whom an evidence path may lead, in compiled code."""

from __future__ import annotations

from graph.facts.tables import Column
from graph.features.holder_tallies import is_of
from graph.features.path_rules import Target
from graph.features.signals.neighbour_activity import own_city, within
from graph.features.workspace import DAY, MONTH, PLACE_WAYS, Precomputed
from graph.frame.neighbourhood import NOBODY, Neighbourhood
from graph.kernels.compiled import inner

(
    _BAD, _REJECTED, _LATE, _RECENT, _RECENT_AT_PLACE, _RECENT_IN_GROUP, _NEW, _NEW_IN_GROUP, _BAD_IN_GROUP,
    _GROUP, _ALIKE, _OTHER_CITY, _SAME_PLACE, _BAD_AT, _FLAGGED,
) = (int(who) for who in Target)  # fmt: skip


@inner
def mark_targets(n: Neighbourhood, r: Precomputed, chosen: Column, who: int, kind: int, role: int) -> None:
    """Mark those people (P,) int8; of BAD_AT those at the subject's identifiers of that kind and role. Never
    the subject.
    """
    span = MONTH
    if who == _RECENT:
        for p in range(n.subject[0].people):
            if r.people[p].strong and within(n.subject[0].as_of, r.people[p].latest, 7 * DAY):
                span = 7 * DAY
    for p in range(n.subject[0].people):
        chosen[p] = 0 if r.people[p].me or who == _BAD_AT else _is_one(n, r, p, who, span)
    if who == _BAD_AT:
        for h in range(r.whole[0].held):
            held = r.held[h]
            if held.hub == 0 and is_of(held, kind, role):
                for o in range(held.other, held.other + held.others):
                    past = r.people[r.others[o].person]
                    chosen[r.others[o].person] = past.bad or past.defaulted


@inner
def _is_one(n: Neighbourhood, r: Precomputed, p: int, who: int, span: int) -> bool:
    past = r.people[p]
    if who == _BAD:
        return bool(past.bad)
    if who == _REJECTED:
        return bool(past.strong and past.rejected > 0)
    if who == _LATE:
        return bool(past.late)
    if who == _RECENT:
        return bool(past.strong and within(n.subject[0].as_of, past.latest, span))
    if who == _RECENT_AT_PLACE:
        return bool(
            past.bond >= 0
            and r.bonds[past.bond].ways & PLACE_WAYS != 0
            and within(n.subject[0].as_of, past.latest, 7 * DAY)
        )
    if who == _RECENT_IN_GROUP:
        return bool(past.grouped and within(n.subject[0].as_of, past.latest, MONTH))
    if who == _NEW:
        return bool(past.strong and within(n.subject[0].as_of, past.first, MONTH))
    if who == _NEW_IN_GROUP:
        return bool(past.grouped and within(n.subject[0].as_of, past.first, 2 * MONTH))
    if who == _BAD_IN_GROUP:
        return bool(past.grouped and (past.bad or past.defaulted))
    if who == _GROUP:
        return bool(past.grouped)
    if who == _FLAGGED:
        return bool(n.people[p].ring >= 0 and n.rings[n.people[p].ring].flagged)
    if not past.strong and who != _ALIKE:
        return False
    if who == _OTHER_CITY:
        return bool(past.city != NOBODY and past.city != own_city(n, r))
    if who == _SAME_PLACE:
        return bool(past.came_too)
    return bool(past.alike > 0)
