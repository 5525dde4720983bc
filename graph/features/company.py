"""Features of company: what the people around have been doing, and when."""

from __future__ import annotations

import numpy as np

from graph.compiled import compiled, lean
from graph.features.registry import Family
from graph.features.room import DAY, MONTH, PLACE_WAYS, Reading
from graph.features.sums import exact_add, exact_total
from graph.frame.neighbourhood import NOBODY, UNDATED, Neighbourhood
from graph.tables import Column

COMPANY = Family()


@lean
def _share(some: int, all_of_them: int) -> float:
    return some / all_of_them if all_of_them else np.nan


@lean
def within(t: int, at: int, span: int) -> bool:
    """Whether that moment, where there is one, lies in the last `span` microseconds before `t`."""
    return at != UNDATED and t - at <= span


@COMPANY.feature
@lean
def strong_rejected_share(n: Neighbourhood, r: Reading) -> float:
    rejected, decided = 0, 0
    for p in range(n.subject[0].people):
        if r.people[p].strong:
            rejected += r.people[p].rejected
            decided += r.people[p].decided
    return _share(rejected, decided)


@COMPANY.feature
@lean
def neighbours_late_share(n: Neighbourhood, r: Reading) -> float:
    late, applied = 0, 0
    for p in range(n.subject[0].people):
        late += r.people[p].late
        applied += r.people[p].latest != UNDATED
    return _share(late, applied)


@lean
def _strong_applied(n: Neighbourhood, r: Reading, span: int) -> float:
    applied = 0
    for p in range(n.subject[0].people):
        applied += r.people[p].strong and within(n.subject[0].as_of, r.people[p].latest, span)
    return float(applied)


@COMPANY.feature
@lean
def strong_applied_7d(n: Neighbourhood, r: Reading) -> float:
    return _strong_applied(n, r, 7 * DAY)


@COMPANY.feature
@lean
def strong_applied_30d(n: Neighbourhood, r: Reading) -> float:
    return _strong_applied(n, r, MONTH)


@COMPANY.feature
@lean
def strong_new_share(n: Neighbourhood, r: Reading) -> float:
    fresh = 0
    for p in range(n.subject[0].people):
        fresh += r.people[p].strong and within(n.subject[0].as_of, r.people[p].first, MONTH)
    return _share(fresh, r.whole[0].strong)


@COMPANY.feature
@lean
def lookalikes_30d(n: Neighbourhood, r: Reading) -> float:
    if not n.subject[0].asked or np.isnan(n.applications[0].amount) or n.applications[0].amount == 0.0:
        return np.nan
    alike = 0
    for p in range(n.subject[0].people):
        alike += r.people[p].alike
    return float(alike)


@lean
def own_city(n: Neighbourhood, r: Reading) -> int:
    if n.subject[0].asked:
        return int(n.applications[0].city)
    for place in range(r.whole[0].own):
        if n.applications[r.own[place]].city != NOBODY:
            return int(n.applications[r.own[place]].city)
    return int(NOBODY)


@COMPANY.feature
@lean
def strong_other_city_share(n: Neighbourhood, r: Reading) -> float:
    mine, others, known = own_city(n, r), 0, 0
    if mine == NOBODY:
        return np.nan
    for p in range(n.subject[0].people):
        if r.people[p].strong:
            city = r.people[p].city
            known += city != NOBODY
            others += city != NOBODY and city != mine
    return _share(others, known)


@COMPANY.feature
@lean
def strong_same_place_share(n: Neighbourhood, r: Reading) -> float:
    if not n.subject[0].asked or (n.applications[0].merchant == NOBODY and n.applications[0].agent == NOBODY):
        return np.nan
    came = 0
    for p in range(n.subject[0].people):
        came += r.people[p].strong and r.people[p].came_too
    return _share(came, r.whole[0].strong)


@COMPANY.feature
@lean
def strong_lenders_mean_30d(n: Neighbourhood, r: Reading) -> float:
    asked = 0
    for p in range(n.subject[0].people):
        if r.people[p].strong:
            asked += r.people[p].lenders
    return _share(asked, r.whole[0].strong)


@COMPANY.feature
@lean
def strong_face_match(n: Neighbourhood, r: Reading) -> float:
    used, known = 0, 0
    for p in range(n.subject[0].people):
        if r.people[p].strong and not np.isnan(r.people[p].face_match):
            used = exact_add(r.parts, used, r.people[p].face_match)
            known += 1
    return exact_total(r.parts, used) / known if known else np.nan


@COMPANY.feature
@lean
def place_applied_7d(n: Neighbourhood, r: Reading) -> float:
    applied = 0
    for b in range(r.whole[0].bonds):
        applied += r.bonds[b].ways & PLACE_WAYS != 0 and within(n.subject[0].as_of, r.people[r.bonds[b].person].latest, 7 * DAY)
    return float(applied)


@COMPANY.feature
@lean
def group_applied_30d(n: Neighbourhood, r: Reading) -> float:
    applied = 0
    for p in range(n.subject[0].people):
        applied += r.people[p].grouped and within(n.subject[0].as_of, r.people[p].latest, MONTH)
    return float(applied)


@COMPANY.feature
@lean
def group_new_share(n: Neighbourhood, r: Reading) -> float:
    fresh = 0
    for p in range(n.subject[0].people):
        fresh += r.people[p].grouped and within(n.subject[0].as_of, r.people[p].first, 2 * MONTH)
    return _share(fresh, r.whole[0].group)


@COMPANY.feature
@lean
def group_bad(n: Neighbourhood, r: Reading) -> float:
    bad = 0
    for p in range(n.subject[0].people):
        bad += r.people[p].grouped and (r.people[p].bad or r.people[p].defaulted)
    return float(bad)


@compiled
def fill(n: Neighbourhood, r: Reading, into: Column) -> None:
    """All of COMPANY for one subject, into float64 (len(COMPANY),)."""
    into[0] = strong_rejected_share(n, r)
    into[1] = neighbours_late_share(n, r)
    into[2] = strong_applied_7d(n, r)
    into[3] = strong_applied_30d(n, r)
    into[4] = strong_new_share(n, r)
    into[5] = lookalikes_30d(n, r)
    into[6] = strong_other_city_share(n, r)
    into[7] = strong_same_place_share(n, r)
    into[8] = strong_lenders_mean_30d(n, r)
    into[9] = strong_face_match(n, r)
    into[10] = place_applied_7d(n, r)
    into[11] = group_applied_30d(n, r)
    into[12] = group_new_share(n, r)
    into[13] = group_bad(n, r)
