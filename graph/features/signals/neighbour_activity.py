"""Signals of the neighbours' activity: what people around the subject have been doing, and when."""

from __future__ import annotations

import numpy as np

from graph.facts.tables import Column
from graph.features.path_rules import STRONGEST_BOND, Target, to
from graph.features.registry import Family
from graph.features.sums import exact_add, exact_total
from graph.features.workspace import DAY, MONTH, PLACE_WAYS, Precomputed
from graph.frame.neighbourhood import NOBODY, UNDATED, Neighbourhood
from graph.kernels.compiled import compiled, lean

NEIGHBOUR_ACTIVITY = Family(path_rule=STRONGEST_BOND)


@lean
def _share(some: int, all_of_them: int) -> float:
    return some / all_of_them if all_of_them else np.nan


@lean
def within(t: int, at: int, span: int) -> bool:
    """Whether that moment, where there is one, lies in the last `span` microseconds before `t`."""
    return at != UNDATED and t - at <= span


@NEIGHBOUR_ACTIVITY.signal(
    "ring",
    "up",
    "share",
    ("{value} of the closely tied people's decisions were rejections", "密切关联人的申请被拒率{value}"),
    to(Target.REJECTED),
)
@lean
def strong_rejected_share(n: Neighbourhood, r: Precomputed) -> float:
    """Rejections among the decided applications of those strongly tied; None where nothing was decided."""
    rejected, decided = 0, 0
    for p in range(n.subject[0].people):
        if r.people[p].strong:
            rejected += r.people[p].rejected
            decided += r.people[p].decided
    return _share(rejected, decided)


@NEIGHBOUR_ACTIVITY.signal(
    "ring",
    "up",
    "share",
    ("{value} of the people around are late or in default", "{value}的关联人有逾期或违约"),
    to(Target.LATE),
)
@lean
def neighbours_late_share(n: Neighbourhood, r: Precomputed) -> float:
    """Share of all applicants in the neighbourhood who were ever 30 days late or worse; None for nobody."""
    late, applied = 0, 0
    for p in range(n.subject[0].people):
        late += r.people[p].late
        applied += r.people[p].latest != UNDATED
    return _share(late, applied)


@lean
def _strong_applied(n: Neighbourhood, r: Precomputed, span: int) -> float:
    applied = 0
    for p in range(n.subject[0].people):
        applied += r.people[p].strong and within(n.subject[0].as_of, r.people[p].latest, span)
    return float(applied)


@NEIGHBOUR_ACTIVITY.signal(
    "ring",
    "up",
    "people",
    ("{value} closely tied [person|people] applied in the last 7 days", "近7天{value}名密切关联人申请"),
    to(Target.RECENT),
)
@lean
def strong_applied_7d(n: Neighbourhood, r: Precomputed) -> float:
    """Those strongly tied who applied anywhere in the last 7 days."""
    return _strong_applied(n, r, 7 * DAY)


@NEIGHBOUR_ACTIVITY.signal(
    "ring",
    "up",
    "people",
    ("{value} closely tied [person|people] applied in the last 30 days", "近30天{value}名密切关联人申请"),
    to(Target.RECENT),
)
@lean
def strong_applied_30d(n: Neighbourhood, r: Precomputed) -> float:
    """Those strongly tied who applied anywhere in the last 30 days."""
    return _strong_applied(n, r, MONTH)


@NEIGHBOUR_ACTIVITY.signal(
    "ring",
    "up",
    "share",
    ("{value} of the closely tied people are new within 30 days", "{value}的密切关联人为30天内新出现"),
    to(Target.NEW),
)
@lean
def strong_new_share(n: Neighbourhood, r: Precomputed) -> float:
    """Share of those strongly tied whose first application lies in the last 30 days; None for nobody."""
    fresh = 0
    for p in range(n.subject[0].people):
        fresh += r.people[p].strong and within(n.subject[0].as_of, r.people[p].first, MONTH)
    return _share(fresh, r.whole[0].strong)


@NEIGHBOUR_ACTIVITY.signal(
    "ring",
    "up",
    "count",
    ("{value} look-alike [application|applications] nearby in 30 days", "近30天周边有{value}笔相似申请"),
    to(Target.ALIKE),
)
@lean
def lookalikes_30d(n: Neighbourhood, r: Precomputed) -> float:
    """Applications in the neighbourhood in the last 30 days with the same product and an amount within 5 %;
    None without an amount.
    """
    if not n.subject[0].asked or np.isnan(n.applications[0].amount) or n.applications[0].amount == 0.0:
        return np.nan
    alike = 0
    for p in range(n.subject[0].people):
        alike += r.people[p].alike
    return float(alike)


@lean
def own_city(n: Neighbourhood, r: Precomputed) -> int:
    if n.subject[0].asked:
        return int(n.applications[0].city)
    for place in range(r.whole[0].own):
        if n.applications[r.own[place]].city != NOBODY:
            return int(n.applications[r.own[place]].city)
    return int(NOBODY)


