"""Signals of company: what the people around have been doing, and when."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from math import fsum

from graph.model import Application
from graph.signals.neighbours import Neighbour
from graph.signals.paths import strongest_bond, to_people
from graph.signals.reading import DAY, MONTH, Reading
from graph.signals.registry import Family, Path

COMPANY = Family(path=strongest_bond)
ALIKE = 0.05  # by how much of the amount asked for a look-alike's may differ


def _share(chosen: Iterable[bool]) -> float | None:
    found = list(chosen)
    return sum(found) / len(found) if found else None


def _to_rejected(r: Reading) -> Path | None:
    return to_people([one for one in r.strong_people if one.rejected], r)


@COMPANY.signal(
    "ring", "up", "share", ("{value} of the closely tied people's decisions were rejections", "密切关联人的申请被拒率{value}"), _to_rejected
)
def strong_rejected_share(r: Reading) -> float | None:
    """Rejections among the decided applications of those strongly tied; None where nothing was decided."""
    decided = sum(one.decided for one in r.strong_people)
    return sum(one.rejected for one in r.strong_people) / decided if decided else None


def _to_late(r: Reading) -> Path | None:
    return to_people([one for one in r.people.values() if one.late], r)


@COMPANY.signal("ring", "up", "share", ("{value} of the people around are late or in default", "{value}的关联人有逾期或违约"), _to_late)
def neighbours_late_share(r: Reading) -> float | None:
    """Share of all applicants in the neighbourhood who were ever 30 days late or worse; None for nobody."""
    return _share(one.late for one in r.people.values() if one.applications)


def _applied(people: Iterable[Neighbour], r: Reading, span: timedelta) -> list[Neighbour]:
    return [one for one in people if one.applications and r.within(one.applications[0].applied_at, span)]


def _at_place(r: Reading) -> list[Neighbour]:
    return [r.people[bond.person] for bond in r.bonds if "place" in bond.groups]


def _to_recent_at_place(r: Reading) -> Path | None:
    return to_people(_applied(_at_place(r), r, 7 * DAY), r)


def _to_bad_in_group(r: Reading) -> Path | None:
    return to_people([r.people[one] for one in r.group if r.people[one].bad or r.people[one].defaulted], r)


def _to_recent(r: Reading) -> Path | None:
    return to_people(_applied(r.strong_people, r, 7 * DAY) or _applied(r.strong_people, r, MONTH), r)


@COMPANY.signal("ring", "up", "people", ("{value} closely tied people applied in the last 7 days", "近7天{value}名密切关联人申请"), _to_recent)
def strong_applied_7d(r: Reading) -> float | None:
    """Those strongly tied who applied anywhere in the last 7 days."""
    return float(len(_applied(r.strong_people, r, 7 * DAY)))


@COMPANY.signal("ring", "up", "people", ("{value} closely tied people applied in the last 30 days", "近30天{value}名密切关联人申请"), _to_recent)
def strong_applied_30d(r: Reading) -> float | None:
    """Those strongly tied who applied anywhere in the last 30 days."""
    return float(len(_applied(r.strong_people, r, MONTH)))


def _is_new(one: Neighbour, r: Reading, span: timedelta) -> bool:
    return one.first is not None and r.within(one.first, span)


def _to_new(r: Reading) -> Path | None:
    return to_people([one for one in r.strong_people if _is_new(one, r, MONTH)], r)


def _to_new_in_group(r: Reading) -> Path | None:
    return to_people([r.people[one] for one in r.group if _is_new(r.people[one], r, 2 * MONTH)], r)


@COMPANY.signal("ring", "up", "share", ("{value} of the closely tied people are new within 30 days", "{value}的密切关联人为30天内新出现"), _to_new)
def strong_new_share(r: Reading) -> float | None:
    """Share of those strongly tied whose first application lies in the last 30 days; None for nobody."""
    return _share(_is_new(one, r, MONTH) for one in r.strong_people)


def _is_alike(a: Application, r: Reading) -> bool:
    asked = r.asked
    if asked is None or not asked.amount or a.amount is None:
        return False
    return a.applied_at >= r.t - MONTH and a.product == asked.product and abs(a.amount - asked.amount) <= asked.amount * ALIKE


def _to_lookalike(r: Reading) -> Path | None:
    return to_people([one for one in r.people.values() if any(_is_alike(a, r) for a in one.applications)], r)


@COMPANY.signal("ring", "up", "count", ("{value} look-alike applications nearby in 30 days", "近30天周边有{value}笔相似申请"), _to_lookalike)
def lookalikes_30d(r: Reading) -> float | None:
    """Applications in the neighbourhood in the last 30 days with the same product and an amount within 5 %; None without an amount."""
    if r.asked is None or not r.asked.amount:
        return None
    return float(sum(_is_alike(a, r) for one in r.people.values() for a in one.applications))


def _own_city(r: Reading) -> str | None:
    return r.asked.city if r.asked else next((a.city for a in r.own if a.city), None)


def _city(one: Neighbour) -> str | None:
    return next((a.city for a in one.applications if a.city), None)


def _to_other_city(r: Reading) -> Path | None:
    return to_people([one for one in r.strong_people if _city(one) not in (None, _own_city(r))], r)


@COMPANY.signal("ring", "up", "share", ("{value} of the closely tied people live in other cities", "{value}的密切关联人在其他城市"), _to_other_city)
def strong_other_city_share(r: Reading) -> float | None:
    """Share of those strongly tied whose latest known city is another than the subject's; None where cities are not known."""
    mine = _own_city(r)
    if mine is None:
        return None
    return _share(city != mine for city in map(_city, r.strong_people) if city is not None)


