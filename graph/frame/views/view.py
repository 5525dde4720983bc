"""FrameView: the reads of the port from the frame's arrays in plain Python; serves while the store is
unavailable.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from typing import Protocol

import numpy as np

from graph.facts.decisive import LABELS, OUTCOMES, decisive_labels, first_outcomes
from graph.facts.hubs import COUNT_CAP, hub_reason
from graph.facts.people_range import PeopleRange
from graph.facts.tables import KINDS, Column, Tables
from graph.frame.columns.layout import APPLICATIONS, NO_MARK, SEED, SNAPSHOTS, USED, WORDS, Arrays
from graph.frame.columns.lists import (
    BY_APPLICATION,
    BY_EVENT,
    BY_HOLDER,
    BY_LABEL,
    BY_NODE,
    BY_STATUS,
    EVERYTHING,
    count_recorded,
    is_loan,
    last_mention,
    latest,
    snapshot_in_force,
)
from graph.frame.columns.pages import read_ahead
from graph.frame.columns.texts import A_PERSON, A_WORD, AN_APPLICATION, AN_IDENTIFIER
from graph.frame.views.people_order import PeopleOrder
from graph.frame.views.read import FactReader
from graph.frame.views.search import search
from graph.frame.views.snapshots import CachedSnapshot, CachedSnapshots, changes_in, in_turn
from graph.frame.views.tables import read_tables
from graph.model.moments import micros
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

_KIND = {kind: np.int64(code) for code, kind in enumerate(KINDS)}
_KINDS = frozenset(str(kind) for kind in KINDS)
_CAP = np.int64(COUNT_CAP)
_KEPT = 2  # ring snapshots at hand


class Frames(Protocol):
    """What a view asks of the frame: `graph.frame.frame.Frame` says what is answered."""

    zone: str
    cached: CachedSnapshots

    @property
    def seed(self) -> int: ...

    def reading(self, revision: int = 0, seed: int = 0) -> AbstractContextManager[Arrays]: ...


class FrameView(GraphView):
    """A GraphView over the frame. Every read raises FrameUnreadableError where the frame does not hold the
    view's revision any more, or was begun anew since.

    `otherwise` gives another view of the same, for who looks then; None where there is none.
    """

    def __init__(
        self,
        frame: Frames,
        as_of: datetime,
        recorded_by: int,
        otherwise: Callable[[], GraphView] | None = None,
    ) -> None:
        self.as_of, self.revision, self.zone = as_of, recorded_by, frame.zone
        self.otherwise = otherwise
        self._frame, self._seed = frame, frame.seed
        self._people: PeopleOrder | None = None
        self._as_of, self._mark = np.int64(micros(as_of)), np.int64(recorded_by)

    def arrays(self) -> AbstractContextManager[Arrays]:
        """The arrays that it reads, which nobody changes meanwhile: be quick. Raises FrameUnreadableError as
        every read does.
        """
        return self._frame.reading(self.revision, self._seed)

    @property
    def is_of_one_filling(self) -> bool:
        """Whether all that was read so far, names that are looked up later included, is of one filling."""
        return self._frame.seed == self._seed

    @contextmanager
    def _reading(self) -> Iterator[FactReader]:
        with self._arrays() as arrays:
            yield FactReader(arrays)

    def _arrays(self) -> AbstractContextManager[Arrays]:
        return self._frame.reading(self.revision, self._seed)

    def _latest(
        self, r: FactReader, order: np.int64, lists: Column, owner: int, limit: int = -1
    ) -> list[int]:
        """The rows of an owner's list of that order in this view, newest first."""
        if owner < 0:
            return []
        requested = EVERYTHING if limit < 0 else np.int64(limit)
        return list(latest(r.arrays, order, lists[owner], self._as_of, self._mark, requested).tolist())

    # -- facts

    def application(self, application_id: str) -> Application | None:
        with self._reading() as r:
            row = r.row(AN_APPLICATION, application_id)
            return r.application(row) if row >= 0 and self._is_loan(r, row) else None

    def applications(self, since: datetime) -> Iterator[Application]:
        with self._reading() as r:
            application = r.arrays.applications[: r.arrays.header[USED + APPLICATIONS]]
            rows = np.flatnonzero(
                (application["at"] >= micros(since))
                & (application["at"] < self._as_of)
                & (application["mark"] <= self._mark)
            )
            results = [r.application(row) for row in rows.tolist()]
        return iter(sorted(results, key=lambda a: (a.applied_at, a.application_id)))

    def applications_of(
        self, applicant_ids: Sequence[str], limit: int = 64
    ) -> Mapping[str, tuple[Application, ...]]:
        with self._reading() as r:
            lists = r.arrays.people["applications"]
            return {
                who: tuple(
                    map(r.application, self._latest(r, BY_APPLICATION, lists, r.row(A_PERSON, who), limit))
                )
                for who in applicant_ids
            }

    def applications_at(
        self, merchant_id: str | None, agent_id: str | None, limit: int = 64
    ) -> tuple[Application, ...]:
        place, lists = (merchant_id, "at") if merchant_id is not None else (agent_id, "through")
        if place is None:
            return ()
        with self._reading() as r:
            return tuple(
                map(
                    r.application,
                    self._latest(r, BY_APPLICATION, r.arrays.words[lists], r.row(A_WORD, place), limit),
                )
            )

    def events_of(self, applicant_ids: Sequence[str], limit: int = 128) -> Mapping[str, tuple[Event, ...]]:
        with self._reading() as r:
            lists = r.arrays.people["events"]
            return {
                who: tuple(map(r.event, self._latest(r, BY_EVENT, lists, r.row(A_PERSON, who), limit)))
                for who in applicant_ids
            }

    def dealings_of(self, applicant_ids: Sequence[str], limit: int = 64) -> Mapping[str, tuple[Event, ...]]:
        with self._reading() as r:
            lists = r.arrays.people["dealings"]
            results = {
                who: self._latest(r, BY_EVENT, lists, r.row(A_PERSON, who), limit) for who in applicant_ids
            }
            return {who: tuple(map(r.event, rows)) for who, rows in results.items() if rows}

    def outcomes_of(
        self, application_ids: Sequence[str], limit: int = OUTCOMES
    ) -> Mapping[str, tuple[Outcome, ...]]:
        with self._reading() as r:
            lists = r.arrays.applications["outcomes"]
            results = {
                loan: [*map(r.outcome, self._latest(r, BY_STATUS, lists, r.row(AN_APPLICATION, loan))[::-1])]
                for loan in application_ids
            }
        return {
            loan: tuple(steps if len(steps) <= limit else first_outcomes(steps))
            for loan, steps in results.items()
        }

    def labels_of(self, applicant_ids: Sequence[str], limit: int = LABELS) -> Mapping[str, tuple[Label, ...]]:
        with self._reading() as r:
            results = {who: self._labels(r, r.row(A_PERSON, who)) for who in applicant_ids}
        return {
            who: tuple(stated if len(stated) <= limit else decisive_labels(stated))
            for who, stated in results.items()
        }

    def _labels(self, r: FactReader, person: int) -> list[Label]:
        rows = self._latest(r, BY_LABEL, r.arrays.people["labels"], person)[::-1]
        about = r.arrays.labels["application"]
        return [r.label(row) for row in rows if about[row] < 0 or self._is_loan(r, about[row])]

    def _is_loan(self, r: FactReader, row: int) -> bool:
        return is_loan(r.arrays, np.int64(row), self._as_of, self._mark)

    # -- ties

    def ties_of(self, applicant_ids: Sequence[str], limit: int = 64) -> Mapping[str, tuple[Tie, ...]]:
        with self._reading() as r:
            results = {
                who: [
                    self._tie(r, row)
                    for row in self._latest(r, BY_NODE, r.arrays.people["ties"], r.row(A_PERSON, who))
                ]
                for who in applicant_ids
            }
        return {
            who: tuple(ties if len(ties) <= limit else _latest_of_each_kind(ties, limit))
            for who, ties in results.items()
        }

    def _tie(self, r: FactReader, row: int) -> Tie:
        return r.tie(row, last_mention(r.arrays, np.int64(row), self._as_of, self._mark))

    def holder_counts(self, identifiers: Sequence[Identifier]) -> Mapping[Identifier, int]:
        with self._reading() as r:
            return {i: self._count(r, _row(r, i)) for i in identifiers}

    def _count(self, r: FactReader, row: int) -> int:
        return (
            0
            if row < 0
            else int(
                count_recorded(
                    r.arrays, BY_HOLDER, r.arrays.identifiers["ties"][row], self._as_of, self._mark, _CAP
                )
            )
        )

    def holders_of(self, identifiers: Sequence[Identifier], limit: int = 24) -> Mapping[Identifier, Holders]:
        counts = self.holder_counts(identifiers)
        return {
            i: Holders(i, n, () if hub_reason(i, n) else self.latest_holders(i, limit))
            for i, n in counts.items()
        }

    def latest_holders(self, identifier: Identifier, limit: int) -> tuple[Tie, ...]:
        with self._reading() as r:
            rows = self._latest(r, BY_HOLDER, r.arrays.identifiers["ties"], _row(r, identifier), limit)
            return tuple([self._tie(r, row)._replace(identifier=identifier) for row in rows])

    # -- reference data

    def devices_of(self, identifiers: Sequence[Identifier]) -> Mapping[Identifier, Device]:
        with self._reading() as r:
            known = {i: row for i in identifiers if (row := _row(r, i)) >= 0}
            devices = {i: int(r.arrays.identifiers[row]["device"]) for i, row in known.items()}
            return {
                i: r.device(row, i)
                for i, row in devices.items()
                if row >= 0 and r.arrays.devices[row]["mark"] <= self._mark
            }

    def platforms(self) -> Mapping[str, Platform]:
        with self._reading() as r:
            marks = r.arrays.words[: r.arrays.header[USED + WORDS]]["platform_mark"]
            results = [
                r.platform(row) for row in np.flatnonzero((marks != NO_MARK) & (marks <= self._mark)).tolist()
            ]
        return {p.platform_id: p for p in sorted(results, key=lambda p: p.platform_id)}

    def merchants_of(self, merchant_ids: Sequence[str]) -> Mapping[str, Merchant]:
        with self._reading() as r:
            rows = {place: r.row(A_WORD, place) for place in merchant_ids}
            marks = r.arrays.words["merchant_mark"]
            return {
                place: r.merchant(row)
                for place, row in rows.items()
                if row >= 0 and marks[row] <= self._mark and marks[row] != NO_MARK
            }

    def identifier(self, node: str) -> Identifier | None:
        kind, _, token = node.partition(":")
        if kind not in _KINDS:
            return None
        with self._reading() as r:
            row = _row(r, Identifier(IdentifierKind(kind), token))
            return None if row < 0 else r.identifier(row)

    def search(self, text: str, limit: int = 20) -> tuple[SearchHit, ...]:
        snapshot = self.rings()
        with self._reading() as r:
            return search(
                r,
                text.strip(),
                (self._as_of, self._mark, limit),
                [ring.ring_id for ring in snapshot.rings] if snapshot else [],
            )

    # -- rings

    def rings(self) -> RingSnapshot | None:
        snapshot = self._in_force()
        return snapshot.snapshot if snapshot else None

    def rings_in_turn(self) -> RingsInTurn | None:
        with self._reading() as r:
            row = self._row_in_force(r)
            return None if row < 0 else in_turn(r.arrays, row, self._arrays)

    def change_of(self, ring_id: str) -> RingChange | None:
        with self._reading() as r:
            row = self._row_in_force(r)
        return None if row < 0 else changes_in(row, self._arrays).of(ring_id)

    def memberships_of(self, applicant_ids: Sequence[str]) -> Mapping[str, Membership]:
        snapshot = self._in_force()
        return (
            {who: snapshot.members[who] for who in applicant_ids if who in snapshot.members}
            if snapshot
            else {}
        )

    def ring(self, ring_id: str) -> Ring | None:
        snapshot = self._in_force()
        return snapshot.rings.get(ring_id) if snapshot else None

    def _row_in_force(self, r: FactReader) -> int:
        return int(snapshot_in_force(r.arrays, r.arrays.header[USED + SNAPSHOTS], self._as_of, self._mark))

    def _in_force(self) -> CachedSnapshot | None:
        """The snapshot in force, which the frame caches."""
        with self._reading() as r:
            row = self._row_in_force(r)
            if row < 0:
                return None
            kept, mark = self._frame.cached, int(r.arrays.snapshots[row]["mark"])
            which = (int(r.arrays.header[SEED]), row, mark)
            result = kept.get(which)
            if result is None:
                if len(kept) >= _KEPT:
                    kept.clear()
                result = kept[which] = CachedSnapshot.of(r.arrays, row)
        return result

    # -- batches

    def tables(self, within: PeopleRange | None = None) -> Tables:
        return self._tables(within, tokens=False)

    def tables_with_tokens(self, within: PeopleRange | None = None) -> Tables:
        return self._tables(within, tokens=True)

    def _tables(self, within: PeopleRange | None, *, tokens: bool) -> Tables:
        with self._reading() as r, read_ahead(r.arrays):
            inside = None if within is None else self._people_in_order(r).inside(r, within)
            return read_tables(r, (int(self._as_of), int(self._mark)), self.zone, inside, tokens=tokens)

    def people_ranges(self, size: int) -> Iterator[PeopleRange]:
        with self._reading() as r:
            ranges = tuple(self._people_in_order(r).ranges(r, size))
        yield from ranges

    def _people_in_order(self, r: FactReader) -> PeopleOrder:
        """All names are put in order once."""
        if self._people is None:
            self._people = PeopleOrder(r)
        return self._people


def _row(r: FactReader, identifier: Identifier) -> int:
    return r.row(AN_IDENTIFIER, identifier.token, _KIND[identifier.kind])


def _latest_of_each_kind(ties: Sequence[Tie], limit: int) -> list[Tie]:
    counts = Counter[IdentifierKind]()
    kept = []
    for tie in ties:
        counts[tie.identifier.kind] += 1
        if counts[tie.identifier.kind] <= limit:
            kept.append(tie)
    return kept
