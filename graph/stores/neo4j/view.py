"""Neo4jView: the reads of the port, each one statement."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from graph.facts.decisive import APPLICATIONS, DEALINGS, EVENTS, LABELS, OUTCOMES, PARTS, SOURCES, SUBJECTS
from graph.facts.hubs import hub_reason
from graph.facts.people_range import PeopleRange
from graph.facts.tables import Tables
from graph.model.moments import micros, moment
from graph.model.rings_in_turn import RingsInTurn
from graph.model.types import (
    Application,
    Device,
    Event,
    Holders,
    Identifier,
    IdentifierKind,
    Label,
    Membership,
    Merchant,
    Outcome,
    Platform,
    Ring,
    RingChange,
    RingSnapshot,
    Tie,
)
from graph.store.port import GraphView
from graph.store.search_hit import SearchHit
from graph.stores.neo4j.codec import (
    ROLE_CODE,
    application_of,
    event_of,
    label_of,
    merchant_of,
    outcome_of,
    platform_of,
    tie_of,
)
from graph.stores.neo4j.cypher import read as cypher_read
from graph.stores.neo4j.facts import device_of, labels_by_person, membership_of, outcomes_by_application
from graph.stores.neo4j.intern import Interned
from graph.stores.neo4j.people import people_ranges
from graph.stores.neo4j.rings import changes_in, in_turn, ring_with_members
from graph.stores.neo4j.search import search
from graph.stores.neo4j.tables import read_tables

Read = Callable[..., list[list[Any]]]
PAGE = 1_000


class Neo4jView(GraphView):
    """A GraphView over a database; cheap to make."""

    def __init__(self, read: Read, interned: Interned, as_of: datetime, recorded_by: int) -> None:
        self.as_of = as_of
        self.revision = recorded_by
        self._when = {"as_of": as_of.astimezone(UTC), "until": micros(as_of), "mark": recorded_by}
        self._read = read
        self._interned = interned
        # What was read of this moment and revision does not change, and a walk comes back to it.
        self._counted: dict[str, int] = {}  # by node

    def _ask(self, text: str, /, **given: Any) -> list[list[Any]]:
        return self._read(text, **given, **self._when)

    def warm_up(self) -> None:
        """Run every read of an assessment for an unknown applicant, so that the server plans it."""
        nobody = [""]
        self.applications_of(nobody)
        for merchant, agent in (("", None), (None, "")):
            self.applications_at(merchant, agent)
        self.events_of(nobody)
        self.dealings_of(nobody)
        self.outcomes_of(nobody)
        self.labels_of(nobody)
        self.ties_of(nobody)
        self.memberships_of(nobody)
        self.platforms()
        self.merchants_of(nobody)
        for statement in (cypher_read.HOLDER_COUNTS, cypher_read.HOLDERS, cypher_read.DEVICES_OF):
            self._ask(statement, nodes=nobody)

    # -- facts

    def application(self, application_id: str) -> Application | None:
        rows = self._ask(cypher_read.APPLICATION_BY_ID, id=application_id)
        return application_of(rows[0][0]) if rows else None

    def applications(self, since: datetime) -> Iterator[Application]:
        start, after = since.astimezone(UTC), ""
        while True:
            rows = self._ask(cypher_read.APPLICATIONS, since=start, after=after, limit=PAGE)
            for (row,) in rows:
                yield application_of(row)
            if len(rows) < PAGE:
                return
            start, after = moment(rows[-1][0][2]), rows[-1][0][0]

    def applications_of(
        self, applicant_ids: Sequence[str], limit: int = APPLICATIONS
    ) -> Mapping[str, tuple[Application, ...]]:
        result = dict(self._ask(cypher_read.APPLICATIONS_OF, people=list(applicant_ids), limit=limit))
        return {
            who: tuple(self._interned.application(row) for row in result.get(who, ()))
            for who in applicant_ids
        }

    def applications_at(
        self, merchant_id: str | None, agent_id: str | None, limit: int = APPLICATIONS
    ) -> tuple[Application, ...]:
        if merchant_id is not None:
            rows = self._ask(cypher_read.APPLICATIONS_AT_MERCHANT, merchant=merchant_id, limit=limit)
        else:
            rows = self._ask(cypher_read.APPLICATIONS_BY_AGENT, agent=agent_id, limit=limit)
        return tuple(self._interned.application(row) for (row,) in rows)

    def events_of(self, applicant_ids: Sequence[str], limit: int = EVENTS) -> Mapping[str, tuple[Event, ...]]:
        result = dict(self._ask(cypher_read.EVENTS_OF, people=list(applicant_ids), limit=limit))
        return {who: tuple(event_of(row) for row in result.get(who, ())) for who in applicant_ids}

    def dealings_of(
        self, applicant_ids: Sequence[str], limit: int = DEALINGS
    ) -> Mapping[str, tuple[Event, ...]]:
        result = dict(self._ask(cypher_read.DEALINGS_OF, people=list(applicant_ids), dealings=limit))
        return {who: tuple(event_of(row) for row in result[who]) for who in applicant_ids if who in result}

    def outcomes_of(
        self, application_ids: Sequence[str], limit: int = OUTCOMES
    ) -> Mapping[str, tuple[Outcome, ...]]:
        ids = list(dict.fromkeys(application_ids))
        rows = self._ask(cypher_read.OUTCOMES_OF, applications=ids, limit=limit + 1) if ids else []
        return self._first_of_many(
            outcomes_by_application(application_ids, [outcome_of(row) for (row,) in rows]), limit
        )

    def _first_of_many(
        self, result: Mapping[str, tuple[Outcome, ...]], limit: int
    ) -> Mapping[str, tuple[Outcome, ...]]:
        many = [loan for loan, steps in result.items() if len(steps) > limit]
        if not many:
            return result
        rows = self._ask(cypher_read.FIRST_OUTCOMES, applications=many, parts=PARTS)
        return {**result, **outcomes_by_application(many, [outcome_of(row) for (row,) in rows])}

    def labels_of(self, applicant_ids: Sequence[str], limit: int = LABELS) -> Mapping[str, tuple[Label, ...]]:
        ids = list(dict.fromkeys(applicant_ids))
        rows = self._ask(cypher_read.LABELS_OF, people=ids, limit=limit + 1) if ids else []
        return self._deciding_of_many(
            labels_by_person(applicant_ids, [(who, label_of(row)) for who, row in rows]), limit
        )

    def _deciding_of_many(
        self, result: Mapping[str, tuple[Label, ...]], limit: int
    ) -> Mapping[str, tuple[Label, ...]]:
        many = [who for who, labels in result.items() if len(labels) > limit]
        if not many:
            return result
        rows = self._ask(cypher_read.DECIDING_LABELS, people=many, matters=SUBJECTS, sources=SOURCES)
        return {**result, **labels_by_person(many, [(who, label_of(row)) for who, row in rows])}

    # -- ties

    def ties_of(self, applicant_ids: Sequence[str], limit: int = 64) -> Mapping[str, tuple[Tie, ...]]:
        results = {}
        for who, ties in self._ask(cypher_read.TIES_OF, people=list(applicant_ids)):
            results[who] = [tie_of(who, self._interned.identifier(row), rows) for row, rows in ties]
        return {who: _newest(results.get(who, []), limit) for who in applicant_ids}

    def holder_counts(self, identifiers: Sequence[Identifier]) -> Mapping[Identifier, int]:
        fresh = [i.node for i in identifiers if i.node not in self._counted]
        if fresh:
            self._counted.update(dict.fromkeys(fresh, 0))
            self._counted.update(dict[str, int](self._ask(cypher_read.HOLDER_COUNTS, nodes=fresh)))
        return {i: self._counted[i.node] for i in identifiers}

    def holders_of(self, identifiers: Sequence[Identifier], limit: int = 24) -> Mapping[Identifier, Holders]:
        counts = self.holder_counts(identifiers)
        walked = {i.node: i for i in identifiers if counts[i] and not hub_reason(i, counts[i])}
        held: dict[Identifier, list[Tie]] = {}
        for node, ties in self._ask(cypher_read.HOLDERS, nodes=list(walked)) if walked else ():
            held[walked[node]] = [tie_of(who, walked[node], rows) for who, rows in ties]
        return {i: Holders(i, counts[i], _latest(held.get(i, []), limit)) for i in identifiers}

    def latest_holders(self, identifier: Identifier, limit: int) -> tuple[Tie, ...]:
        rows = self._ask(cypher_read.LATEST_HOLDERS, node=identifier.node, limit=limit)
        return _latest([tie_of(who, identifier, values) for who, values in rows], limit)

    # -- reference data

    def devices_of(self, identifiers: Sequence[Identifier]) -> Mapping[Identifier, Device]:
        by_node = {i.node: i for i in identifiers}
        rows = self._ask(cypher_read.DEVICES_OF, nodes=list(by_node)) if by_node else []
        results = {row[0]: row for (row,) in rows}
        return {i: device_of(i, results[i.node]) for i in identifiers if i.node in results}

    def platforms(self) -> Mapping[str, Platform]:
        return {row[0]: platform_of(row) for (row,) in self._ask(cypher_read.PLATFORMS)}

    def merchants_of(self, merchant_ids: Sequence[str]) -> Mapping[str, Merchant]:
        return {
            row[0]: merchant_of(row) for (row,) in self._ask(cypher_read.MERCHANTS_OF, ids=list(merchant_ids))
        }

    def identifier(self, node: str) -> Identifier | None:
        rows = self._ask(cypher_read.IDENTIFIER_BY_NODE, node=node)
        return self._interned.identifier(rows[0][0]) if rows else None

    def search(self, text: str, limit: int = 20) -> tuple[SearchHit, ...]:
        return search(self._ask, text, limit)

    # -- rings

    def rings(self) -> RingSnapshot | None:
        rows = self._ask(cypher_read.SNAPSHOT)
        if not rows:
            return None
        return self._interned.snapshot(rows[0], self._ask)

    def rings_in_turn(self) -> RingsInTurn | None:
        rows = self._ask(cypher_read.SNAPSHOT)
        return in_turn(rows[0], self._ask) if rows else None

    def change_of(self, ring_id: str) -> RingChange | None:
        rows = self._ask(cypher_read.SNAPSHOT)
        return changes_in(rows[0], self._ask).of(ring_id) if rows else None

    def memberships_of(self, applicant_ids: Sequence[str]) -> Mapping[str, Membership]:
        results = {
            row[0]: membership_of(row)
            for row in self._ask(cypher_read.MEMBERSHIPS_OF, people=list(applicant_ids))
        }
        return {who: results[who] for who in applicant_ids if who in results}

    def ring(self, ring_id: str) -> Ring | None:
        rows = self._ask(cypher_read.RING, id=ring_id)
        return ring_with_members(rows[0]) if rows else None

    # -- batches

    def tables(self, within: PeopleRange | None = None) -> Tables:
        return replace(read_tables(self._ask, micros(self.as_of), within), zone=self.zone)

    def tables_with_tokens(self, within: PeopleRange | None = None) -> Tables:
        return replace(read_tables(self._ask, micros(self.as_of), within, tokens=True), zone=self.zone)

    def people_ranges(self, size: int) -> Iterator[PeopleRange]:
        return people_ranges(self._ask, size)


def _newest(ties: Sequence[Tie], limit: int) -> tuple[Tie, ...]:
    """Newest first; of more than `limit`, the latest so many of each kind."""
    if len(ties) > limit:
        kinds: dict[IdentifierKind, list[Tie]] = {}
        for tie in sorted(ties, key=lambda t: (-micros(t.since), t.identifier.token, ROLE_CODE[t.role])):
            kinds.setdefault(tie.identifier.kind, []).append(tie)
        ties = [tie for of_kind in kinds.values() for tie in of_kind[:limit]]
    return tuple(sorted(ties, key=lambda t: (-micros(t.since), t.identifier.node, ROLE_CODE[t.role])))


def _latest(ties: Sequence[Tie], limit: int) -> tuple[Tie, ...]:
    return tuple(sorted(ties, key=lambda t: (-micros(t.since), t.applicant_id, ROLE_CODE[t.role]))[:limit])
