"""The resolved person: which applicants of a neighbourhood are one human being, as far as strong identifiers say so."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations

import networkx as nx

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
class _Holdings:
    """Who owns what, of identifiers that link and have at least two owners: node -> kind, and node -> applicant nodes."""

    kinds: Mapping[str, Kind]
    owners: Mapping[str, tuple[str, ...]]


def resolve(evidence: Evidence) -> Entity:
    """The person behind the subject: transitive, and never more than what the evidence says.

    Two applicants are one person when they own the same national id; or two of {phone, bank card, e-mail} in common; or a phone and a
    device in common and the same year of birth. People with different national ids or different years of birth are never joined by
    the weaker two rules, nor is somebody who would so join two different people: a family around one handset stays a family.
    """
    seed = evidence.subject.node
    holdings = _holdings(evidence.graph, seed)
    if not holdings.owners:
        return Entity((evidence.subject.applicant_id,), ())
    certain: nx.Graph[str] = nx.Graph()
    certain.add_node(seed)
    for node, owners in holdings.owners.items():
        certain.add_nodes_from(owners)
        if holdings.kinds[node] is Kind.NATIONAL_ID:
            certain.add_edges_from((owners[0], other, {"because": (node,)}) for other in owners[1:])
    likely = certain.copy()
    likely.add_edges_from(_likely(evidence, holdings))
    person: set[str] = set(nx.node_connected_component(likely, seed))
    joined = likely
    if not _one_person(evidence, certain, person):
        person, joined = set(nx.node_connected_component(certain, seed)), certain
    found: list[tuple[str, ...]] = [nodes for _, _, nodes in joined.subgraph(person).edges(data="because")]
    return Entity(tuple(sorted(_id(node) for node in person)), tuple(sorted({node for nodes in found for node in nodes})))


def _holdings(graph: nx.Graph[str], seed: str) -> _Holdings:
    kinds: dict[str, Kind] = {}
    owners: dict[str, tuple[str, ...]] = {}
    adjacency = dict(graph.adjacency())
    for node, data in graph.nodes(data=True):
        if data["type"] == "applicant" or data["hub"] or data["type"] not in RESOLVING:
            continue
        tied = adjacency[node]
        if len(tied) < 2:
            continue
        own = sorted(person for person, tie in tied.items() if tie["role"] == Role.OWN)
        if len(own) > 1:
            kinds[node], owners[node] = Kind(data["type"]), tuple(own)
    return _Holdings(kinds, owners)


def _likely(evidence: Evidence, holdings: _Holdings) -> Iterable[tuple[str, str, dict[str, tuple[str, ...]]]]:
    """Pairs who own enough in common to be one person, as edges; only people whose own identifiers were read, so that none is overlooked."""
    common: dict[tuple[str, str], list[str]] = {}
    people = evidence.graph.nodes
    for node, owners in holdings.owners.items():
        if holdings.kinds[node] in PERSONAL:
            for pair in combinations([one for one in owners if people[one]["step"] < 2], 2):
                common.setdefault(pair, []).append(node)
    for (a, b), nodes in common.items():
        kinds = {holdings.kinds[node] for node in nodes}
        if len(kinds) > 1:
            yield a, b, {"because": tuple(sorted(nodes))}
        elif Kind.PHONE in kinds and _birth_years(evidence, a) & _birth_years(evidence, b):
            devices = [node for node, owners in holdings.owners.items() if holdings.kinds[node] is Kind.DEVICE and a in owners and b in owners]
            if devices:
                yield a, b, {"because": tuple(sorted(nodes + devices))}


def _one_person(evidence: Evidence, certain: nx.Graph[str], person: set[str]) -> bool:
    """Whether nothing contradicts that these are one person: at most one national id's worth of people, one year of birth."""
    graph = evidence.graph
    identities = {
        frozenset(nx.node_connected_component(certain, node))
        for node in person
        if any(_proves(graph.nodes[other]) and tie["role"] == Role.OWN for other, tie in graph.adj[node].items())
    }
    years = [known for known in (_birth_years(evidence, node) for node in person) if known]
    return len(identities) < 2 and (not years or bool(frozenset.intersection(*years)))


def _proves(node: Mapping[str, object]) -> bool:
    """Whether a node is a national id that tells people apart (one that fails its checksum, or everybody has, does not)."""
    return node["type"] == Kind.NATIONAL_ID and not node["hub"]


def _birth_years(evidence: Evidence, node: str) -> frozenset[int]:
    applicant = _id(node)
    made = evidence.applications.get(applicant, ())
    asked = evidence.subject.application
    if asked is not None and asked.applicant_id == applicant:
        made = (asked, *made)
    return frozenset(a.birth_year for a in made if a.birth_year is not None)


def _id(node: str) -> str:
    return node.partition(":")[2]
