"""The store port: a GraphStore takes facts, a GraphView reads them as of a moment and a revision."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

import networkx as nx

from graph.facts.decisive import APPLICATIONS, DEALINGS, EVENTS, LABELS, OUTCOMES
from graph.journal.decode import JournalEntry, journal_entries
from graph.journal.parts import PART_BYTES
from graph.model.moments import COUNTRY
from graph.model.rings_in_turn import AnySnapshot, RingsInTurn
from graph.model.types import (
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
    RingChange,
    RingSnapshot,
    Tie,
)
from graph.store.evidence import Evidence, Subject
from graph.store.forgetting import Forgetting, StoreState
from graph.store.in_columns import InColumns
from graph.store.keys import applications_beyond_bounds
from graph.store.past import past_of
from graph.store.refusing import Refusal
from graph.store.search_hit import SearchHit
from graph.store.walk import Bounds, Walk


class UnknownIds(NamedTuple):
    """Application ids and applicant ids that a store does not know."""

    applications: frozenset[str]
    applicants: frozenset[str]


class GraphStore(Forgetting):
    """All facts that lenders reported. Safe for many threads and processes; facts are only ever added.

    `batch`: how many facts a load best adds at once; any number is taken. `part_bytes`: how much JSON a part
    of a ring snapshot has. `zone`: the borrowers' time zone (an IANA name), by which what is read says when
    it was night; whoever opens the store sets it. `file`: where an embedded store lies, None for one on a
    server.
    """

    zone = COUNTRY
    refusal: Refusal  # keeps out who was erased; whoever opens a store to bring things gives it the keys
    file: Path | None = None
    batch = 10_000  # larger ones touch each page of a file less often, and hold it longer
    part_bytes = PART_BYTES

    @abstractmethod
    def add(self, facts: Facts) -> Added:
        """Add a batch: idempotent, all or nothing. A fact whose id is stored with other content is a conflict
        and leaves the stored one as it is; one of before an erasure that names one of the erased stays out.

        Raises StoreUnavailableError when nothing could be written, also where people were erased and the keys
        for that are missing.
        """

    def add_all(self, batches: Sequence[Facts]) -> Sequence[Added]:
        """Add several batches, each as a revision of its own, as if they came one by one; an adapter may use
        one transaction.
        """
        return [self.add(facts) for facts in batches]

    @abstractmethod
    def unknown_ids(self, application_ids: Collection[str], applicant_ids: Collection[str]) -> UnknownIds:
        """Which of those ids the store does not know, whatever the time.

        A person is known by an application; in a store that holds none at all (a payment platform's), by an
        event of theirs.
        """

    def unmatched(self, facts: Facts) -> tuple[tuple[str, int], ...]:
        """(table, position) of each event, contact, outcome and label about an unknown applicant or
        application; the fact itself may be stored.

        Such a fact is kept, and every view sees it from when the application comes, as if it had come in that
        order.
        """
        about: list[tuple[str, int, str | None, str | None]] = [
            ("events", n, None, e.applicant_id) for n, e in enumerate(facts.events)
        ]
        about += [("contacts", n, None, c.applicant_id) for n, c in enumerate(facts.contacts)]
        about += [("outcomes", n, o.application_id, None) for n, o in enumerate(facts.outcomes)]
        about += [
            ("labels", n, label.application_id, label.applicant_id) for n, label in enumerate(facts.labels)
        ]
        nobody = self.unknown_ids(
            {a for _, _, a, _ in about if a is not None}, {p for _, _, _, p in about if p is not None}
        )
        return tuple(
            (table, n)
            for table, n, loan, person in about
            if loan in nobody.applications or person in nobody.applicants
        )

    def warm_up(self, facts: Facts) -> None:
        """Run `add` and roll it back, so that statements are planned before the first request. By default
        only the connection is checked.

        Raises StoreUnavailableError when the store did not answer, or not in time.
        """
        self.revision()

    def try_add(self, facts: Facts, seconds: float) -> Added | None:
        """`add` for a request that cannot wait: None, and nothing is written, where another writer holds the
        store for longer than `seconds`.

        By default None at once: who must wait for a server waits in a thread of its own. Raises
        StoreUnavailableError.
        """
        return None

    def within(self, seconds: float) -> AbstractContextManager[None]:
        """A time budget for all store calls of this thread inside the block; beyond it they raise
        StoreUnavailableError.

        By default there is no such bound: a store in a file of one's own answers or fails.
        """
        return nullcontext()

    @abstractmethod
    def view(self, as_of: datetime, revision: int | None = None) -> GraphView:
        """The graph strictly before `as_of`, of what was recorded up to the revision `revision` (default: the
        latest).
        """

    def view_of(self, as_of: datetime, state: StoreState) -> GraphView:
        """`view` of a state of the store, which says its edition and its past."""
        view = self.view(as_of, state.revision)
        view.edition, view.past = state.edition, past_of(self, state)
        return view

    @abstractmethod
    def revision(self) -> int:
        """The latest revision: it grows by one with each batch that adds something. Stored with an
        assessment, it opens the same view again.
        """

    @abstractmethod
    def save_rings(self, snapshot: AnySnapshot, edition: int = 0) -> None:
        """Save a snapshot beside the earlier ones, part by part, and switch to it atomically. A snapshot of
        the same name replaces it for new readers. What is saved of one whose saving was killed is in no view;
        a later call removes it once nothing has come to it for a day.

        `edition` is the one that the rings were looked for in (0: the store's when this is called); raises
        ConflictError where people were erased since: the snapshot may name them.
        """

    def journal(self, after: int = 0, upto: int | None = None) -> Iterator[JournalEntry]:
        """Every revision after `after` up to `upto` (default: the latest), in order: added to an empty store
        of any kind they give an equal store.

        The rings of a snapshot are read from this store while one walks over them.
        """
        yield from journal_entries(self.tail, after, upto)

    @abstractmethod
    def tail(self, after: int, upto: int | None = None) -> Iterator[tuple[int, bytes]]:
        """(revision, entry) of every revision after `after` up to `upto`, which the store must have reached
        (default: the latest), in order; after an entry that begins a ring snapshot its parts, each with the
        one revision.

        An entry (`graph.journal`) is written in the transaction of its facts or ring snapshot: it is there as
        soon as they are, and only then. Raises StoreVersionError where a release that kept no journal wrote
        to the store after it was brought up to this one.
        """

    @abstractmethod
    def identity(self) -> int:
        """A random 64-bit number drawn when the store was created: tells a copy of this store from a copy of
        another.
        """

    @abstractmethod
    def counts(self) -> dict[str, int]:
        """The number of facts of each table, and of applicants, identifiers and ties, whatever their time."""

    @abstractmethod
    def close(self) -> None:
        """Release all resources. A closed store cannot be used again."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class GraphView(InColumns):
    """The graph as of a moment and a revision. Every read is bounded; of more than the bound the newest are
    returned, newest first.

    Orders are by what the facts say (time, then id), never by when they were stored. Answers are keyed by
    what was asked, with an empty value where nothing is known.
    """

    as_of: datetime
    revision: int
    edition: int = 0  # of the store when the view was opened, where whoever opened it knows
    past: str = ""  # a name for what the store held then (`graph.store.past`), where whoever opened it asked
    zone: str = COUNTRY

    @abstractmethod
    def application(self, application_id: str) -> Application | None:
        """That application, if it was made before `as_of`."""

    @abstractmethod
    def applications(self, since: datetime) -> Iterator[Application]:
        """All applications with since <= applied_at < as_of, by (applied_at, application_id)."""

    @abstractmethod
    def applications_of(
        self, applicant_ids: Sequence[str], limit: int = APPLICATIONS
    ) -> Mapping[str, tuple[Application, ...]]:
        """Each applicant's latest applications."""

    @abstractmethod
    def applications_at(
        self, merchant_id: str | None, agent_id: str | None, limit: int = APPLICATIONS
    ) -> tuple[Application, ...]:
        """The latest applications at a merchant, or, when `merchant_id` is None, through an agent."""

    @abstractmethod
    def events_of(self, applicant_ids: Sequence[str], limit: int = EVENTS) -> Mapping[str, tuple[Event, ...]]:
        """Each applicant's latest own events."""

    @abstractmethod
    def dealings_of(
        self, applicant_ids: Sequence[str], limit: int = DEALINGS
    ) -> Mapping[str, tuple[Event, ...]]:
        """The latest events between each applicant and a counterparty (transfer, referral), on either side;
        applicants without any are left out.
        """

    @abstractmethod
    def outcomes_of(
        self, application_ids: Sequence[str], limit: int = OUTCOMES
    ) -> Mapping[str, tuple[Outcome, ...]]:
        """The outcomes of each application so far, oldest first; of more than `limit`, the first of each
        status and the first parts of the payout (`graph.facts.decisive`).
        """

    @abstractmethod
    def labels_of(self, applicant_ids: Sequence[str], limit: int = LABELS) -> Mapping[str, tuple[Label, ...]]:
        """Labels of each applicant and of their applications, known before `as_of`, oldest first; of who has
        more than `limit`, those that decide (`graph.facts.decisive`): who is known for fraud, and for which
        loans, is the same by them as by all.
        """

    @abstractmethod
    def ties_of(self, applicant_ids: Sequence[str], limit: int = 64) -> Mapping[str, tuple[Tie, ...]]:
        """Each applicant's ties, newest first by first mention (`since`); of one with more than `limit`, the
        latest `limit` of each kind.
        """

    @abstractmethod
    def holder_counts(self, identifiers: Sequence[Identifier]) -> Mapping[Identifier, int]:
        """How many (applicant, role) ties each identifier has, counted up to `hubs.COUNT_CAP`."""

    @abstractmethod
    def holders_of(self, identifiers: Sequence[Identifier], limit: int = 24) -> Mapping[Identifier, Holders]:
        """Who holds each identifier: the count up to `hubs.COUNT_CAP`, and the latest `limit` ties; of a hub,
        the count alone.
        """

    @abstractmethod
    def latest_holders(self, identifier: Identifier, limit: int) -> tuple[Tie, ...]:
        """The latest `limit` ties of an identifier, also of a hub: for display only, never to walk the
        graph.
        """

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
        """The identifier behind a node's name (`device:k1.9f...`), with its masked form, whenever it was
        first seen.
        """

    @abstractmethod
    def search(self, text: str, limit: int = 20) -> tuple[SearchHit, ...]:
        """Applicants, applications and rings by id, identifiers by token or masked form; exact before
        beginning-with.

        A store of its own gives what it found within SEARCH_S; one behind a server is bounded by
        `GraphStore.within`.
        """

    @abstractmethod
    def rings(self) -> RingSnapshot | None:
        """The snapshot in force: the latest one with `snapshot.as_of <= as_of`, members included."""

    @abstractmethod
    def rings_in_turn(self) -> RingsInTurn | None:
        """The snapshot in force, for who needs its rings or changes one after the other, or none of them:
        some are held at once. An erasure meanwhile changes names between two of them.
        """

    @abstractmethod
    def change_of(self, ring_id: str) -> RingChange | None:
        """What became of a ring, by the snapshot in force; None where that says nothing of it."""

    @abstractmethod
    def memberships_of(self, applicant_ids: Sequence[str]) -> Mapping[str, Membership]:
        """The ring of each applicant in the snapshot in force; who is in none is left out."""

    @abstractmethod
    def ring(self, ring_id: str) -> Ring | None:
        """One ring of the snapshot in force, members included."""

    def neighbourhood(
        self, applicant_id: str, mentions: Sequence[Mention] = (), bounds: Bounds | None = None
    ) -> nx.Graph[str]:
        """The bounded subgraph around an applicant, not walking through hubs; `mentions` are identifiers that
        a new application itself names.

        Nodes: `applicant:ID` (type, step) and `kind:TOKEN` (type, identifier, holders, hub: a reason or
        None). Edges of ties: role, since, last (None for what only the new application says); of transfers
        and referrals: role = the event's kind, since, last. Graph attributes: seed, truncated, hubs_ignored,
        applicants (how many).
        """
        return Walk(self, bounds or Bounds()).from_seed(applicant_id, mentions)

    def evidence_of(self, subject: Subject, bounds: Bounds | None = None) -> Evidence:
        """All evidence for `subject`: a fixed, bounded number of reads, whoever it is."""
        application = subject.application
        graph = self.neighbourhood(subject.applicant_id, application.mentions if application else (), bounds)
        people = [
            node.partition(":")[2] for node, data in graph.nodes(data=True) if data["type"] == "applicant"
        ]
        devices = [d["identifier"] for _, d in graph.nodes(data=True) if d["type"] == IdentifierKind.DEVICE]
        applications = self.applications_of(people)
        me = [subject.applicant_id]
        merchant_id, agent_id = (
            (application.merchant_id, application.agent_id) if application else (None, None)
        )
        at_merchant = self.applications_at(merchant_id, None) if merchant_id else ()
        at_agent = self.applications_at(None, agent_id) if agent_id else ()
        beyond = applications_beyond_bounds(self, graph, subject)
        application_rows = [
            *(a for each in applications.values() for a in each),
            *at_merchant,
            *at_agent,
            *beyond,
        ]
        return Evidence(
            subject=subject,
            as_of=self.as_of,
            graph=graph,
            applications=applications,
            outcomes=self.outcomes_of(list(dict.fromkeys(a.application_id for a in application_rows))),
            labels=self.labels_of(
                list(dict.fromkeys([*people, *(a.applicant_id for a in at_merchant + at_agent)]))
            ),
            memberships=self.memberships_of(people),
            events=self.events_of(me)[subject.applicant_id],
            dealings=self.dealings_of(me).get(subject.applicant_id, ()),
            devices=self.devices_of(devices),
            merchants=self.merchants_of([merchant_id] if merchant_id else []),
            at_merchant=at_merchant,
            at_agent=at_agent,
            platforms=self.platforms(),
            elsewhere=beyond,
            zone=self.zone,
        )
