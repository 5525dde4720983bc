"""Cases and verdicts in the casebook: opened by jobs and people, moved forward, concluded; every step is kept."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from graph.model.errors import ConflictError, InputError, NotFoundError
from graph.model.moments import micros, moment
from investigations.casebook.engine import Engines
from investigations.casebook.tables import CASE_EVENTS, CASES, VERDICTS
from investigations.cases import Case, CaseEvent, CaseState, NewCase, Verdict, VerdictValue


class CaseFiles:
    """The cases in a casebook."""

    def __init__(self, engines: Engines) -> None:
        self._engines = engines

    def open_case(self, about: NewCase, *, at: datetime, by: str) -> tuple[str, bool]:
        """The id of the case about that ring or applicant, and whether it was opened now: who has an open case gets no second one.

        Raises InputError when `about` names neither a ring nor an applicant, or both.
        """
        if (about.ring_id is None) == (about.applicant_id is None):
            raise InputError("a case is about a ring or about an applicant: name one of the two")
        case_id = f"C-{micros(at):x}-{secrets.token_hex(4)}"
        values = {
            "case_id": case_id,
            "opened_at": micros(at),
            "state": CaseState.PENDING.value,
            "reason": about.reason,
            "ring_id": about.ring_id,
            "snapshot": about.snapshot,
            "applicant_id": about.applicant_id,
            "assessment_id": about.assessment_id,
            "reason_codes": " ".join(about.reason_codes),
        }
        with self._engines.writing() as connection:
            insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
            statement = insert(CASES).values(values).on_conflict_do_nothing().execution_options(preserve_rowcount=True)
            if connection.execute(statement).rowcount:
                connection.execute(sa.insert(CASE_EVENTS), _step(case_id, at, by, "opened", CaseState.PENDING, about.reason))
                return case_id, True
            subject = CASES.c.ring_id == about.ring_id if about.ring_id else CASES.c.applicant_id == about.applicant_id
            known = connection.execute(sa.select(CASES.c.case_id).where(subject, CASES.c.state != CaseState.CLOSED.value)).scalar_one()
            return str(known), False

    def move_case(self, case_id: str, state: CaseState, *, at: datetime, by: str, note: str | None = None) -> None:
        """Take a case a step further. Raises NotFoundError, or ConflictError for a step backwards or out of `closed`."""
        with self._engines.writing() as connection:
            # The update comes first: it takes the write lock, so that what is checked next is still true when it is kept.
            before = [s.value for s in CaseState if s.may_become(state)]
            update = sa.update(CASES).where(CASES.c.case_id == case_id, CASES.c.state.in_(before)).values(state=state.value)
            if connection.execute(update).rowcount == 0:
                now = connection.execute(sa.select(CASES.c.state).where(CASES.c.case_id == case_id)).scalar()
                if now is None:
                    raise NotFoundError(f"no case {case_id}")
                raise ConflictError(f"case {case_id} is {now}: it cannot become {state}")
            connection.execute(sa.insert(CASE_EVENTS), _step(case_id, at, by, "moved", state, note))

    def note_case_of_ring(self, ring_id: str, note: tuple[str, str], *, at: datetime, by: str) -> None:
        """Write (kind, text) into the history of that ring's open case, if it has one; the case stays as it is. The same twice is once."""
        with self._engines.writing() as connection:
            open_ones = sa.select(CASES.c.case_id, CASES.c.state).where(CASES.c.ring_id == ring_id, CASES.c.state != CaseState.CLOSED.value)
            for case_id, state in connection.execute(open_ones).all():
                said = (CASE_EVENTS.c.case_id == case_id) & (CASE_EVENTS.c.kind == note[0]) & (CASE_EVENTS.c.note == note[1])
                if connection.execute(sa.select(CASE_EVENTS.c.case_id).where(said)).first() is None:
                    connection.execute(sa.insert(CASE_EVENTS), _step(case_id, at, by, note[0], CaseState(state), note[1]))

    def conclude(self, case_id: str, verdict: Verdict) -> None:
        """Write a person's verdict down. It closes nothing and replaces nothing: the latest one holds. Raises NotFoundError."""
        with self._engines.writing() as connection:
            row = {
                "case_id": case_id,
                "at": micros(verdict.at),
                "by": verdict.by,
                "value": verdict.value.value,
                "note": verdict.note,
            }
            connection.execute(sa.insert(VERDICTS), row)
            if connection.execute(sa.select(CASES.c.case_id).where(CASES.c.case_id == case_id)).first() is None:
                raise NotFoundError(f"no case {case_id}")

    def case(self, case_id: str) -> Case:
        """A case with its history. Raises NotFoundError."""
        with self._engines.reading() as connection:
            row = connection.execute(sa.select(CASES).where(CASES.c.case_id == case_id)).mappings().first()
            if row is None:
                raise NotFoundError(f"no case {case_id}")
            steps = connection.execute(sa.select(CASE_EVENTS).where(CASE_EVENTS.c.case_id == case_id).order_by(CASE_EVENTS.c.position))
            events = tuple(_event(step) for step in steps.mappings())
            found = connection.execute(sa.select(VERDICTS).where(VERDICTS.c.case_id == case_id).order_by(VERDICTS.c.position))
            verdicts = tuple(_verdict(one) for one in found.mappings())
        return _case(row, events, verdicts)

    def cases(self, state: CaseState | None = None, limit: int = 100) -> tuple[Case, ...]:
        """The latest cases, newest first, without their histories."""
        query = sa.select(CASES).order_by(CASES.c.opened_at.desc(), CASES.c.case_id).limit(limit)
        if state is not None:
            query = query.where(CASES.c.state == state.value)
        with self._engines.reading() as connection:
            return tuple(_case(row) for row in connection.execute(query).mappings())

    def open_case_of_ring(self, ring_id: str) -> Case | None:
        """The case about that ring that is not closed yet, without its history."""
        query = sa.select(CASES).where(CASES.c.ring_id == ring_id, CASES.c.state != CaseState.CLOSED.value)
        with self._engines.reading() as connection:
            row = connection.execute(query).mappings().first()
        return _case(row) if row is not None else None

    def had_case_of_ring(self, ring_id: str) -> bool:
        """Whether there ever was a case about that ring, open or closed."""
        with self._engines.reading() as connection:
            return connection.execute(sa.select(CASES.c.case_id).where(CASES.c.ring_id == ring_id).limit(1)).first() is not None


def _step(case_id: str, at: datetime, by: str, kind: str, state: CaseState, note: str | None) -> dict[str, Any]:
    return {"case_id": case_id, "at": micros(at), "by": by, "kind": kind, "state": state.value, "note": note}


def _event(row: Any) -> CaseEvent:
    return CaseEvent(at=moment(row["at"]), by=row["by"], kind=row["kind"], state=CaseState(row["state"]), note=row["note"])


def _verdict(row: Any) -> Verdict:
    return Verdict(at=moment(row["at"]), by=row["by"], value=VerdictValue(row["value"]), note=row["note"])


def _case(row: Any, events: tuple[CaseEvent, ...] = (), verdicts: tuple[Verdict, ...] = ()) -> Case:
    about = NewCase(
        reason=row["reason"],
        ring_id=row["ring_id"],
        snapshot=row["snapshot"],
        applicant_id=row["applicant_id"],
        assessment_id=row["assessment_id"],
        reason_codes=tuple(row["reason_codes"].split()),
    )
    return Case(
        case_id=row["case_id"], about=about, opened_at=moment(row["opened_at"]), state=CaseState(row["state"]), events=events, verdicts=verdicts
    )
