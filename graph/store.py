"""The port: a GraphStore takes facts in, a GraphView answers as of a moment. Time is the view: nothing later can be read through it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Self

import networkx as nx

from graph.evidence import Evidence, Subject
from graph.hubs import hub_reason
from graph.model import (
    Added,
    Application,
    Device,
    Event,
    Facts,
    Holders,
    Identifier,
    IdentifierKind,
    Label,
    Membership,
    Mention,
    Merchant,
    Outcome,
    Platform,
    Ring,
    RingSnapshot,
    Role,
    Tie,
)
from graph.tables import Tables


@dataclass(frozen=True, slots=True)
class Bounds:
    """How far a live answer looks. Whatever is cut is said in the subgraph's `truncated`.

    `steps`: sharing steps from the seed (applicant - identifier - applicant is one). `applicants`: at most so many in the subgraph.
    `holders`: the latest ties followed through one identifier. `ties`: an applicant with more ties than this shows the latest so many of each
    kind of identifier, so that a year of changing network addresses cannot hide a phone.
    """

    steps: int = 2
    applicants: int = 24
    holders: int = 24
    ties: int = 64


@dataclass(frozen=True, slots=True)
class Found:
    """A hit of the investigators' search: `node` names it in a subgraph, `type` is applicant, application, ring or an identifier kind."""

    node: str
    type: str
    label: str


@dataclass(frozen=True, slots=True)
class Told:
    """What a store was told with one mark: facts that were new, or a ring snapshot."""

    mark: int
    facts: Facts
    snapshot: RingSnapshot | None = None


