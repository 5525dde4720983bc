"""The resolved person: which applicants of a neighbourhood are one human being, as far as strong identifiers say so."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations

from graph.evidence import Evidence
from graph.model import IdentifierKind as Kind
from graph.model import Role

PERSONAL = frozenset({Kind.PHONE, Kind.BANK_CARD, Kind.EMAIL})  # issued to one person; two of them together are enough
RESOLVING = PERSONAL | {Kind.NATIONAL_ID, Kind.DEVICE}


@dataclass(frozen=True, slots=True)
class Entity:
    """One person: applicant ids (sorted, the subject's among them) and the nodes of the identifiers that tie them together."""

    applicants: tuple[str, ...]
    because: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Join:
    """Two applicants (nodes) who are one person, and the identifiers (nodes) that say so."""

    a: str
    b: str
    because: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Owners:
    """Owners of the identifiers that link: all of each national id, and of the others those with two owners or more."""

    identities: Mapping[str, tuple[str, ...]]
    personal: Mapping[Kind, Mapping[str, tuple[str, ...]]]
    devices: Mapping[str, tuple[str, ...]]


def resolve(evidence: Evidence) -> Entity:
    """The person behind the subject: transitive, and never more than what the evidence says.

    Two applicants are one person when they own the same national id; or two of {phone, bank card, e-mail} in common; or a phone and a
    device in common and the same year of birth. People with different national ids or different years of birth are never joined by
    the weaker two rules, nor is somebody who would so join two different people: a family around one handset stays a family.
    """
    seed, owners = evidence.subject.node, _owners(evidence)
    certain = [_Join(people[0], other, (node,)) for node, people in owners.identities.items() for other in people[1:]]
    person, joins = _reach(seed, certain), certain
    likely = list(_likely(evidence, owners))
    if likely:
        wider = _reach(seed, certain + likely)
        if _one_person(evidence, owners, (wider, certain)):
            person, joins = wider, certain + likely
    because = {node for join in joins if join.a in person for node in join.because}
    return Entity(tuple(sorted(node.partition(":")[2] for node in person)), tuple(sorted(because)))


def _owners(evidence: Evidence) -> _Owners:
    identities: dict[str, tuple[str, ...]] = {}
    personal: dict[Kind, dict[str, tuple[str, ...]]] = {}
    devices: dict[str, tuple[str, ...]] = {}
    adjacency = dict(evidence.graph.adjacency())
    for node, data in evidence.graph.nodes(data=True):
        kind = data["type"]
        tied = adjacency[node]
        if kind not in RESOLVING or data["hub"] or (len(tied) < 2 and kind != Kind.NATIONAL_ID):
            continue
        own = tuple(sorted(person for person, tie in tied.items() if tie["role"] == Role.OWN))
        if kind == Kind.NATIONAL_ID:
            identities[node] = own
        elif len(own) > 1 and kind == Kind.DEVICE:
            devices[node] = own
        elif len(own) > 1:
            personal.setdefault(Kind(kind), {})[node] = own
    return _Owners(identities, personal, devices)


def _likely(evidence: Evidence, owners: _Owners) -> Iterator[_Join]:
    """Pairs who own enough in common to be one person."""
    common: dict[tuple[str, str], dict[Kind, list[str]]] = {}
    for kind, held in owners.personal.items():
        for node, people in held.items():
            for pair in combinations(people, 2):
                common.setdefault(pair, {}).setdefault(kind, []).append(node)
    for (a, b), kinds in common.items():
        nodes = [node for found in kinds.values() for node in found]
        if len(kinds) > 1:
            yield _Join(a, b, tuple(sorted(nodes)))
        elif Kind.PHONE in kinds and _birth_years(evidence, a) & _birth_years(evidence, b):
            devices = [node for node, people in owners.devices.items() if a in people and b in people]
            if devices:
                yield _Join(a, b, tuple(sorted(nodes + devices)))


def _reach(seed: str, joins: Iterable[_Join]) -> frozenset[str]:
    """Everybody joined to `seed`, over as many joins as it takes."""
    beside: dict[str, list[str]] = {}
    for join in joins:
        beside.setdefault(join.a, []).append(join.b)
        beside.setdefault(join.b, []).append(join.a)
    seen, front = {seed}, [seed]
    while front:
        fresh = {other for one in front for other in beside.get(one, ())} - seen
        seen |= fresh
        front = list(fresh)
    return frozenset(seen)


def _one_person(evidence: Evidence, owners: _Owners, joined: tuple[frozenset[str], list[_Join]]) -> bool:
    """Whether nothing denies that these are one person: people of one national id at most, and one year of birth.

    Somebody at the edge of the neighbourhood, whose own identifiers were not read, might have a national id of their own: that denies it too.
    """
    people, certain = joined
    identified = {one for owning in owners.identities.values() for one in owning if one in people}
    if any(evidence.graph.nodes[one]["step"] > 1 for one in people - identified):
        return False
    if len({_reach(one, certain) for one in identified}) > 1:
        return False
    years = [known for known in (_birth_years(evidence, one) for one in people) if known]
    return not years or bool(frozenset.intersection(*years))


def _birth_years(evidence: Evidence, node: str) -> frozenset[int]:
    applicant = node.partition(":")[2]
    made = evidence.applications.get(applicant, ())
    asked = evidence.subject.application
    if asked is not None and asked.applicant_id == applicant:
        made = (asked, *made)
    return frozenset(a.birth_year for a in made if a.birth_year is not None)
