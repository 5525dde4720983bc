"""Features of company: what the people around have been doing, and when."""

from __future__ import annotations

import numpy as np

from graph.compiled import compiled, inner
from graph.features.registry import Family
from graph.features.room import DAY, MONTH, PLACE_WAYS, Reading
from graph.features.sums import exact_add, exact_total
from graph.frame.neighbourhood import NOBODY, UNDATED, Neighbourhood
from graph.signals.company import ALIKE
from graph.tables import Column

COMPANY = Family()


@inner
def _share(some: int, all_of_them: int) -> float:
    return some / all_of_them if all_of_them else np.nan


@inner
def applied_within(n: Neighbourhood, person: int, span: int) -> bool:
    """Whether their latest application lies in the last `span` microseconds."""
    one = n.people[person]
    return bool(one.applications > 0 and n.subject[0].as_of - n.applications[one.application].at <= span)


@inner
def is_new(n: Neighbourhood, r: Reading, person: int, span: int) -> bool:
    """Whether somebody's first application lies in the last `span` microseconds."""
    first = r.people[person].first
    return bool(first != UNDATED and n.subject[0].as_of - first <= span)


@COMPANY.feature
@inner
def strong_rejected_share(n: Neighbourhood, r: Reading) -> float:
    rejected, decided = 0, 0
    for p in range(n.subject[0].people):
        if r.people[p].strong:
            rejected += r.people[p].rejected
            decided += r.people[p].decided
    return _share(rejected, decided)


@COMPANY.feature
@inner
def neighbours_late_share(n: Neighbourhood, r: Reading) -> float:
    late, applied = 0, 0
    for p in range(n.subject[0].people):
        if n.people[p].applications and not r.people[p].me:
            late += r.people[p].late
            applied += 1
    return _share(late, applied)


@inner
def _strong_applied(n: Neighbourhood, r: Reading, span: int) -> float:
    applied = 0
    for p in range(n.subject[0].people):
        applied += r.people[p].strong and applied_within(n, p, span)
    return float(applied)


@COMPANY.feature
@inner
def strong_applied_7d(n: Neighbourhood, r: Reading) -> float:
    return _strong_applied(n, r, 7 * DAY)


@COMPANY.feature
@inner
def strong_applied_30d(n: Neighbourhood, r: Reading) -> float:
    return _strong_applied(n, r, MONTH)


@COMPANY.feature
@inner
def strong_new_share(n: Neighbourhood, r: Reading) -> float:
    fresh = 0
    for p in range(n.subject[0].people):
        fresh += r.people[p].strong and is_new(n, r, p, MONTH)
    return _share(fresh, r.whole[0].strong)


@inner
def is_alike(n: Neighbourhood, row: int) -> bool:
    """Whether an application of the last 30 days is for the same product as the one in question, and nearly the same amount."""
    asked, made = n.applications[0], n.applications[row]
    if not n.subject[0].asked or asked.amount == 0.0 or n.subject[0].as_of - made.at > MONTH:
        return False
    return bool(made.product == asked.product and abs(made.amount - asked.amount) <= asked.amount * ALIKE)


@COMPANY.feature
@inner
def lookalikes_30d(n: Neighbourhood, r: Reading) -> float:
    if not n.subject[0].asked or np.isnan(n.applications[0].amount) or n.applications[0].amount == 0.0:
        return np.nan
    alike = 0
    for p in range(n.subject[0].people):
        if r.people[p].me:
            continue
        for row in range(n.people[p].application, n.people[p].application + n.people[p].applications):
            alike += is_alike(n, row)
    return float(alike)


@inner
def own_city(n: Neighbourhood, r: Reading) -> int:
    if n.subject[0].asked:
        return int(n.applications[0].city)
    for place in range(r.whole[0].own):
        if n.applications[r.own[place]].city != NOBODY:
            return int(n.applications[r.own[place]].city)
    return int(NOBODY)


@inner
def city_of(n: Neighbourhood, person: int) -> int:
    """The latest city that is known of somebody."""
    for row in range(n.people[person].application, n.people[person].application + n.people[person].applications):
        if n.applications[row].city != NOBODY:
            return int(n.applications[row].city)
    return int(NOBODY)


@COMPANY.feature
@inner
def strong_other_city_share(n: Neighbourhood, r: Reading) -> float:
    mine, others, known = own_city(n, r), 0, 0
    if mine == NOBODY:
        return np.nan
    for p in range(n.subject[0].people):
        if r.people[p].strong:
            city = city_of(n, p)
            known += city != NOBODY
            others += city != NOBODY and city != mine
    return _share(others, known)


@inner
def came_there_too(n: Neighbourhood, person: int) -> bool:
    asked, came = n.applications[0], False
    for row in range(n.people[person].application, n.people[person].application + n.people[person].applications):
        made = n.applications[row]
        came |= (asked.merchant != NOBODY and made.merchant == asked.merchant) or (asked.agent != NOBODY and made.agent == asked.agent)
    return came


@COMPANY.feature
@inner
def strong_same_place_share(n: Neighbourhood, r: Reading) -> float:
    if not n.subject[0].asked or (n.applications[0].merchant == NOBODY and n.applications[0].agent == NOBODY):
        return np.nan
    came = 0
    for p in range(n.subject[0].people):
        came += r.people[p].strong and came_there_too(n, p)
    return _share(came, r.whole[0].strong)


@inner
def _lenders(n: Neighbourhood, person: int) -> int:
    """How many lenders somebody asked in the last 30 days."""
    first, lenders = n.people[person].application, 0
    for row in range(first, first + n.people[person].applications):
        if n.subject[0].as_of - n.applications[row].at > MONTH:
            break
        before = first
        while n.applications[before].platform != n.applications[row].platform:
            before += 1
        lenders += before == row
    return lenders


@COMPANY.feature
@inner
def strong_lenders_mean_30d(n: Neighbourhood, r: Reading) -> float:
    asked = 0
    for p in range(n.subject[0].people):
        if r.people[p].strong:
            asked += _lenders(n, p)
    return _share(asked, r.whole[0].strong)


@COMPANY.feature
@inner
def strong_face_match(n: Neighbourhood, r: Reading) -> float:
    used, known = 0, 0
    for p in range(n.subject[0].people):
        if r.people[p].strong:
            for row in range(n.people[p].application, n.people[p].application + n.people[p].applications):
                if not np.isnan(n.applications[row].face_match):
                    used = exact_add(r.parts, used, n.applications[row].face_match)
                    known += 1
                    break
    return exact_total(r.parts, used) / known if known else np.nan


@COMPANY.feature
@inner
def place_applied_7d(n: Neighbourhood, r: Reading) -> float:
    applied = 0
    for b in range(r.whole[0].bonds):
        applied += r.bonds[b].ways & PLACE_WAYS != 0 and applied_within(n, r.bonds[b].person, 7 * DAY)
    return float(applied)


@COMPANY.feature
@inner
def group_applied_30d(n: Neighbourhood, r: Reading) -> float:
    applied = 0
    for p in range(n.subject[0].people):
        applied += r.people[p].grouped and applied_within(n, p, MONTH)
    return float(applied)


@COMPANY.feature
@inner
def group_new_share(n: Neighbourhood, r: Reading) -> float:
    fresh = 0
    for p in range(n.subject[0].people):
        fresh += r.people[p].grouped and is_new(n, r, p, 2 * MONTH)
    return _share(fresh, r.whole[0].group)


@COMPANY.feature
@inner
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