class GraphStore(ABC):
    """Everything lenders told us. Safe for many threads and many processes; facts are only ever added.

    `may_hang`: a call goes across a network and may never come back; whoever has a deadline waits no longer than that.
    """

    may_hang: bool = False

    @abstractmethod
    def add(self, facts: Facts) -> Added:
        """Take a batch: idempotent, all or nothing. A fact whose id is known with other content is a conflict and is left as it was.

        Raises StoreUnavailableError when nothing could be written.
        """

    def add_all(self, batches: Sequence[Facts]) -> Sequence[Added]:
        """Take several batches, each with a mark of its own, as if they came one by one; an adapter may take them in one transaction."""
        return [self.add(facts) for facts in batches]

    def rehearse(self, facts: Facts) -> None:
        """Go through the motions of `add` and keep nothing, so that what is planned on first use is ready. By default the store is only reached.

        Raises StoreUnavailableError when the store did not answer, or not in time.
        """
        self.mark()

    @abstractmethod
    def view(self, as_of: datetime, recorded_by: int | None = None) -> GraphView:
        """The graph just before `as_of` (strict <), of what was recorded up to the mark `recorded_by` (default: all until now)."""

    @abstractmethod
    def mark(self) -> int:
        """The mark of the last batch: it grows by one with each that brings something new. Kept with an assessment, it opens the same view again."""

    @abstractmethod
    def save_rings(self, snapshot: RingSnapshot) -> None:
        """Save a snapshot beside the ones before and switch to it, in one step. The same name again replaces that one for new readers."""

    @abstractmethod
    def journal(self, after: int = 0) -> Iterator[Told]:
        """All that was ever told with a mark beyond `after`, mark by mark: told to an empty store of any kind, it gives one that answers alike."""

    @abstractmethod
    def counts(self) -> dict[str, int]:
        """How many facts of each table, and how many applicants, identifiers and ties, there are: all of them, whatever their time."""

    @abstractmethod
    def close(self) -> None:
        """Give back what is held open. A closed store answers nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


class GraphView(ABC):
    """The graph as of a moment. Every read is bounded; where more exists than the bound, the newest are given, newest first.

    Orders are by what the facts say (time, then id), never by when they were stored. Answers are keyed by what was asked, with an empty
    value where nothing is known.
    """

    as_of: datetime
    recorded_by: int

    @abstractmethod
    def application(self, application_id: str) -> Application | None:
        """That application, if it was made before `as_of`."""

    @abstractmethod
    def applications(self, since: datetime) -> Iterator[Application]:
        """All applications with since <= applied_at < as_of, by (applied_at, application_id)."""

    @abstractmethod
    def applications_of(self, applicant_ids: Sequence[str], limit: int = 64) -> Mapping[str, tuple[Application, ...]]:
        """Each applicant's latest applications."""

    @abstractmethod
    def applications_at(self, merchant_id: str | None, agent_id: str | None, limit: int = 64) -> tuple[Application, ...]:
        """The latest applications at a merchant, or, when `merchant_id` is None, through an agent."""

    @abstractmethod
    def events_of(self, applicant_ids: Sequence[str], limit: int = 128) -> Mapping[str, tuple[Event, ...]]:
        """Each applicant's latest own events."""

    @abstractmethod
    def dealings_of(self, applicant_ids: Sequence[str], limit: int = 64) -> Mapping[str, tuple[Event, ...]]:
        """The latest events between each applicant and a counterparty (transfer, referral), on either side; who has none is left out."""

    @abstractmethod
    def outcomes_of(self, application_ids: Sequence[str]) -> Mapping[str, tuple[Outcome, ...]]:
        """What became of each application so far, oldest first."""

    @abstractmethod
    def labels_of(self, applicant_ids: Sequence[str]) -> Mapping[str, tuple[Label, ...]]:
        """Labels of each applicant and of their applications, known before `as_of`, oldest first."""

    @abstractmethod
    def ties_of(self, applicant_ids: Sequence[str], limit: int = 64) -> Mapping[str, tuple[Tie, ...]]:
        """Each applicant's ties, newest first by first mention (`since`); of one with more than `limit`, the latest `limit` of each kind."""

    @abstractmethod
    def holder_counts(self, identifiers: Sequence[Identifier]) -> Mapping[Identifier, int]:
        """How many (applicant, role) ties each identifier has, counted up to `hubs.COUNT_CAP`."""

    @abstractmethod
    def holders_of(self, identifiers: Sequence[Identifier], limit: int = 24) -> Mapping[Identifier, Holders]:
        """Who holds each identifier: the count up to `hubs.COUNT_CAP`, and the latest `limit` ties; of a hub, the count alone."""

    @abstractmethod
    def devices_of(self, identifiers: Sequence[Identifier]) -> Mapping[Identifier, Device]:
        """What is known of those devices; undated reference data, unknown ones are left out."""

    @abstractmethod
    def platforms(self) -> Mapping[str, Platform]:
        """All lenders by id; undated reference data."""

    @abstractmethod
    def merchants_of(self, merchant_ids: Sequence[str]) -> Mapping[str, Merchant]:
        """Those merchants; undated reference data, unknown ones are left out."""

    @abstractmethod
    def identifier(self, node: str) -> Identifier | None:
        """The identifier behind a node's name (`device:k1.9f...`), with its masked form, whenever it was first seen."""

    @abstractmethod
    def search(self, text: str, limit: int = 20) -> tuple[Found, ...]:
        """Applicants, applications and rings by id, identifiers by token or masked form; exact before beginning-with."""

    @abstractmethod
    def rings(self) -> RingSnapshot | None:
        """The snapshot in force: the latest one with `snapshot.as_of <= as_of`, members included."""

    @abstractmethod
    def memberships_of(self, applicant_ids: Sequence[str]) -> Mapping[str, Membership]:
        """The ring of each applicant in the snapshot in force; who is in none is left out."""

    @abstractmethod
    def ring(self, ring_id: str) -> Ring | None:
        """One ring of the snapshot in force, members included."""

    @abstractmethod
    def tables(self) -> Tables:
        """All facts before `as_of` as columns, from one consistent state of the store."""

    def neighbourhood(self, applicant_id: str, mentions: Sequence[Mention] = (), bounds: Bounds | None = None) -> nx.Graph[str]:
        """The subgraph around an applicant, hub-guarded and bounded; `mentions` are identifiers that a new application brings itself.

        Nodes: `applicant:ID` (type, step) and `kind:TOKEN` (type, identifier, holders, hub: a reason or None). Edges of ties: role,
        since, last (None for what only the new application says); of transfers and referrals: role = the event's kind, since, last.
        Graph attributes: seed, truncated, hubs_ignored, applicants (how many).
        """
        return _Walk(self, bounds or Bounds()).from_seed(applicant_id, mentions)

    def evidence_of(self, subject: Subject, bounds: Bounds | None = None) -> Evidence:
        """All evidence for `subject`: a fixed, bounded number of reads, whoever it is."""
        asked = subject.application
        graph = self.neighbourhood(subject.applicant_id, asked.mentions if asked else (), bounds)
        people = [node.partition(":")[2] for node, data in graph.nodes(data=True) if data["type"] == "applicant"]
        devices = [d["identifier"] for _, d in graph.nodes(data=True) if d["type"] == IdentifierKind.DEVICE]
        applications = self.applications_of(people)
        me = [subject.applicant_id]
        merchant_id, agent_id = (asked.merchant_id, asked.agent_id) if asked else (None, None)
        at_merchant = self.applications_at(merchant_id, None) if merchant_id else ()
        at_agent = self.applications_at(None, agent_id) if agent_id else ()
        made = [a for each in applications.values() for a in each] + list(at_merchant + at_agent)
        return Evidence(
            subject=subject,
            as_of=self.as_of,
            graph=graph,
            applications=applications,
            outcomes=self.outcomes_of(list(dict.fromkeys(a.application_id for a in made))),
            labels=self.labels_of(list(dict.fromkeys([*people, *(a.applicant_id for a in at_merchant + at_agent)]))),
            memberships=self.memberships_of(people),
            events=self.events_of(me)[subject.applicant_id],
            dealings=self.dealings_of(me).get(subject.applicant_id, ()),
            devices=self.devices_of(devices),
            merchants=self.merchants_of([merchant_id] if merchant_id else []),
            at_merchant=at_merchant,
            at_agent=at_agent,
            platforms=self.platforms(),
        )


