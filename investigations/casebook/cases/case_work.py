"""Work on cases: noted, concluded and closed by people, each step against the version of the case that
they saw.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from math import inf
from typing import Any

import orjson
import sqlalchemy as sa

from graph.model.errors import ConflictError, UnknownCaseError
from graph.model.moments import micros
from graph.model.types import Label
from investigations.casebook.cases.case_handing import CaseHanding
from investigations.casebook.cases.case_rows import LOOKED_AT, proposal_of, step, verdicts_of
from investigations.casebook.cases.case_steps import steps_after, was_done, what_forbids
from investigations.casebook.message_files import owe_messages
from investigations.casebook.tables.case_tables import (
    CASE_EVENTS,
    CASE_TERMS,
    CASE_WORK,
    CASES,
    OWED_LABELS,
    PERSON_VERDICTS,
    PROPOSALS,
    VERDICTS,
)
from investigations.cases import Case, CaseState, Verdict, VerdictValue
from investigations.watch.messages import Message, MessageType, utc


class CaseWork(CaseHanding):
    """What investigators do with the cases of a casebook. `version` is the one of the case that they saw.

    Every method raises UnknownCaseError for a case that is not there, CaseChangedError where somebody has
    changed it since, and ConflictError where it is closed; then nothing was done. The same step sent again by
    the same person, nothing else in between, is done once.
    """

    def look_at(self, case_id: str, *, at: datetime, by: str, note: str | None = None) -> Case:
        """A case with its history, and a line in it that somebody looked; `note` says at what, where that is
        not the case itself.
        """
        with self._engines.writing() as connection:
            state = connection.execute(sa.select(CASES.c.state).where(CASES.c.case_id == case_id)).scalar()
            if state is None:
                raise UnknownCaseError(f"no case {case_id}")
            connection.execute(
                sa.insert(CASE_EVENTS), step(case_id, at, by, LOOKED_AT, CaseState(state), note)
            )
        return self.case(case_id)

    def add_note(self, case_id: str, note: str, *, at: datetime, by: str) -> Case:
        """Write a note into the history of a case, whatever others write meanwhile."""
        with self._engines.writing() as connection:
            self._lock(connection, case_id)
            state = self._hold(connection, case_id, None)
            connection.execute(sa.insert(CASE_EVENTS), step(case_id, at, by, "note", state, note))
        return self.case(case_id)

    def set_due(self, case_id: str, due_at: datetime, version: int, *, at: datetime, by: str) -> Case:
        """Say by when a case should be concluded."""
        note = due_at.isoformat()
        with self._engines.writing() as connection:
            self._lock(connection, case_id)
            if not self._was_done(connection, case_id, version, (by, "due", note)):
                state = self._hold(connection, case_id, version)
                terms = sa.update(CASE_TERMS).where(CASE_TERMS.c.case_id == case_id)
                connection.execute(terms.values(due_at=micros(due_at)))
                connection.execute(sa.insert(CASE_EVENTS), step(case_id, at, by, "due", state, note))
        return self.case(case_id)

    def give_verdict(
        self,
        case_id: str,
        verdict: Verdict,
        version: int,
        *,
        second_above: float = inf,
        confirms: bool = True,
    ) -> Case:
        """Conclude: the verdict is kept beside those before it, and what it says of people is owed to the
        graph store as labels.

        Above an exposure of `second_above` it is proposed, and counts once another person, who `confirms`,
        has come to the same.
        """
        with self._engines.writing() as connection:
            self._lock(connection, case_id)
            if not self._was_concluded(connection, case_id, verdict, version):
                state = self._hold(connection, case_id, version)
                alone = self._needs_no_second(connection, case_id, second_above)
                if alone or (confirms and _confirmed(connection, case_id, verdict)):
                    self._conclude(connection, case_id, verdict, state)
                else:
                    _propose(connection, case_id, verdict, state)
        return self.case(case_id)

    def close_case(
        self, case_id: str, version: int, *, at: datetime, by: str, note: str | None = None
    ) -> Case:
        """Close a case that has a verdict. Raises ConflictError for one without."""
        with self._engines.writing() as connection:
            self._lock(connection, case_id)
            if not self._was_done(connection, case_id, version, (by, "closed", note)):
                self._hold(connection, case_id, version)
                if (
                    connection.execute(
                        sa.select(VERDICTS.c.position).where(VERDICTS.c.case_id == case_id).limit(1)
                    ).first()
                    is None
                ):
                    raise ConflictError(f"case {case_id} has no verdict yet: conclude it before it is closed")
                connection.execute(
                    sa.update(CASES).where(CASES.c.case_id == case_id).values(state=CaseState.CLOSED.value)
                )
                connection.execute(
                    sa.insert(CASE_EVENTS), step(case_id, at, by, "closed", CaseState.CLOSED, note)
                )
                owe_messages(connection, [self._closed(connection, case_id, at)])
        return self.case(case_id)

    def owed_labels(self, limit: int) -> tuple[tuple[int, tuple[Label, ...]], ...]:
        """Verdicts whose labels are owed to the graph store, oldest first: the verdict's position and its
        labels.
        """
        query = (
            sa.select(VERDICTS)
            .join(OWED_LABELS, OWED_LABELS.c.verdict == VERDICTS.c.position)
            .order_by(VERDICTS.c.position)
            .limit(limit)
        )
        with self._engines.reading() as connection:
            rows = connection.execute(query).mappings().all()
            return tuple(
                (row["position"], verdict.labels(row["case_id"]))
                for row, verdict in zip(rows, verdicts_of(connection, rows), strict=True)
            )

    def owes_labels(self, case_id: str) -> bool:
        """Whether labels of the verdicts of a case have not reached the graph store."""
        query = sa.select(OWED_LABELS.c.verdict).join(VERDICTS, OWED_LABELS.c.verdict == VERDICTS.c.position)
        with self._engines.reading() as connection:
            return connection.execute(query.where(VERDICTS.c.case_id == case_id).limit(1)).first() is not None

    def labels_delivered(self, verdicts: Sequence[int]) -> None:
        """The labels of those verdicts are in the graph store."""
        with self._engines.writing() as connection:
            connection.execute(sa.delete(OWED_LABELS).where(OWED_LABELS.c.verdict.in_(verdicts)))

    def _needs_no_second(self, connection: sa.Connection, case_id: str, second_above: float) -> bool:
        exposure = sa.select(CASE_WORK.c.exposure).where(CASE_WORK.c.case_id == case_id)
        return float(connection.execute(exposure).scalar_one()) <= second_above

    def _conclude(self, connection: sa.Connection, case_id: str, verdict: Verdict, state: CaseState) -> None:
        insert = sa.insert(VERDICTS).values(_columns(case_id, verdict)).returning(VERDICTS.c.position)
        position = connection.execute(insert).scalar_one()
        people = [
            {"case_id": case_id, "verdict": position, "applicant_id": applicant, "value": value.value}
            for applicant, value in sorted(verdict.people.items())
        ]
        if people:
            connection.execute(sa.insert(PERSON_VERDICTS), people)
        if verdict.labels(case_id):
            connection.execute(sa.insert(OWED_LABELS).values(verdict=position))
        connection.execute(
            sa.insert(CASE_EVENTS),
            step(case_id, verdict.at, verdict.by, "verdict", state, verdict.value.value),
        )

    def _closed(self, connection: sa.Connection, case_id: str, at: datetime) -> Message:
        """What others are told of a case that was closed: what it was about, and what it came to."""
        case = connection.execute(sa.select(CASES).where(CASES.c.case_id == case_id)).mappings().one()
        given = sa.select(VERDICTS.c.value).where(VERDICTS.c.case_id == case_id)
        verdict: VerdictValue | None = None
        for value in connection.execute(given.order_by(VERDICTS.c.position)).scalars():
            verdict = VerdictValue(value).after(verdict)
        data = {name: case[name] for name in ("case_id", "reason", "ring_id", "applicant_id")}
        data |= {"closed_at": utc(at), "verdict": verdict}
        return Message(
            type=MessageType.CASE_CLOSED, subject=f"case:{case_id}", cause="closed", at=at, data=data
        )

    def _lock(self, connection: sa.Connection, case_id: str) -> None:
        """Nobody else changes the case until the transaction ends: an update that changes nothing, for SQLite
        locks at the first write only.
        """
        if (
            connection.execute(
                sa.update(CASES).where(CASES.c.case_id == case_id).values(state=CASES.c.state)
            ).rowcount
            == 0
        ):
            raise UnknownCaseError(f"no case {case_id}")

    def _hold(self, connection: sa.Connection, case_id: str, version: int | None) -> CaseState:
        """The state of a locked case that is as of that version and not closed."""
        state = connection.execute(sa.select(CASES.c.state).where(CASES.c.case_id == case_id)).scalar_one()
        last = steps_after(connection, {case_id: version}) if version is not None else {}
        if (error := what_forbids(case_id, CaseState(state), last.get(case_id, ()))) is not None:
            raise error
        return CaseState(state)

    def _was_done(
        self, connection: sa.Connection, case_id: str, version: int, done: tuple[str, str, str | None]
    ) -> bool:
        """Whether that step is the first one after the version already."""
        return was_done(steps_after(connection, {case_id: version}).get(case_id, ()), done)

    def _was_concluded(self, connection: sa.Connection, case_id: str, verdict: Verdict, version: int) -> bool:
        """Whether the first step after the version is that verdict, on the same people, already."""
        value = verdict.value.value
        if self._was_done(connection, case_id, version, (verdict.by, "proposed", value)):
            first = proposal_of(connection, case_id)
            return first is not None and (first.by, first.note, first.people) == (
                verdict.by,
                verdict.note,
                dict(verdict.people),
            )
        if not self._was_done(connection, case_id, version, (verdict.by, "verdict", value)):
            return False
        done = steps_after(connection, {case_id: version})[case_id][0]
        query = sa.select(VERDICTS).where(
            VERDICTS.c.case_id == case_id, VERDICTS.c.at == done.at, VERDICTS.c.by == verdict.by
        )
        rows = connection.execute(query.order_by(VERDICTS.c.position)).mappings().all()
        return any(
            (one.note, one.people) == (verdict.note, dict(verdict.people))
            for one in verdicts_of(connection, rows)
        )


def _confirmed(connection: sa.Connection, case_id: str, verdict: Verdict) -> bool:
    """Whether somebody else came to the same last."""
    first = proposal_of(connection, case_id)
    return (
        first is not None
        and first.by != verdict.by
        and (first.value, dict(first.people)) == (verdict.value, dict(verdict.people))
    )


def _columns(case_id: str, verdict: Verdict) -> dict[str, Any]:
    """What a verdict and a proposal of one have in common."""
    return {
        "case_id": case_id,
        "at": micros(verdict.at),
        "by": verdict.by,
        "value": verdict.value.value,
        "note": verdict.note,
    }


def _propose(connection: sa.Connection, case_id: str, verdict: Verdict, state: CaseState) -> None:
    people = {person: value.value for person, value in sorted(verdict.people.items())}
    values = _columns(case_id, verdict) | {"people": orjson.dumps(people).decode()}
    connection.execute(sa.insert(PROPOSALS), values)
    connection.execute(
        sa.insert(CASE_EVENTS),
        step(case_id, verdict.at, verdict.by, "proposed", state, verdict.value.value),
    )
