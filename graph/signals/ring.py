"""Signals of ties: how much is shared with whom, how tight the group is, how near a known fraud is, and the ring of the last snapshot."""

from __future__ import annotations

from math import fsum

from graph.model import Membership
from graph.signals.paths import heaviest_bond, most_ways, strongest_bond, to_any, to_bad, to_group, to_ring, to_stranger
from graph.signals.reading import PLACES, STRONG, Reading
from graph.signals.registry import Family, Path

RING = Family(path=strongest_bond)
SMALL_PLACE = 8  # holders of a home's address or Wi-Fi, at most


@RING.signal("ring", "up", "score", ("Sharing with others adds up to {value}", "与他人共享的强度合计{value}"), heaviest_bond)
def sharing_weight(r: Reading) -> float | None:
    """All that is shared, each value worth the less the more people hold it."""
    return fsum(bond.weight for bond in r.bonds)


@RING.signal("ring", "up", "score", ("The closest person shares a weight of {value}", "与最密切者的共享强度为{value}"), heaviest_bond)
def closest_bond_weight(r: Reading) -> float | None:
    """The weight of the heaviest bond to one other person; 0 for nobody."""
    return r.bonds[0].weight if r.bonds else 0.0


@RING.signal("ring", "up", "count", ("{value} independent kinds of things shared with one person", "与同一人共享{value}类独立信息"), most_ways)
def kinds_shared_max(r: Reading) -> float | None:
    """Most independent strong kinds (device, card, phone, e-mail, contact, mixed role) shared with one and the same person."""
    return float(max((len(bond.groups & STRONG) for bond in r.bonds), default=0))


@RING.signal(
    "ring", "up", "people", ("{value} people share two or more independent kinds of things", "{value}人与申请人共享两类以上独立信息"), most_ways
)
def multi_kind_people(r: Reading) -> float | None:
    """People who share two or more independent strong kinds with the subject."""
    return float(sum(len(bond.groups & STRONG) > 1 for bond in r.bonds))


@RING.signal("ring", "up", "people", ("{value} people share strong identifiers", "{value}人与申请人共享强标识"))
def strong_people(r: Reading) -> float | None:
    """People who share a device, card, number, e-mail or contact with the subject."""
    return float(len(r.strong))


@RING.signal("ring", "up", "people", ("{value} strangers share strong identifiers", "{value}名陌生人与申请人共享强标识"), to_stranger)
def strong_strangers(r: Reading) -> float | None:
    """People who share something strong and no place, crowd or work."""
    return float(sum(bond.person not in r.coherent for bond in r.strong))


@RING.signal("ring", "either", "share", ("{value} of the neighbours share only a place or work", "{value}的关联人仅共享地点或单位"))
def place_only_share(r: Reading) -> float | None:
    """Share of those who share anything who share only a place, crowd or work: near 1 in dormitories; None for nobody."""
    if not r.bonds:
        return None
    return 1 - len(r.strong) / len(r.bonds)


@RING.signal("ring", "either", "people", ("At home with {value} others", "与另外{value}人同住"))
def household_size(r: Reading) -> float | None:
    """Others at the subject's small places (at most 8 holders of an address or Wi-Fi): a family rather than a dormitory."""
    places = [one for one in r.held if one.kind in PLACES and one.kind != "ip" and one.role == "own"]
    if not places:
        return None
    return float(len({other.person for one in places if one.holders <= SMALL_PLACE for other in one.others}))


@RING.signal(
    "ring", "up", "people", ("{value} people are tied to the applicant over strong identifiers", "{value}人通过强标识与申请人相连"), to_group
)
def strong_component(r: Reading) -> float | None:
    """Other people reachable over strong identifiers within the neighbourhood, bounded by it."""
    return float(len(r.group))


@RING.signal("ring", "either", "share", ("{value} of the people around share with one another too", "{value}的关联人之间也互相共享"))
def clustering(r: Reading) -> float | None:
    """Share of pairs among those strongly tied to the subject who are tied themselves; None with fewer than two."""
    around = r.projection[r.me]
    if len(around) < 2:
        return None
    tied = sum(len(r.projection[one] & around) for one in around)
    return tied / (len(around) * (len(around) - 1))


