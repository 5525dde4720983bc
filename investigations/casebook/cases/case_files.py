"""Cases in the casebook: opened by jobs and people, listed, read with their whole history."""

from __future__ import annotations

import secrets
from datetime import datetime
from functools import partial
from typing import Any

import sqlalchemy as sa

from graph.model.errors import InputError, UnknownCaseError
from graph.model.moments import micros
from investigations.casebook.cases.case_rows import (
    WITH_WORK,
    attachments_of,
    case_of,
    event_of,
    lenders_of,
    proposal_of,
    step,
    verdicts_of,
)
from investigations.casebook.engine import Engines, Prepared, Run, inserted, prepared
from investigations.casebook.tables.case_tables import (
    ATTACHMENTS,
    CASE_EVENTS,
    CASE_LENDERS,
    CASE_RANKS,
    CASE_TERMS,
    CASE_WORK,
    CASES,
    VERDICTS,
)
from investigations.cases import Attachment, Case, CasePriority, CaseState, NewCase, Verdict


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
        with self._engines.running() as run:
            if run(_CASE, values).rowcount:
                _begin(run, case_id, about, at, by)
                return case_id, True
            known = (
                run(_OPEN_OF_RING, {"subject": about.ring_id})
                if about.ring_id
                else run(_OPEN_OF_APPLICANT, {"subject": about.applicant_id})
            )
            return str(known.fetchone()[0]), False

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
            row = connection.execute(WITH_WORK.where(CASES.c.case_id == case_id)).mappings().first()
            if row is None:
                raise UnknownCaseError(f"no case {case_id}")
            steps = connection.execute(
                sa.select(CASE_EVENTS)
                .where(CASE_EVENTS.c.case_id == case_id)
                .order_by(CASE_EVENTS.c.position)
            )
            events = tuple(event_of(step) for step in steps.mappings())
            result = connection.execute(
                sa.select(VERDICTS).where(VERDICTS.c.case_id == case_id).order_by(VERDICTS.c.position)
            )
            verdicts = verdicts_of(connection, result.mappings().all())
            lenders = lenders_of(connection, [case_id]).get(case_id, ())
            proposed = _waiting(proposal_of(connection, case_id), verdicts)
            attachments = attachments_of(connection, case_id)
        return case_of(row, lenders, events, verdicts=verdicts, proposed=proposed, attachments=attachments)

    def attachment(self, case_id: str, attachment_id: int) -> tuple[Attachment, bytes]:
        """A file that was put to a case, with its content. Raises UnknownCaseError where it has no such."""
        query = sa.select(ATTACHMENTS.c.content).where(
            ATTACHMENTS.c.case_id == case_id, ATTACHMENTS.c.position == attachment_id
        )
        with self._engines.reading() as connection:
            content = connection.execute(query).scalar()
            listed = {one.attachment_id: one for one in attachments_of(connection, case_id)}
        if content is None:
            raise UnknownCaseError(f"case {case_id} has no attachment {attachment_id}")
        return listed[attachment_id], bytes(content)

    def open_case_of_ring(self, ring_id: str) -> Case | None:
        """The case about that ring that is not closed yet, without its history."""
        query = WITH_WORK.where(CASES.c.ring_id == ring_id, CASES.c.state != CaseState.CLOSED.value)
        with self._engines.reading() as connection:
            row = connection.execute(query).mappings().first()
        return case_of(row) if row is not None else None

    def has_open_case(self, applicant_id: str) -> bool:
        """Whether there is a case about that applicant that is not closed."""
        return self._engines.row(_OPEN_OF_APPLICANT, {"subject": applicant_id}) is not None

    def had_case_of_ring(self, ring_id: str) -> bool:
        """Whether there ever was a case about that ring, open or closed."""
        with self._engines.reading() as connection:
            return (
                connection.execute(
                    sa.select(CASES.c.case_id).where(CASES.c.ring_id == ring_id).limit(1)
                ).first()
                is not None
            )


def _begin(run: Run, case_id: str, about: NewCase, at: datetime, by: str) -> None:
    """The rows of a new case beside its own."""
    work = {"case_id": case_id, "exposure": about.exposure, "probability": about.probability or 0.0}
    run(_WORK, work | {"assignee": None})
    run(_TERMS, {"case_id": case_id, "kind": about.kind.value, "due_at": micros(at + about.due)})
    rank = CasePriority.NORMAL.rank
    run(_RANK, {"case_id": case_id, "priority": rank, "expected_loss": about.expected_loss})
    for lender in sorted(set(about.lenders)):
        run(_LENDER, {"case_id": case_id, "lender": lender})
    run(_STEP, step(case_id, at, by, "opened", CaseState.PENDING, about.reason))


def _waiting(proposed: Verdict | None, verdicts: tuple[Verdict, ...]) -> Verdict | None:
    """A proposed verdict, as long as no verdict came after it."""
    return None if proposed and verdicts and verdicts[-1].at >= proposed.at else proposed


def _new_case(insert: Any) -> Any:
    """A case, unless one about the same is open: then no row is written."""
    new = inserted(insert, CASES).on_conflict_do_nothing()
    return new.execution_options(preserve_rowcount=True)


def _open_of(subject: sa.Column[Any]) -> Prepared:
    query = sa.select(CASES.c.case_id).where(subject == sa.bindparam("subject"), sa.text("state <> 'closed'"))
    return prepared(lambda _: query)  # an index lets there be one at most


_CASE, _OPEN_OF_RING, _OPEN_OF_APPLICANT = (
    prepared(_new_case),
    _open_of(CASES.c.ring_id),
    _open_of(CASES.c.applicant_id),
)
_WORK, _TERMS, _RANK, _LENDER = (
    prepared(partial(inserted, table=table)) for table in (CASE_WORK, CASE_TERMS, CASE_RANKS, CASE_LENDERS)
)
_STEP = prepared(lambda insert: inserted(insert, CASE_EVENTS, "case_id", "at", "by", "kind", "state", "note"))
