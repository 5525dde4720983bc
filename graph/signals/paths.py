"""Where the subgraph shows a signal: application -> device -> applicant, to what is known bad, to a merchant, to a ring."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from graph.model import IdentifierKind as Kind
from graph.signals.neighbours import Neighbour
from graph.signals.reading import Bond, Held, Reading
from graph.signals.registry import Path, PathFinder


def start(reading: Reading) -> str:
    """The first node of every path: the application in question, or the applicant where there is none."""
    return f"application:{reading.asked.application_id}" if reading.asked else reading.me


def _towards(reading: Reading, node: str) -> tuple[str, ...]:
    """The path up to `node`, an identifier of the subject: by way of the other applicant id that holds it, where it is one of those."""
    here = reading.adjacency[node]
    if reading.me in here:
        return (start(reading), node)
    return (start(reading), min(one for one in reading.selves if one in here), node)


def to_subject(reading: Reading) -> Path | None:
    """The application and its applicant: for what lies in the own past."""
    return Path((start(reading), reading.me) if reading.asked else (reading.me,), None)


def shared(kind: Kind, role: str = "own", groups: frozenset[str] | None = None, *, strangers: bool = False) -> PathFinder:
    """Through the identifier of that kind with the most other holders, to the one (of `strangers` alone, if so) who came last."""

    def find(reading: Reading) -> Path | None:
        held = [one for one in reading.of(kind, role) if one.others and not one.hub]
        if strangers:
            held = [one._replace(others=tuple(o for o in one.others if o.person not in reading.coherent)) for one in held]
        best = max(held, key=lambda one: (_fitting(one, groups), one.node), default=None)
        return _through(reading, best, groups) if best else None

    return find


def _fitting(one: Held, groups: frozenset[str] | None) -> int:
    return sum(groups is None or other.group in groups for other in one.others)


def _through(reading: Reading, one: Held, groups: frozenset[str] | None = None) -> Path | None:
    others = [other for other in one.others if groups is None or other.group in groups]
    if not others:
        return None
    last = max(others, key=lambda other: (other.last, other.person))
    return Path((*_towards(reading, one.node), last.person), max(one.since or reading.t, last.since))


@dataclass(frozen=True, slots=True)
class Own:
    """To the newest identifier of that kind: for what the subject names, whoever else does."""

    kind: Kind
    role: str = "own"

    def __call__(self, reading: Reading) -> Path | None:
        held = reading.of(self.kind, self.role)
        newest = max(held, key=lambda one: (one.since or reading.t, one.node), default=None)
        return Path(_towards(reading, newest.node), newest.since) if newest else None


def own(kind: Kind, role: str = "own") -> PathFinder:
    """To the newest identifier of that kind."""
    return Own(kind, role)


def is_of_links(finder: PathFinder) -> bool:
    """Whether what it shows lies in links to somebody else, and not in the subject's own past and things."""
    return finder is not to_subject and not isinstance(finder, Own)


def goes_through(path: Path, reading: Reading) -> bool:
    """Whether a path leads to anything beyond the application and its applicant."""
    return any(node not in reading.selves for node in path.nodes[1:])


def over(node: str, reading: Reading) -> Path | None:
    """Over one tie of the subject to whom it ties: an identifier to the one who came last to it, a person (a transfer) straight."""
    if node in reading.people:
        return Path((start(reading), node), reading.adjacency[reading.me].get(node, {}).get("since"))
    held = next((one for one in reading.held if one.node == node), None)
    return _through(reading, held) if held else None


def to_other_self(reading: Reading) -> Path | None:
    """To another applicant id of the same person, over what joins the two."""
    for node in reading.entity.because:
        here = reading.adjacency.get(node, {})
        others = sorted(one for one in reading.selves if one in here and one != reading.me)
        if others and reading.me in here:
            return Path((start(reading), node, others[0]), here[others[0]]["since"])
    return None


def along(bond: Bond, reading: Reading) -> Path:
    """Along one bond, by the identifier that says most."""
    return Path((*_towards(reading, bond.via[0]), bond.person), bond.since)


def strongest_bond(reading: Reading) -> Path | None:
    """To the person with whom the subject shares most."""
    return along(reading.strong[0], reading) if reading.strong else None