@RING.signal("ring", "up", "count", ("Everybody in the group is tied to at least {value} others", "所在群体中每人至少与{value}人相连"), to_group)
def core_number(r: Reading) -> float | None:
    """The largest k such that the subject is in a group in which everybody is strongly tied to k others (k-core, Seidman 1983)."""
    degrees = {one: set(others) for one, others in r.projection.items()}
    core = 0
    while r.me in degrees:
        weakest = min(degrees, key=lambda one: (len(degrees[one]), one))
        core = max(core, len(degrees[weakest]))
        if weakest == r.me:
            break
        for other in degrees.pop(weakest):
            degrees[other].discard(weakest)
    return float(core)


# what is known of them


@RING.signal("ring", "up", "people", ("{value} people who share strong identifiers are known frauds", "{value}名强关联人为已知欺诈"), to_bad)
def strong_bad(r: Reading) -> float | None:
    """Those strongly tied of whom a fraud is known."""
    return float(sum(one.bad for one in r.strong_people))


@RING.signal("ring", "up", "score", ("Sharing with known frauds adds up to {value}", "与已知欺诈者的共享强度合计{value}"), to_bad)
def bad_weight(r: Reading) -> float | None:
    """The weight of all bonds to people of whom a fraud is known."""
    return fsum(bond.weight for bond in r.bonds if r.people[bond.person].bad)


@RING.signal("ring", "up", "people", ("{value} known frauds two steps away", "两步之内有{value}名已知欺诈者"), to_bad)
def bad_two_steps(r: Reading) -> float | None:
    """People of whom a fraud is known, at two sharing steps."""
    return float(sum(one.bad for one in r.people.values() if one.step == 2))


@RING.signal("ring", "down", "steps", ("The nearest known fraud is {value} steps away", "距最近已知欺诈者{value}步"), to_bad)
def bad_distance(r: Reading) -> float | None:
    """Sharing steps to the nearest known fraud: 1 or 2; None where none is within reach."""
    return min((float(one.step) for one in r.people.values() if one.bad), default=None)


@RING.signal("ring", "up", "share", ("{value} of the judged people around are known frauds", "已有结论的关联人中{value}为欺诈"), to_bad)
def bad_share(r: Reading) -> float | None:
    """Known frauds among all neighbours with any label, drawn towards one in twenty: (bad + 0.5) / (judged + 10); None where nobody is judged."""
    bad, good = sum(one.bad for one in r.people.values()), sum(one.good for one in r.people.values())
    return (bad + 0.5) / (bad + good + 10) if bad + good else None


# the ring of the snapshot in force


def _membership(r: Reading) -> Membership | None:
    found = (r.evidence.memberships.get(one) for one in (r.evidence.subject.applicant_id, *r.entity.applicants))
    return next((one for one in found if one is not None), None)


@RING.signal("ring", "up", "score", ("Member of a group with a fraud score of {value}", "所在群体欺诈得分{value}"), to_ring)
def ring_score(r: Reading) -> float | None:
    """The score of the subject's ring in the snapshot in force; None where the subject is in none."""
    found = _membership(r)
    return found.ring.score if found else None


@RING.signal("ring", "either", "people", ("Member of a group of {value}", "所在群体共{value}人"), to_ring)
def ring_size(r: Reading) -> float | None:
    """Members of the subject's ring in the snapshot in force."""
    found = _membership(r)
    return float(found.size) if found else None


@RING.signal("ring", "up", "share", ("{value} of the group's members are known frauds", "所在群体{value}成员为已知欺诈"), to_ring)
def ring_bad_rate(r: Reading) -> float | None:
    """The share of known frauds in the subject's ring in the snapshot in force."""
    found = _membership(r)
    return found.ring.bad_rate if found else None


def _into_flagged(r: Reading) -> Path | None:
    flagged = [f"applicant:{one}" for one, found in r.evidence.memberships.items() if found.ring.kind.flagged]
    return to_ring(r) if _membership(r) else to_any(flagged, r)


@RING.signal("ring", "up", "score", ("Strongly tied to a group with a fraud score of {value}", "与欺诈得分{value}的群体强关联"), _into_flagged)
def ring_near_score(r: Reading) -> float | None:
    """The highest score of any ring to which the subject or somebody strongly tied belongs; None where there is none."""
    people = [*r.selves, *(bond.person for bond in r.strong)]
    found = (r.evidence.memberships.get(one.partition(":")[2]) for one in people)
    return max((one.ring.score for one in found if one is not None), default=None)