class _Walk:
    """One breadth-first walk over a view: written once, so that all adapters agree on caps, guards and order."""

    def __init__(self, view: GraphView, bounds: Bounds) -> None:
        self.view = view
        self.bounds = bounds
        self.graph: nx.Graph[str] = nx.Graph(truncated=False, hubs_ignored=0, applicants=1)

    def from_seed(self, applicant_id: str, mentions: Sequence[Mention]) -> nx.Graph[str]:
        seed = self._applicant(applicant_id, 0)
        self.graph.graph["seed"] = seed
        frontier = [applicant_id]
        for step in range(1, self.bounds.steps + 1):
            fresh = self._ties(frontier)
            if step == 1:
                fresh += self._mentioned(seed, mentions)
            frontier = self._holders(fresh, step) + self._counterparties(frontier, step)
            if not frontier:
                break
        return self.graph

    def _applicant(self, applicant_id: str, step: int) -> str:
        node = f"applicant:{applicant_id}"
        if node not in self.graph:
            self.graph.add_node(node, type="applicant", step=step)
        return node

    def _identifier(self, identifier: Identifier) -> bool:
        """Add the node; True when it is new."""
        if identifier.node in self.graph:
            return False
        self.graph.add_node(identifier.node, type=identifier.kind.value, identifier=identifier, holders=0, hub=None)
        return True

    def _tie(self, tie: Tie) -> None:
        link(self.graph, f"applicant:{tie.applicant_id}", tie.identifier.node, (tie.role, tie.since, tie.last))

    def _ties(self, applicant_ids: Sequence[str]) -> list[Identifier]:
        fresh = []
        for ties in self.view.ties_of(applicant_ids, self.bounds.ties).values():
            if len(ties) > self.bounds.ties:
                self.graph.graph["truncated"] = True
            for tie in ties:
                if self._identifier(tie.identifier):
                    fresh.append(tie.identifier)
                self._tie(tie)
        return fresh

    def _mentioned(self, seed: str, mentions: Sequence[Mention]) -> list[Identifier]:
        fresh = [m.identifier for m in mentions if self._identifier(m.identifier)]
        for mention in mentions:
            if not self.graph.has_edge(seed, mention.identifier.node):
                link(self.graph, seed, mention.identifier.node, (mention.role, None, None))
        return fresh

    def _holders(self, identifiers: Sequence[Identifier], step: int) -> list[str]:
        """Follow the identifiers, the rarest first: what few people hold says most, and the bound is spent on it."""
        reached: list[str] = []
        followed: list[tuple[int, str, Identifier]] = []
        for identifier, count in self.view.holder_counts(identifiers).items():
            node = self.graph.nodes[identifier.node]
            node["holders"] = count
            node["hub"] = hub_reason(identifier, count)
            if node["hub"]:
                self.graph.graph["hubs_ignored"] += 1
            elif count > self._known_ties(identifier):
                followed.append((count, identifier.node, identifier))
        followed.sort(key=lambda rare: rare[:2])
        for start in range(0, len(followed), _AT_ONCE):
            if self.graph.graph["applicants"] >= self.bounds.applicants:
                self.graph.graph["truncated"] = True
                break
            self._follow([identifier for _, _, identifier in followed[start : start + _AT_ONCE]], (step, reached))
        return reached

    def _known_ties(self, identifier: Identifier) -> int:
        """How many holders the subgraph shows already; what only the new application says is not in the store."""
        return sum(said["since"] is not None for said in self.graph.adj[identifier.node].values())

    def _follow(self, identifiers: Sequence[Identifier], into: tuple[int, list[str]]) -> None:
        for holders in self.view.holders_of(identifiers, self.bounds.holders).values():
            if holders.count > len(holders.ties):
                self.graph.graph["truncated"] = True
            for tie in holders.ties:
                if self._admit(tie.applicant_id, *into):
                    self._tie(tie)

    def _counterparties(self, applicant_ids: Sequence[str], step: int) -> list[str]:
        reached: list[str] = []
        for applicant_id, events in self.view.dealings_of(applicant_ids).items():
            for event in events:
                other = event.counterparty_id if event.applicant_id == applicant_id else event.applicant_id
                if other is not None and other != applicant_id and self._admit(other, step, reached):
                    link(self.graph, f"applicant:{applicant_id}", f"applicant:{other}", (event.kind, event.at, event.at))
        return reached

    def _admit(self, applicant_id: str, step: int, reached: list[str]) -> bool:
        """Whether the applicant is in the subgraph, or comes in now; `reached` gets the newcomers."""
        node = f"applicant:{applicant_id}"
        if node in self.graph:
            return True
        if self.graph.graph["applicants"] >= self.bounds.applicants:
            self.graph.graph["truncated"] = True
            return False
        self.graph.graph["applicants"] += 1
        self._applicant(applicant_id, step)
        reached.append(applicant_id)
        return True


def link(graph: nx.Graph[str], a: str, b: str, what: tuple[str, datetime | None, datetime | None]) -> None:
    """Join two nodes: the strongest role wins, `since` is the first mention and `last` the latest."""
    role, since, last = what
    known = graph.get_edge_data(a, b)
    if known is None:
        graph.add_edge(a, b, role=str(role), since=since, last=last)
        return
    if _RANK.get(str(role), 3) < _RANK.get(known["role"], 3):
        known["role"] = str(role)
    known["since"] = min((t for t in (known["since"], since) if t is not None), default=None)
    known["last"] = max((t for t in (known["last"], last) if t is not None), default=None)


_AT_ONCE = 24  # identifiers followed with one read
_RANK = {Role.OWN.value: 0, Role.EMPLOYER.value: 1, Role.CONTACT.value: 2}
