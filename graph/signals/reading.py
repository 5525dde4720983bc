"""What all signals look at, worked out once: the subject's identifiers and who else holds them, the bonds that follow, the neighbours' past."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from math import fsum, log2
from operator import attrgetter
from typing import Any, NamedTuple

from graph.entity import Entity, resolve
from graph.evidence import Evidence
from graph.facts.hubs import SHOP_USERS, is_shop_device
from graph.model import Application
from graph.model import IdentifierKind as Kind
from graph.signals.neighbours import Neighbour, neighbours

DAY = timedelta(days=1)
MONTH = timedelta(days=30)

# The independent ways in which two people can be tied, and what one says at its rarest. `names`: one gave the other's number as a contact.
# `poses`: the number of one is the employer's number of the other. `crowd`: both are seen at something that everybody is seen at.
WORTH: Mapping[str, float] = {
    "card": 1.2, "device": 1.0, "phone": 1.0, "email": 1.0, "poses": 1.0, "contact": 0.9, "names": 0.4, "work": 0.15, "place": 0.12, "crowd": 0.0,
}  # fmt: skip
STRONG = frozenset({"card", "device", "phone", "email", "poses", "contact"})
COHERENT = frozenset({"place", "crowd", "work"})  # what people who live or work together share anyway
PLACES = frozenset({Kind.ADDRESS, Kind.WIFI, Kind.IP})
HANDED_OVER = MONTH  # use by one person that ended so long before the other's began is a handset or number passed on, not shared
PASSED_ON = 0.25  # what such a tie is worth beside a shared one


Adjacency = Mapping[str, Mapping[str, Mapping[str, Any]]]


class Other(NamedTuple):
    """Somebody else's tie to an identifier of the subject. `apart`: time between the two spans of use, zero where they overlap."""

    person: str
    group: str
    since: datetime
    last: datetime
    apart: timedelta


class Held(NamedTuple):
    """An identifier of the subject. `since` is None for one that only the application in question names; `now` says that it names it."""

    node: str
    kind: str
    role: str
    since: datetime | None
    last: datetime | None
    now: bool
    holders: int
    hub: str | None
    others: tuple[Other, ...]


class Bond(NamedTuple):
    """All that ties the subject to one other person. `weight` falls with the number of holders; `via` names the identifiers, rarest first."""

    person: str
    groups: frozenset[str]
    weight: float
    since: datetime
    via: tuple[str, ...]
    fresh: bool


@dataclass(frozen=True)
class Reading:
    """One evidence, read once. `me` is the subject's node, `selves` the nodes of all applicants who are the subject, `t` the moment."""

    evidence: Evidence
    entity: Entity
    me: str
    selves: frozenset[str]
    t: datetime
    asked: Application | None
    held: tuple[Held, ...]
    bonds: tuple[Bond, ...]
    people: Mapping[str, Neighbour]
    adjacency: Adjacency
    shop_devices: frozenset[str]

    def of(self, kind: Kind, role: str = "own") -> list[Held]:
        """The subject's identifiers of a kind, those that say nothing included; numbers only in the role asked for."""
        return [one for one in self.held if one.kind == kind and (one.role == role or kind is not Kind.PHONE)]

    @cached_property
    def devices(self) -> list[Held]:
        return self.of(Kind.DEVICE)

    @cached_property
    def phones(self) -> list[Held]:
        return self.of(Kind.PHONE)

    @cached_property
    def contacts(self) -> list[Held]:
        return self.of(Kind.PHONE, "contact")

    @cached_property
    def cards(self) -> list[Held]:
        return self.of(Kind.BANK_CARD)

    @cached_property
    def own(self) -> tuple[Application, ...]:
        """Earlier applications of the person, all its applicant ids together, newest first."""
        made = [a for one in self.entity.applicants for a in self.evidence.applications.get(one, ())]
        return tuple(sorted(made, key=attrgetter("applied_at"), reverse=True))  # of one moment by applicant and application, as each list is

    @cached_property
    def strong(self) -> tuple[Bond, ...]:
        """Bonds by at least one identifier that people do not share by living or working together."""
        return tuple(bond for bond in self.bonds if bond.groups & STRONG)

    @cached_property
    def strong_people(self) -> tuple[Neighbour, ...]:
        return tuple(self.people[bond.person] for bond in self.strong)

    @cached_property
    def coherent(self) -> frozenset[str]:
        """Who shares a place, a crowd or a work with the subject."""
        return frozenset(bond.person for bond in self.bonds if bond.groups & COHERENT)

    @cached_property
    def projection(self) -> Mapping[str, frozenset[str]]:
        """Who in the neighbourhood is tied to whom by something strong; all selves are `me`."""
        tied: dict[str, set[str]] = {self.me: set()}
        for node, data in self.evidence.graph.nodes(data=True):
            kind = data["type"]
            if kind not in STRONG_KINDS or data["hub"] or node in self.shop_devices:
                continue
            members = {self.me if p in self.selves else p for p, tie in self.adjacency[node].items() if tie["role"] != "employer"}
            if len(members) > 1:
                for person in members:
                    tied.setdefault(person, set()).update(members)
        return {person: frozenset(others - {person}) for person, others in tied.items()}

    @cached_property
    def group(self) -> tuple[str, ...]:
        """Everybody else who can be reached over strong identifiers within the neighbourhood."""
        seen, front = {self.me}, {self.me}
        while front:
            front = {other for one in front for other in self.projection.get(one, ())} - seen
            seen |= front
        return tuple(sorted(seen - {self.me}))

    def within(self, moment: datetime, span: timedelta) -> bool:
        """Whether `moment` lies in [t - span, t)."""
        return self.t - span <= moment < self.t


