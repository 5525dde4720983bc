"""Cases in the casebook: opened by jobs and people, listed, read with their whole history."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from graph.model.errors import InputError, UnknownCaseError
from graph.model.moments import micros, moment
from investigations.casebook.engine import Engines
from investigations.casebook.tables import CASE_EVENTS, CASE_WORK, CASES, PERSON_VERDICTS, VERDICTS
from investigations.cases import Case, CaseEvent, CaseFilter, CaseState, NewCase, Verdict, VerdictValue

LOOKED_AT = "looked_at"  # the kind of an event that changes nothing
_WITH_WORK = sa.select(CASES, CASE_WORK.c.assignee, CASE_WORK.c.exposure, CASE_WORK.c.probability).join(
    CASE_WORK, CASE_WORK.c.case_id == CASES.c.case_id
)


class CaseFiles:
    """The cases in a casebook."""

    def __init__(self, engines: Engines) -> None:
        self._engines = engines

    def open_case(self, about: NewCase, *, at: datetime, by: str) -> tuple[str, bool]:
        """The id of the case about that ring or applicant, and whether it was opened now: who has an open
        case gets no second one.

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
            statement = (
                insert(CASES)
                .values(values)
                .on_conflict_do_nothing()
                .execution_options(preserve_rowcount=True)
            )
            if connection.execute(statement).rowcount:
                connection.execute(
                    sa.insert(CASE_WORK).values(
                        case_id=case_id, exposure=about.exposure, probability=about.probability
                    )
                )
                connection.execute(
                    sa.insert(CASE_EVENTS), step(case_id, at, by, "opened", CaseState.PENDING, about.reason)
                )
                return case_id, True
            subject = (
                CASES.c.ring_id == about.ring_id
                if about.ring_id
                else CASES.c.applicant_id == about.applicant_id
            )
            known = connection.execute(
                sa.select(CASES.c.case_id).where(subject, CASES.c.state != CaseState.CLOSED.value)
            ).scalar_one()
            return str(known), False

    def note_case_of_ring(self, ring_id: str, note: tuple[str, str], *, at: datetime, by: str) -> None:
        """Write (kind, text) into the history of that ring's open case, if it has one; the case stays as it
        is. The same twice is once.
        """
        with self._engines.writing() as connection:
            open_ones = sa.select(CASES.c.case_id, CASES.c.state).where(
                CASES.c.ring_id == ring_id, CASES.c.state != CaseState.CLOSED.value
            )
            for case_id, state in connection.execute(open_ones).all():
                stated = (
                    (CASE_EVENTS.c.case_id == case_id)
                    & (CASE_EVENTS.c.kind == note[0])
                    & (CASE_EVENTS.c.note == note[1])
                )
                if connection.execute(sa.select(CASE_EVENTS.c.case_id).where(stated)).first() is None:
                    connection.execute(
                        sa.insert(CASE_EVENTS), step(case_id, at, by, note[0], CaseState(state), note[1])
                    )

    def case(self, case_id: str) -> Case:
        """A case with its history. Raises UnknownCaseError."""
        with self._engines.reading() as connection:
            row = connection.execute(_WITH_WORK.where(CASES.c.case_id == case_id)).mappings().first()
            if row is None:
                raise UnknownCaseError(f"no case {case_id}")
            steps = connection.execute(
                sa.select(CASE_EVENTS)
                .where(CASE_EVENTS.c.case_id == case_id)
                .order_by(CASE_EVENTS.c.position)
            )
            events = tuple(_event(step) for step in steps.mappings())
            result = connection.execute(
                sa.select(VERDICTS).where(VERDICTS.c.case_id == case_id).order_by(VERDICTS.c.position)
            )
            verdicts = verdicts_of(connection, result.mappings().all())
        return _case(row, events, verdicts)

    def queue(self, wanted: CaseFilter, limit: int = 100, offset: int = 0) -> tuple[int, tuple[Case, ...]]:
        """How many cases are wanted, and a page of them without their histories: by what is at stake, then
        the oldest first.
        """
        chosen = [
            column == value
            for column, value in (
                (CASES.c.state, wanted.state),
                (CASE_WORK.c.assignee, wanted.assignee),
                (CASES.c.ring_id, wanted.ring_id),
                (CASES.c.applicant_id, wanted.applicant_id),
            )
            if value is not None
        ]
        query = _WITH_WORK.where(*chosen)
        page = query.order_by(
            (CASE_WORK.c.exposure * CASE_WORK.c.probability).desc(), CASES.c.opened_at, CASES.c.case_id
        )
        with self._engines.reading() as connection:
            total = connection.execute(sa.select(sa.func.count()).select_from(query.subquery())).scalar_one()
            rows = connection.execute(page.limit(limit).offset(offset)).mappings().all()
        return total, tuple(_case(row) for row in rows)

    def open_case_of_ring(self, ring_id: str) -> Case | None:
        """The case about that ring that is not closed yet, without its history."""
        query = _WITH_WORK.where(CASES.c.ring_id == ring_id, CASES.c.state != CaseState.CLOSED.value)
        with self._engines.reading() as connection:
            row = connection.execute(query).mappings().first()
        return _case(row) if row is not None else None

    def had_case_of_ring(self, ring_id: str) -> bool:
        """Whether there ever was a case about that ring, open or closed."""
        with self._engines.reading() as connection:
            return (
                connection.execute(
                    sa.select(CASES.c.case_id).where(CASES.c.ring_id == ring_id).limit(1)
                ).first()
                is not None
            )


def step(
    case_id: str, at: datetime, by: str, kind: str, state: CaseState, note: str | None
) -> dict[str, Any]:
    """A row of the history of a case."""
    return {"case_id": case_id, "at": micros(at), "by": by, "kind": kind, "state": state.value, "note": note}


def verdicts_of(connection: sa.Connection, rows: Sequence[Any]) -> tuple[Verdict, ...]:
    """The verdicts in those rows, each with what it says of people."""
    query = sa.select(PERSON_VERDICTS).where(PERSON_VERDICTS.c.verdict.in_([row["position"] for row in rows]))
    people: dict[int, dict[str, VerdictValue]] = {}
    for one in connection.execute(query.order_by(PERSON_VERDICTS.c.position)).mappings() if rows else ():
        people.setdefault(one["verdict"], {})[one["applicant_id"]] = VerdictValue(one["value"])
    return tuple(
        Verdict(
            at=moment(row["at"]),
            by=row["by"],
            value=VerdictValue(row["value"]),
            note=row["note"],
            people=people.get(row["position"], {}),
        )
        for row in rows
    )


def _event(row: Any) -> CaseEvent:
    return CaseEvent(
        at=moment(row["at"]),
        by=row["by"],
        kind=row["kind"],
        state=CaseState(row["state"]),
        note=row["note"],
        position=row["position"],
    )


def _case(row: Any, events: tuple[CaseEvent, ...] = (), verdicts: tuple[Verdict, ...] = ()) -> Case:
    about = NewCase(
        reason=row["reason"],
        ring_id=row["ring_id"],
        snapshot=row["snapshot"],
        applicant_id=row["applicant_id"],
        assessment_id=row["assessment_id"],
        reason_codes=tuple(row["reason_codes"].split()),
        exposure=row["exposure"],
        probability=row["probability"],
    )
    version = max((one.position for one in events if one.kind != LOOKED_AT), default=0)
    return Case(
        case_id=row["case_id"],
        about=about,
        opened_at=moment(row["opened_at"]),
        state=CaseState(row["state"]),
        assignee=row["assignee"],
        version=version,
        events=events,
        verdicts=verdicts,
    )
