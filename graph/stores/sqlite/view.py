"""SqliteView: the reads of the port on one connection."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from operator import attrgetter

from graph.facts.decisive import LABELS, OUTCOMES, PARTS, SOURCES, SUBJECTS
from graph.facts.hubs import COUNT_CAP, hub_reason
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
    PlatformType,
    Ring,
    RingChange,
    RingSnapshot,
    Tie,
)
from graph.store.port import GraphView
from graph.store.search_hit import SearchHit
from graph.stores.sqlite import rings
from graph.stores.sqlite.cache import FactCache
from graph.stores.sqlite.codec import (
    KIND_CODE,
    ROLES,
    Row,
    application_of,
    event_of,
    identifier_of,
    label_of,
    mentioned,
    outcome_of,
)
from graph.stores.sqlite.labels_and_outcomes import (
    DECIDING_MOMENTS,
    FIRST_OUTCOMES,
    LABEL_KNOWN_AT,
    LABELS_AT,
    LABELS_OF_EACH,
    MANY_LABELS,
    MANY_OUTCOMES,
    OUTCOMES_OF_EACH,
    WHEN_IT_CAME,
)
from graph.stores.sqlite.queries import (
    APPLICATION,
    APPLICATIONS,
    APPLICATIONS_AT,
    APPLICATIONS_OF,
    APPLICATIONS_OF_EACH,
    DEALERS,
    DEALINGS_OF,
    DEVICES,
    EVENTS_OF,
    HOLDER_COUNTS,
    HOLDERS,
    LATEST_HOLDERS,
    MANY_APPLICATIONS,
    MANY_TIES,
    MERCHANTS,
    PERSON_AT,
    TIES_OF_EACH,
    TIES_OF_KIND,
)
from graph.stores.sqlite.search import search
from graph.stores.sqlite.tables import read_tables

_AT_ONCE = 500  # applications turned from rows at once


class SqliteView(GraphView):
    """A GraphView over one connection; cheap to make, use it in the thread that made it."""

    def __init__(
        self, connection: sqlite3.Connection, cache: FactCache, as_of: datetime, recorded_by: int
    ) -> None:
        self.as_of = as_of
        self.revision = recorded_by
        self._db = connection
        self._when = {"as_of": micros(as_of), "mark": recorded_by}
        self._cache = cache
        # What was read of this moment and revision does not change, and a walk comes back to it.
        self._counted: dict[str, int] = {}  # by node
        self._dealt: dict[tuple[str, int], tuple[Event, ...]] = {}

    # -- facts

    def application(self, application_id: str) -> Application | None:
        row = self._db.execute(APPLICATION, {"id": application_id, **self._when}).fetchone()
        return None if row is None else next(self._applications([row]))

    def applications(self, since: datetime) -> Iterator[Application]:
        cursor = self._db.execute(APPLICATIONS, {"since": micros(since), **self._when})
        while rows := cursor.fetchmany(_AT_ONCE):
            yield from self._applications(rows)

    def _applications(self, rows: Sequence[Row]) -> Iterator[Application]:
        names = self._cache.names(self._db, {row[1] for row in rows})
        resolve = self._cache.identifiers(self._db, mentioned(row[16] for row in rows))
        return (application_of(row, names[row[1]], resolve) for row in rows)

    def applications_of(
        self, applicant_ids: Sequence[str], limit: int = 64
    ) -> Mapping[str, tuple[Application, ...]]:
        results, many = self._of_each(APPLICATIONS_OF_EACH, MANY_APPLICATIONS, applicant_ids, limit)
        for who in many:
            results[who] = self._db.execute(
                APPLICATIONS_OF, {"who": who, "limit": limit, **self._when}
            ).fetchall()
        applications = self._cache.applications(
            self._db, [row[0] for rows in results.values() for row in rows]
        )
        return {who: _latest_first([applications[row[0]] for row in rows]) for who, rows in results.items()}

    def applications_at(
        self, merchant_id: str | None, agent_id: str | None, limit: int = 64
    ) -> tuple[Application, ...]:
        column, place = ("merchant_id", merchant_id) if merchant_id is not None else ("agent_id", agent_id)
        parameters = {"place": place, "limit": limit, **self._when}
        keys = [row[0] for row in self._db.execute(APPLICATIONS_AT.format(column=column), parameters)]
        applications = self._cache.applications(self._db, keys)
        return tuple([applications[key] for key in keys])

    def events_of(self, applicant_ids: Sequence[str], limit: int = 128) -> Mapping[str, tuple[Event, ...]]:
        return {who: self._events(EVENTS_OF, who, limit) for who in applicant_ids}

    def dealings_of(self, applicant_ids: Sequence[str], limit: int = 64) -> Mapping[str, tuple[Event, ...]]:
        fresh = [who for who in applicant_ids if (who, limit) not in self._dealt]
        dealers = (
            {row[0] for row in self._db.execute(DEALERS, {"asked": json.dumps(fresh)})} if fresh else set()
        )
        self._dealt.update(
            {(who, limit): self._events(DEALINGS_OF, who, limit) if who in dealers else () for who in fresh}
        )
        return {who: events for who in applicant_ids if (events := self._dealt[who, limit])}

    def _events(self, sql: str, who: str, limit: int) -> tuple[Event, ...]:
        rows = self._db.execute(sql, {"who": who, "limit": limit, **self._when}).fetchall()
        names = self._cache.names(
            self._db, {key for row in rows for key in (row[1], row[4]) if key is not None}
        )
        resolve = self._cache.identifiers(self._db, mentioned(row[7] for row in rows))
        return tuple([event_of(row, (names[row[1]], names.get(row[4])), resolve) for row in rows])

    def outcomes_of(
        self, application_ids: Sequence[str], limit: int = OUTCOMES
    ) -> Mapping[str, tuple[Outcome, ...]]:
        results, many = self._of_each(
            OUTCOMES_OF_EACH, MANY_OUTCOMES, list(dict.fromkeys(application_ids)), limit
        )
        for application_id in many:
            results[application_id] = self._db.execute(
                FIRST_OUTCOMES, {"id": application_id, "parts": PARTS, **self._when}
            ).fetchall()
        return {
            loan: tuple([outcome_of(row) for row in sorted(rows, key=WHEN_IT_CAME)])
            for loan, rows in results.items()
        }

    def labels_of(self, applicant_ids: Sequence[str], limit: int = LABELS) -> Mapping[str, tuple[Label, ...]]:
        results, many = self._of_each(LABELS_OF_EACH, MANY_LABELS, list(dict.fromkeys(applicant_ids)), limit)
        for who in many:
            results[who] = self._deciding(who)
        return {
            who: tuple([label_of(row) for row in sorted(rows, key=LABEL_KNOWN_AT)])
            for who, rows in results.items()
        }

    def _deciding(self, who: str) -> list[Row]:
        """The decisive labels of people who have too many."""
        rows: list[Row] = []
        moments = self._db.execute(
            DECIDING_MOMENTS, {"who": who, "matters": SUBJECTS, **self._when}
        ).fetchall()
        for application_id, applicant_id, label, at in moments:
            matter = {
                "application_id": application_id,
                "applicant_id": applicant_id,
                "label": label,
                "at": at,
            }
            rows += self._db.execute(LABELS_AT, {**matter, "sources": SOURCES, "mark": self._when["mark"]})
        return rows

    def _each(self, sql: str, ids: Sequence[str] | Sequence[int], most: int = -1) -> list[Row]:
        return (
            self._db.execute(sql, {"asked": json.dumps(ids), "most": most, **self._when}).fetchall()
            if ids
            else []
        )

    def _of_each(
        self, each: str, many: str, people: Sequence[str], limit: int
    ) -> tuple[dict[str, list[Row]], list[str]]:
        """Each person's rows, which end with the person's id, and who has more than `limit` of them: theirs
        may not be all.
        """
        results: dict[str, list[Row]] = {who: [] for who in people}
        most = limit * len(people)
        rows, too_many = self._each(each, people, most + 1), set[str]()
        if len(rows) > most:
            too_many = {
                row[0] for row in self._db.execute(many, {"asked": json.dumps(people), "limit": limit})
            }
            rows = self._each(each, [who for who in people if who not in too_many])
        for row in rows:
            results[row[-1]].append(row)
        return results, [who for who, values in results.items() if who in too_many or len(values) > limit]

    # -- ties

    def ties_of(self, applicant_ids: Sequence[str], limit: int = 64) -> Mapping[str, tuple[Tie, ...]]:
        results, many = self._of_each(TIES_OF_EACH, MANY_TIES, applicant_ids, limit)
        for who in many:
            parameters = {"who": who, "limit": limit, **self._when}
            results[who] = [
                row
                for kind in KIND_CODE.values()
                for row in self._db.execute(TIES_OF_KIND, {"kind": kind, **parameters})
            ]
        resolve = self._cache.identifiers(self._db, {row[0] for rows in results.values() for row in rows})
        return {who: _newest_first(who, rows, resolve) for who, rows in results.items()}

    def holder_counts(self, identifiers: Sequence[Identifier]) -> Mapping[Identifier, int]:
        counted = self._counted
        fresh = [i for i in identifiers if i.node not in counted]
        if fresh:
            moment_and_mark = self._when["as_of"], self._when["mark"]
            counted.update((i.node, COUNT_CAP) for i in fresh if self._cache.is_full(i, *moment_and_mark))
            keys = self._cache.keys(self._db, [i for i in fresh if i.node not in counted])
            counts = dict[int | None, int](
                self._each(HOLDER_COUNTS, [key for key in keys.values() if key is not None])
            )
            for identifier, key in keys.items():
                count = counted[identifier.node] = counts.get(key, 0)
                if count == COUNT_CAP:
                    self._cache.mark_full(identifier, *moment_and_mark)
        return {i: counted[i.node] for i in identifiers}

    def holders_of(self, identifiers: Sequence[Identifier], limit: int = 24) -> Mapping[Identifier, Holders]:
        counts = self.holder_counts(identifiers)
        keys = self._cache.keys(self._db, identifiers)
        walked = [key for i, key in keys.items() if key is not None and not hub_reason(i, counts[i])]
        ties: dict[int | None, list[Row]] = {}
        for row in self._each(HOLDERS, walked):
            ties.setdefault(row[0], []).append(row)
        return {
            i: Holders(i, counts[i], self._holding(i, ties.get(key, [])[:limit])) for i, key in keys.items()
        }

    def latest_holders(self, identifier: Identifier, limit: int) -> tuple[Tie, ...]:
        key = self._cache.keys(self._db, [identifier])[identifier]
        rows = (
            []
            if key is None
            else self._db.execute(LATEST_HOLDERS, {"key": key, "limit": limit, **self._when}).fetchall()
        )
        return self._holding(identifier, rows)

    def _holding(self, identifier: Identifier, rows: Sequence[Row]) -> tuple[Tie, ...]:
        return tuple([Tie(row[1], identifier, ROLES[row[2]], moment(row[3]), moment(row[4])) for row in rows])

    # -- reference data

    def devices_of(self, identifiers: Sequence[Identifier]) -> Mapping[Identifier, Device]:
        keys = {key: i for i, key in self._cache.keys(self._db, identifiers).items()}
        results = {}
        for key, os, model, *flags in self._each(DEVICES, [key for key in keys if key is not None]):
            emulator, rooted = (None if flag is None else bool(flag) for flag in flags)
            results[keys[key]] = Device(
                identifier=keys[key], os=os, model=model, is_emulator=emulator, is_rooted=rooted
            )
        return results

    def platforms(self) -> Mapping[str, Platform]:
        rows = self._db.execute(
            "SELECT platform_id, type, is_own FROM platform WHERE mark <= :mark ORDER BY platform_id",
            self._when,
        )
        return {
            i: Platform(platform_id=i, type=PlatformType(kind), is_own=bool(own)) for i, kind, own in rows
        }

    def merchants_of(self, merchant_ids: Sequence[str]) -> Mapping[str, Merchant]:
        rows = self._db.execute(MERCHANTS, {"ids": json.dumps(list(merchant_ids)), **self._when})
        return {
            i: Merchant(merchant_id=i, category=c, city=city, opened_at=None if t is None else moment(t))
            for i, c, city, t in rows
        }

    def identifier(self, node: str) -> Identifier | None:
        kind, _, token = node.partition(":")
        if kind not in KIND_CODE:
            return None
        sql = "SELECT kind, token, masked, linking FROM identifier WHERE kind = ? AND token = ?"
        row = self._db.execute(sql, (KIND_CODE[IdentifierKind(kind)], token)).fetchone()
        return None if row is None else identifier_of(row)

    def search(self, text: str, limit: int = 20) -> tuple[SearchHit, ...]:
        snapshot = self._snapshot()
        return search(
            self._db, text, {"limit": limit, "snapshot": snapshot[0] if snapshot else None, **self._when}
        )

    # -- rings

    def rings(self) -> RingSnapshot | None:
        snapshot = self._snapshot()
        return None if snapshot is None else self._cache.snapshot(self._db, snapshot)

    def rings_in_turn(self) -> RingsInTurn | None:
        snapshot = self._snapshot()
        return None if snapshot is None else rings.in_turn(self._db, snapshot)

    def change_of(self, ring_id: str) -> RingChange | None:
        snapshot = self._snapshot()
        return None if snapshot is None else rings.changes_in(self._db, snapshot).of(ring_id)

    def memberships_of(self, applicant_ids: Sequence[str]) -> Mapping[str, Membership]:
        snapshot = self._snapshot()
        return {} if snapshot is None else rings.memberships(self._db, snapshot, applicant_ids)

    def ring(self, ring_id: str) -> Ring | None:
        snapshot = self._snapshot()
        return None if snapshot is None else rings.ring(self._db, snapshot, ring_id)

    def _snapshot(self) -> Row | None:
        row: Row | None = self._db.execute(rings.IN_FORCE, self._when).fetchone()
        return row

    # -- batches

    def people_ranges(self, size: int) -> Iterator[PeopleRange]:
        after = ""
        while row := self._db.execute(PERSON_AT, {"after": after, "place": size - 1}).fetchone():
            yield PeopleRange(after, row[0])
            after = row[0]
        yield PeopleRange(after)

    def tables(self, within: PeopleRange | None = None) -> Tables:
        return replace(read_tables(self._db, self._when, within), zone=self.zone)

    def tables_with_tokens(self, within: PeopleRange | None = None) -> Tables:
        return replace(read_tables(self._db, self._when, within, tokens=True), zone=self.zone)


def _newest_first(who: str, rows: Sequence[Row], resolve: Mapping[int, Identifier]) -> tuple[Tie, ...]:
    existing = [(-since, resolve[key].node, role, key, last) for key, role, since, last, *_ in rows]
    existing.sort()  # no two are alike in the first three
    return tuple(
        [
            Tie(who, resolve[key], ROLES[role], moment(-since), moment(last))
            for since, _, role, key, last in existing
        ]
    )


def _latest_first(applications: list[Application]) -> tuple[Application, ...]:
    applications.sort(key=attrgetter("application_id"))
    applications.sort(key=attrgetter("applied_at"), reverse=True)
    return tuple(applications)