def _came_there_too(one: Neighbour, r: Reading) -> bool:
    shop, agent = (r.asked.merchant_id, r.asked.agent_id) if r.asked else (None, None)
    return any((shop and a.merchant_id == shop) or (agent and a.agent_id == agent) for a in one.applications)


def _to_same_place(r: Reading) -> Path | None:
    return to_people([one for one in r.strong_people if _came_there_too(one, r)], r)


@COMPANY.signal(
    "ring",
    "up",
    "share",
    ("{value} of the closely tied people came to the same shop or agent", "{value}的密切关联人经同一商户或中介申请"),
    _to_same_place,
)
def strong_same_place_share(r: Reading) -> float | None:
    """Share of those strongly tied who ever applied at the same merchant or through the same agent; None where this one names neither."""
    if r.asked is None or not (r.asked.merchant_id or r.asked.agent_id):
        return None
    return _share(_came_there_too(one, r) for one in r.strong_people)


@COMPANY.signal(
    "ring", "up", "count", ("Closely tied people asked {value} lenders each in 30 days", "密切关联人30天内人均申请{value}家机构"), _to_recent
)
def strong_lenders_mean_30d(r: Reading) -> float | None:
    """Lenders asked in the last 30 days by each of those strongly tied, on average; None for nobody."""
    asked = [len({a.platform_id for a in one.applications if a.applied_at >= r.t - MONTH}) for one in r.strong_people]
    return sum(asked) / len(asked) if asked else None


@COMPANY.signal("verification", "down", "score", ("The closely tied people's faces matched with {value}", "密切关联人的人脸比对平均得分{value}"))
def strong_face_match(r: Reading) -> float | None:
    """Mean of the latest face match of those strongly tied; None where none is known."""
    known = [next((a.face_match for a in one.applications if a.face_match is not None), None) for one in r.strong_people]
    scores = [score for score in known if score is not None]
    return fsum(scores) / len(scores) if scores else None


@COMPANY.signal("ring", "up", "people", ("{value} people at the same place applied in 7 days", "同一地点7天内{value}人申请"), _to_recent_at_place)
def place_applied_7d(r: Reading) -> float | None:
    """People at the subject's address, Wi-Fi or network address who applied anywhere in the last 7 days; hubs left out."""
    return float(len(_applied(_at_place(r), r, 7 * DAY)))


def _to_recent_in_group(r: Reading) -> Path | None:
    return to_people(_applied((r.people[one] for one in r.group), r, MONTH), r)


@COMPANY.signal(
    "ring", "up", "people", ("{value} people in the tied group applied in the last 30 days", "关联群体近30天{value}人申请"), _to_recent_in_group
)
def group_applied_30d(r: Reading) -> float | None:
    """People reachable over strong identifiers who applied anywhere in the last 30 days."""
    return float(len(_applied((r.people[one] for one in r.group), r, MONTH)))


@COMPANY.signal("ring", "up", "share", ("{value} of the tied group is new within 60 days", "关联群体{value}为60天内新出现"), _to_new_in_group)
def group_new_share(r: Reading) -> float | None:
    """Share of those reachable over strong identifiers whose first application lies in the last 60 days; None for nobody."""
    return _share(_is_new(r.people[one], r, 2 * MONTH) for one in r.group)


@COMPANY.signal(
    "ring", "up", "people", ("{value} people in the tied group are known frauds or defaulted", "关联群体中{value}人有欺诈或违约"), _to_bad_in_group
)
def group_bad(r: Reading) -> float | None:
    """Known frauds and defaults among those reachable over strong identifiers."""
    return float(sum(r.people[one].bad or r.people[one].defaulted for one in r.group))