STRONG_KINDS = frozenset({Kind.PHONE, Kind.DEVICE, Kind.BANK_CARD, Kind.EMAIL})
_RANK = {"own": 0, "employer": 1, "contact": 2}
GROUPS = {
    Kind.DEVICE: "device", Kind.BANK_CARD: "card", Kind.EMAIL: "email", Kind.EMPLOYER: "work", Kind.NATIONAL_ID: "card",
    Kind.ADDRESS: "place", Kind.WIFI: "place", Kind.IP: "place",
}  # fmt: skip
PHONE_GROUPS = {
    ("own", "own"): "phone", ("own", "contact"): "names", ("contact", "own"): "names", ("contact", "contact"): "contact",
    ("employer", "employer"): "work",
}  # fmt: skip


def read(evidence: Evidence) -> Reading:
    """Work out everything that more than one signal needs. Pure, and the same whatever order the graph was built in."""
    entity = resolve(evidence)
    selves = frozenset(f"applicant:{one}" for one in entity.applicants)
    adjacency = dict(evidence.graph.adjacency())
    shop_devices = _shop_devices(evidence, adjacency)
    held = tuple(sorted(_held(evidence, adjacency, (selves, shop_devices))))
    return Reading(
        evidence=evidence,
        entity=entity,
        me=evidence.subject.node,
        selves=selves,
        t=evidence.as_of,
        asked=evidence.subject.application,
        held=held,
        bonds=_bonds(held, evidence.as_of),
        people=dict(neighbours(evidence, selves)),
        adjacency=adjacency,
        shop_devices=shop_devices,
    )


def _held(evidence: Evidence, adjacency: Adjacency, known: tuple[frozenset[str], frozenset[str]]) -> Iterable[Held]:
    selves, shop_devices = known
    asked, t, nodes = evidence.subject.application, evidence.as_of, evidence.graph.nodes
    now: dict[str, str] = {}
    for mention in asked.mentions if asked else ():
        node = mention.identifier.node
        now[node] = min(now.get(node, "contact"), mention.role.value, key=_RANK.__getitem__)
    mine: dict[str, tuple[str, datetime | None, datetime | None]] = {}
    for self_node in selves:
        for node, tie in adjacency[self_node].items():
            if node.startswith("applicant:"):
                continue
            role, since, last = mine.get(node, (tie["role"], None, None))
            role = min(role, tie["role"], now.get(node, role), key=_RANK.__getitem__)
            mine[node] = (role, _extreme(min, since, tie["since"]), _extreme(max, last, tie["last"]))
    for node, (role, since, last) in mine.items():
        data = nodes[node]
        kind = data["type"]
        span = (since or t, t if node in now or last is None else last)
        hub = data["hub"] or ("shop_device" if node in shop_devices else None)
        others = tuple(sorted(_others(adjacency[node], selves, (kind, role, bool(hub)), span))) if len(adjacency[node]) > 1 else ()
        yield Held(node, kind, role, since, last, node in now, data["holders"], hub, others)


def _shop_devices(evidence: Evidence, adjacency: Adjacency) -> frozenset[str]:
    """Devices of the neighbourhood that are a shop's own."""
    used = [node for node, ties in adjacency.items() if len(ties) >= SHOP_USERS and node.startswith("device:")]
    asked = evidence.subject.application
    visited: dict[str, frozenset[str]] = {}
    for person in {person for node in used for person in adjacency[node]}:
        made = evidence.applications.get(person.partition(":")[2], ())
        if asked is not None and person == evidence.subject.node:
            made = (asked, *made)
        visited[person] = frozenset(a.merchant_id for a in made if a.merchant_id)
    return frozenset(node for node in used if is_shop_device(visited[person] for person in adjacency[node]))


def _others(
    ties: Mapping[str, Mapping[str, Any]], selves: frozenset[str], mine: tuple[str, str, bool], span: tuple[datetime, datetime]
) -> Iterable[Other]:
    kind, role, hub = mine
    for person, tie in ties.items():
        since, last = tie["since"], tie["last"]
        if person in selves or since is None:
            continue
        if hub:
            group = "crowd"
        elif kind == Kind.PHONE:
            group = PHONE_GROUPS.get((role, tie["role"]), "poses")
        else:
            group = GROUPS[Kind(kind)]
        apart = max(since, span[0]) - min(last, span[1])
        yield Other(person, group, since, last, max(apart, timedelta()))


def _bonds(held: Iterable[Held], t: datetime) -> tuple[Bond, ...]:
    ties: dict[str, list[tuple[float, str, str, datetime, bool]]] = {}
    for one in held:
        rarity = 1 / log2(max(one.holders, len(one.others) + 1, 2)) if not one.hub else 0.0
        for other in one.others:
            worth = WORTH[other.group] * rarity * (PASSED_ON if other.apart > HANDED_OVER else 1)
            since = max(one.since or t, other.since)
            ties.setdefault(other.person, []).append((-worth, one.node, other.group, since, other.last >= t - MONTH and other.apart <= MONTH))
    bonds = []
    for person, found in ties.items():
        found.sort()
        best: dict[str, float] = {}
        for worth, _, group, _, _ in found:
            best.setdefault(group, -worth)  # two devices say more than one only through `via`: ways count once each
        groups = frozenset(best)
        weight = fsum(best.values())
        bonds.append(Bond(person, groups, weight, min(f[3] for f in found), tuple(f[1] for f in found), any(f[4] for f in found)))
    return tuple(sorted(bonds, key=_heaviest))


def _extreme(pick: Any, a: datetime | None, b: datetime | None) -> datetime | None:
    if a is None or b is None:
        return a or b
    found: datetime = pick(a, b)
    return found


def _heaviest(bond: Bond) -> tuple[float, str]:
    return -bond.weight, bond.person
