"""The bounded breadth-first walk over shared identifiers that makes every subgraph, the same for every
adapter.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import networkx as nx

from graph.facts.hubs import hub_reason
from graph.model.types import Event, Holders, Identifier, Mention, Role, Tie


@dataclass(frozen=True, slots=True)
class Bounds:
    """How far a live request walks. The subgraph's `truncated` says whether anything was cut.

    `steps`: sharing steps from the seed (applicant - identifier - applicant is one). `applicants`: at most so
    many in the subgraph. `holders`: the latest ties followed through one identifier. `ties`: an applicant
    with more ties than this shows the latest so many of each kind of identifier, so that a year of changing
    network addresses cannot hide a phone.
    """

    steps: int = 2
    applicants: int = 24
    holders: int = 24
    ties: int = 64


What = tuple[str, datetime | None, datetime | None]  # a role, the first mention and the latest


class WalkSource(Protocol):
    """The part of a view that a walk needs (see `graph.store.port.GraphView`)."""

    def ties_of(self, applicant_ids: Sequence[str], limit: int = ...) -> Mapping[str, tuple[Tie, ...]]: ...

    def holder_counts(self, identifiers: Sequence[Identifier]) -> Mapping[Identifier, int]: ...

    def holders_of(
        self, identifiers: Sequence[Identifier], limit: int = ...
    ) -> Mapping[Identifier, Holders]: ...

    def dealings_of(
        self, applicant_ids: Sequence[str], limit: int = ...
    ) -> Mapping[str, tuple[Event, ...]]: ...


class Walk:
    """One breadth-first walk over a view; shared by all adapters, so that caps, hub guards and order agree.

    Nodes and links are collected in plain dicts, and become a graph at the end: most of an answer's time goes
    by here.
    """

    def __init__(self, view: WalkSource, bounds: Bounds) -> None:
        self.view = view
        self.bounds = bounds
        self.nodes: dict[str, dict[str, Any]] = {}
        self.links: dict[tuple[str, str], dict[str, Any]] = {}
        # dated ties by identifier: what only the new application says is not in the store
        self.known: Counter[str] = Counter()
        self.applicants = 1
        self.hubs_ignored = 0
        self.truncated = False

    def from_seed(self, applicant_id: str, mentions: Sequence[Mention]) -> nx.Graph[str]:
        """The subgraph around an applicant, as `GraphView.neighbourhood` describes it."""
        seed = f"applicant:{applicant_id}"
        self.nodes[seed] = {"type": "applicant", "step": 0}
        frontier = [applicant_id]
        for step in range(1, self.bounds.steps + 1):
            fresh = self._ties(frontier)
            if step == 1:
                fresh += self._mentioned(seed, mentions)
            frontier = self._holders(fresh, step) + self._counterparties(frontier, step)
            if not frontier:
                break
        record: dict[str, Any] = {
            "truncated": self.truncated,
            "hubs_ignored": self.hubs_ignored,
            "applicants": self.applicants,
            "seed": seed,
        }
        graph: nx.Graph[str] = nx.Graph(**record)
        graph.add_nodes_from(self.nodes.items())
        graph.add_edges_from((a, b, edge) for (a, b), edge in self.links.items())
        return graph

    def _fresh(self, identifier: Identifier) -> bool:
        """Whether it is new; it is in the subgraph now."""
        node = identifier.node
        if node in self.nodes:
            return False
        self.nodes[node] = {"type": str(identifier.kind), "identifier": identifier, "holders": 0, "hub": None}
        return True

    def _tie(self, tie: Tie) -> None:
        node = tie.identifier.node
        place = (f"applicant:{tie.applicant_id}", node)
        edge = self.links.get(place)
        if edge is None:
            self.links[place] = {"role": str(tie.role), "since": tie.since, "last": tie.last}
            self.known[node] += 1
        else:
            self.known[node] += edge["since"] is None
            _merge(edge, (tie.role, tie.since, tie.last))

    def _ties(self, applicant_ids: Sequence[str]) -> list[Identifier]:
        fresh = []
        for ties in self.view.ties_of(applicant_ids, self.bounds.ties).values():
            if len(ties) > self.bounds.ties:
                self.truncated = True
            for tie in ties:
                if self._fresh(tie.identifier):
                    fresh.append(tie.identifier)
                self._tie(tie)
        return fresh

    def _mentioned(self, seed: str, mentions: Sequence[Mention]) -> list[Identifier]:
        fresh = [m.identifier for m in mentions if self._fresh(m.identifier)]
        for mention in mentions:
            self.links.setdefault(
                (seed, mention.identifier.node), {"role": str(mention.role), "since": None, "last": None}
            )
        return fresh

    def _holders(self, identifiers: Sequence[Identifier], step: int) -> list[str]:
        """Follow the identifiers, rarest first: those with few holders say most, so the bound is spent on
        them.
        """
        reached: list[str] = []
        followed: list[tuple[int, str, Identifier]] = []
        for identifier, count in self.view.holder_counts(identifiers).items():
            node = self.nodes[identifier.node]
            node["holders"] = count
            node["hub"] = hub_reason(identifier, count)
            if node["hub"]:
                self.hubs_ignored += 1
            elif count > self.known[identifier.node]:
                followed.append((count, identifier.node, identifier))
        followed.sort(key=lambda rare: rare[:2])
        for start in range(0, len(followed), AT_ONCE):
            if self.applicants >= self.bounds.applicants:
                self.truncated = True
                break
            self._follow(
                [identifier for _, _, identifier in followed[start : start + AT_ONCE]], (step, reached)
            )
        return reached

    def _follow(self, identifiers: Sequence[Identifier], into: tuple[int, list[str]]) -> None:
        for holders in self.view.holders_of(identifiers, self.bounds.holders).values():
            if holders.count > len(holders.ties):
                self.truncated = True
            for tie in holders.ties:
                if self._admit(tie.applicant_id, *into):
                    self._tie(tie)

    def _counterparties(self, applicant_ids: Sequence[str], step: int) -> list[str]:
        reached: list[str] = []
        for applicant_id, events in self.view.dealings_of(applicant_ids).items():
            for event in events:
                other = event.counterparty_id if event.applicant_id == applicant_id else event.applicant_id
                if other is not None and other != applicant_id and self._admit(other, step, reached):
                    a, b = f"applicant:{applicant_id}", f"applicant:{other}"
                    edge = self.links.setdefault(
                        (b, a) if (b, a) in self.links else (a, b),
                        {"role": event.kind, "since": event.at, "last": event.at},
                    )
                    # the kind is that of the first, whatever it is called
                    _merge(edge, (edge["role"], event.at, event.at))
        return reached

    def _admit(self, applicant_id: str, step: int, reached: list[str]) -> bool:
        """Whether the applicant is in the subgraph, or comes in now; `reached` gets the newcomers."""
        node = f"applicant:{applicant_id}"
        if node in self.nodes:
            return True
        if self.applicants >= self.bounds.applicants:
            self.truncated = True
            return False
        self.applicants += 1
        self.nodes[node] = {"type": "applicant", "step": step}
        reached.append(applicant_id)
        return True


def link(graph: nx.Graph[str], a: str, b: str, what: What) -> None:
    """Join two nodes: the strongest role wins, `since` is the first mention and `last` the latest."""
    edge = graph.get_edge_data(a, b)
    if edge is None:
        graph.add_edge(a, b, role=str(what[0]), since=what[1], last=what[2])
    else:
        _merge(edge, what)


def _merge(data: dict[str, Any], what: What) -> None:
    role, since, last = what
    if _RANK.get(str(role), 3) < _RANK.get(data["role"], 3):
        data["role"] = str(role)
    data["since"] = min((t for t in (data["since"], since) if t is not None), default=None)
    data["last"] = max((t for t in (data["last"], last) if t is not None), default=None)


AT_ONCE = 24  # identifiers followed with one read
_RANK = {Role.OWN.value: 0, Role.EMPLOYER.value: 1, Role.CONTACT.value: 2}