@NEIGHBOUR_ACTIVITY.signal(
    "ring",
    "up",
    "share",
    ("{value} of the closely tied people live in other cities", "{value}的密切关联人在其他城市"),
    to(Target.OTHER_CITY),
)
@lean
def strong_other_city_share(n: Neighbourhood, r: Precomputed) -> float:
    """Share of those strongly tied whose latest known city is another than the subject's; None where cities
    are not known.
    """
    mine, others, known = own_city(n, r), 0, 0
    if mine == NOBODY:
        return np.nan
    for p in range(n.subject[0].people):
        if r.people[p].strong:
            city = r.people[p].city
            known += city != NOBODY
            others += city != NOBODY and city != mine
    return _share(others, known)


@NEIGHBOUR_ACTIVITY.signal(
    "ring",
    "up",
    "share",
    (
        "{value} of the closely tied people came to the same shop or agent",
        "{value}的密切关联人经同一商户或中介申请",
    ),
    to(Target.SAME_PLACE),
)
@lean
def strong_same_place_share(n: Neighbourhood, r: Precomputed) -> float:
    """Share of those strongly tied who ever applied at the same merchant or through the same agent; None
    where this one names neither.
    """
    if not n.subject[0].asked or (n.applications[0].merchant == NOBODY and n.applications[0].agent == NOBODY):
        return np.nan
    came = 0
    for p in range(n.subject[0].people):
        came += r.people[p].strong and r.people[p].came_too
    return _share(came, r.whole[0].strong)


@NEIGHBOUR_ACTIVITY.signal(
    "ring",
    "up",
    "count",
    (
        "Closely tied people asked {value} [lender|lenders] each in 30 days",
        "密切关联人30天内人均申请{value}家机构",
    ),
    to(Target.RECENT),
)
@lean
def strong_lenders_mean_30d(n: Neighbourhood, r: Precomputed) -> float:
    """Lenders asked in the last 30 days by each of those strongly tied, on average; None for nobody."""
    requested = 0
    for p in range(n.subject[0].people):
        if r.people[p].strong:
            requested += r.people[p].lenders
    return _share(requested, r.whole[0].strong)


@NEIGHBOUR_ACTIVITY.signal(
    "verification",
    "down",
    "score",
    ("The closely tied people's faces matched with {value}", "密切关联人的人脸比对平均得分{value}"),
)
@lean
def strong_face_match(n: Neighbourhood, r: Precomputed) -> float:
    """Mean of the latest face match of those strongly tied; None where none is known."""
    used, known = 0, 0
    for p in range(n.subject[0].people):
        if r.people[p].strong and not np.isnan(r.people[p].face_match):
            used = exact_add(r.parts, used, r.people[p].face_match)
            known += 1
    return exact_total(r.parts, used) / known if known else np.nan


@NEIGHBOUR_ACTIVITY.signal(
    "ring",
    "up",
    "people",
    ("{value} [person|people] at the same place applied in 7 days", "同一地点7天内{value}人申请"),
    to(Target.RECENT_AT_PLACE),
)
@lean
def place_applied_7d(n: Neighbourhood, r: Precomputed) -> float:
    """People at the subject's address, Wi-Fi or network address who applied anywhere in the last 7 days; hubs
    left out.
    """
    applied = 0
    for b in range(r.whole[0].bonds):
        applied += r.bonds[b].ways & PLACE_WAYS != 0 and within(
            n.subject[0].as_of, r.people[r.bonds[b].person].latest, 7 * DAY
        )
    return float(applied)


@NEIGHBOUR_ACTIVITY.signal(
    "ring",
    "up",
    "people",
    ("{value} [person|people] in the tied group applied in the last 30 days", "关联群体近30天{value}人申请"),
    to(Target.RECENT_IN_GROUP),
)
@lean
def group_applied_30d(n: Neighbourhood, r: Precomputed) -> float:
    """People reachable over strong identifiers who applied anywhere in the last 30 days."""
    applied = 0
    for p in range(n.subject[0].people):
        applied += r.people[p].grouped and within(n.subject[0].as_of, r.people[p].latest, MONTH)
    return float(applied)


@NEIGHBOUR_ACTIVITY.signal(
    "ring",
    "up",
    "share",
    ("{value} of the tied group is new within 60 days", "关联群体{value}为60天内新出现"),
    to(Target.NEW_IN_GROUP),
)
@lean
def group_new_share(n: Neighbourhood, r: Precomputed) -> float:
    """Share of those reachable over strong identifiers whose first application lies in the last 60 days; None
    for nobody.
    """
    fresh = 0
    for p in range(n.subject[0].people):
        fresh += r.people[p].grouped and within(n.subject[0].as_of, r.people[p].first, 2 * MONTH)
    return _share(fresh, r.whole[0].group)


@NEIGHBOUR_ACTIVITY.signal(
    "ring",
    "up",
    "people",
    (
        "{value} [person|people] in the tied group [is a known fraud|are known frauds] or defaulted",
        "关联群体中{value}人有欺诈或违约",
    ),
    to(Target.BAD_IN_GROUP),
)
@lean
def group_bad(n: Neighbourhood, r: Precomputed) -> float:
    """Known frauds and defaults among those reachable over strong identifiers."""
    bad = 0
    for p in range(n.subject[0].people):
        bad += r.people[p].grouped and (r.people[p].bad or r.people[p].defaulted)
    return float(bad)


@compiled
def fill(n: Neighbourhood, r: Precomputed, into: Column) -> None:
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