def heaviest_bond(reading: Reading) -> Path | None:
    """To the person with whom the subject shares most, be it a place alone."""
    return along(reading.bonds[0], reading) if reading.bonds and reading.bonds[0].weight > 0 else None


def to_group(reading: Reading) -> Path | None:
    """To the nearest person who can be reached over strong identifiers."""
    return to_any(reading.group, reading)


def to_stranger(reading: Reading) -> Path | None:
    """To the stranger with whom the subject shares most: somebody who shares no place, crowd or work."""
    return next((along(bond, reading) for bond in reading.strong if bond.person not in reading.coherent), None)


def most_ways(reading: Reading) -> Path | None:
    """To the person with whom the subject shares the most kinds of things."""
    best = min(reading.bonds, key=lambda bond: (-len(bond.groups), -bond.weight, bond.person), default=None)
    return along(best, reading) if best else None


def to_any(wanted: Iterable[str], reading: Reading) -> Path | None:
    """To the nearest of these people, over identifiers that link; at most two sharing steps."""
    targets = frozenset(wanted)
    for bond in reading.bonds:
        if bond.person in targets and bond.weight > 0:
            return along(bond, reading)
    for bond in reading.bonds:
        if bond.weight <= 0:
            continue
        for node in sorted(reading.adjacency[bond.person]):
            further = _further(reading, node, bond.person, targets)
            if further is not None:
                person, since = further
                return Path((*_towards(reading, bond.via[0]), bond.person, node, person), since)
    return None


def _further(reading: Reading, node: str, by: str, targets: frozenset[str]) -> tuple[str, datetime | None] | None:
    """Who of `targets` stands behind `node`, seen from `by`; the node may itself be a person (a transfer)."""
    here = reading.adjacency[by][node]
    if node in targets:
        return node, here["since"]
    data = reading.evidence.graph.nodes[node]
    if data["type"] == "applicant" or data["hub"]:
        return None
    found = sorted(person for person in reading.adjacency[node] if person in targets)
    if not found:
        return None
    sinces = [s for s in (here["since"], reading.adjacency[node][found[0]]["since"]) if s is not None]
    return found[0], max(sinces, default=None)


def to_bad(reading: Reading) -> Path | None:
    """To the nearest person of whom a fraud is known."""
    return to_any((node for node, person in reading.people.items() if person.bad), reading)


def to_people(chosen: Iterable[Neighbour], reading: Reading) -> Path | None:
    """To the nearest of these neighbours."""
    return to_any((person.node for person in chosen), reading)


def to_merchant(reading: Reading) -> Path | None:
    """To the merchant, and on to the latest other application there."""
    return _to_place(reading, "merchant", reading.asked.merchant_id if reading.asked else None)


def to_agent(reading: Reading) -> Path | None:
    """To the agent, and on to the latest other application through them."""
    return _to_place(reading, "agent", reading.asked.agent_id if reading.asked else None)


def _to_place(reading: Reading, kind: str, place: str | None) -> Path | None:
    if place is None:
        return None
    latest = reading.evidence.at_merchant if kind == "merchant" else reading.evidence.at_agent
    nodes = (start(reading), f"{kind}:{place}", *(f"application:{one.application_id}" for one in latest[:1]))
    return Path(nodes, latest[-1].applied_at if latest else None)


def _to_member(reading: Reading, ring_id: str) -> Path | None:
    """Over what is shared to somebody else of the ring, of its core where one is within reach, and on to the ring."""
    found = {f"applicant:{who}": one.member.role for who, one in reading.evidence.memberships.items() if one.ring.ring_id == ring_id}
    others = found.keys() - reading.selves
    path = to_any((node for node in others if found[node] == "core"), reading) or to_any(others, reading)
    return Path((*path.nodes, f"ring:{ring_id}"), path.shared_since) if path else None


def to_ring(reading: Reading) -> Path | None:
    """To the ring: the own one by way of another member, or over the strongest bond into one. None where no such link was looked at."""
    for node in (reading.me, *sorted(reading.selves)):
        membership = reading.evidence.memberships.get(node.partition(":")[2])
        if membership:
            return _to_member(reading, membership.ring.ring_id)
    for bond in reading.strong:
        membership = reading.evidence.memberships.get(bond.person.partition(":")[2])
        if membership:
            return Path((*_towards(reading, bond.via[0]), bond.person, f"ring:{membership.ring.ring_id}"), membership.member.joined_at)
    return None
