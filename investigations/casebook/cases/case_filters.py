"""Which cases of a queue are wanted, and in what order, as conditions and columns of a query."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from graph.model.moments import micros
from investigations.casebook.tables.answer_tables import ASSESSMENTS
from investigations.casebook.tables.case_tables import (
    CASE_LENDERS,
    CASE_RANKS,
    CASE_TERMS,
    CASE_WORK,
    CASES,
    PERSON_VERDICTS,
)
from investigations.cases import CaseColumn, CaseFilter, CaseSort, CaseState, Sought

Conditions = list[tuple[sa.Table, Any]]
_CLOSED = CaseState.CLOSED.value
# An expression and not the column: SQLite would else begin with the cases of a state, which are many, and
# sort them all, where an index brings the first page in its order.
_STATE = CASES.c.state + ""
_NUMBERS: dict[CaseColumn, sa.Column[Any]] = {
    CaseColumn.EXPECTED_LOSS: CASE_RANKS.c.expected_loss,
    CaseColumn.EXPOSURE: CASE_WORK.c.exposure,
    CaseColumn.PROBABILITY: CASE_WORK.c.probability,
    CaseColumn.OPENED_AT: CASES.c.opened_at,
    CaseColumn.DUE_AT: CASE_TERMS.c.due_at,
}
_TEXTS: dict[CaseColumn, Any] = {
    CaseColumn.SUBJECT: sa.func.coalesce(CASES.c.ring_id, CASES.c.applicant_id),
    CaseColumn.KIND: CASE_TERMS.c.kind,
    CaseColumn.STATE: CASES.c.state,
    CaseColumn.REASON: CASES.c.reason,
}


def conditions(wanted: CaseFilter, *, any_state: bool = False) -> Conditions:
    """The conditions of a filter, each with the table that it needs; `any_state` leaves out which state is
    wanted.
    """
    return list(_conditions(wanted, any_state))


def joined(query: sa.Select[Any], tables: set[sa.Table]) -> sa.Select[Any]:
    """A query of cases with those tables beside them."""
    query = query.select_from(CASES)
    for table in (CASE_WORK, CASE_TERMS, CASE_RANKS):
        if table in tables:
            query = query.join(table, table.c.case_id == CASES.c.case_id)
    return query


def in_order(sort: CaseSort, dialect: str) -> tuple[Any, ...]:
    """By what to order a query with all tables of cases; the same in every database, so texts by their
    bytes.
    """
    text = (lambda one: sa.collate(one, "C")) if dialect == "postgresql" else (lambda one: one)
    turn = sa.desc if sort.falling else sa.asc
    then = (CASES.c.opened_at, text(CASES.c.case_id))
    if sort.column is CaseColumn.PRIORITY:
        return (turn(CASE_RANKS.c.priority), turn(CASE_RANKS.c.expected_loss), *then)
    if sort.column is CaseColumn.ASSIGNEE:
        return (CASE_WORK.c.assignee.is_(None), turn(text(CASE_WORK.c.assignee)), *then)
    if sort.column in _NUMBERS:
        return (turn(_NUMBERS[sort.column]), *then)
    return (turn(text(_TEXTS[sort.column])), *then)


def _conditions(wanted: CaseFilter, any_state: bool) -> Iterator[tuple[sa.Table, Any]]:
    for column, value in (
        (CASE_WORK.c.assignee, wanted.assignee),
        (CASES.c.ring_id, wanted.ring_id),
        (CASES.c.applicant_id, wanted.applicant_id),
        (CASE_TERMS.c.kind, wanted.kind),
    ):
        if value is not None:
            yield column.table, column == value
    if wanted.state is not None and not any_state:
        yield CASES, wanted.state.value == _STATE
    if wanted.open is not None and not any_state:
        yield CASES, (_CLOSED != _STATE if wanted.open else _CLOSED == _STATE)
    if wanted.assigned is not None:
        nobody = CASE_WORK.c.assignee.is_(None)
        yield CASE_WORK, sa.not_(nobody) if wanted.assigned else nobody
    if wanted.lender is not None:
        at_it = sa.select(CASE_LENDERS.c.case_id).where(CASE_LENDERS.c.lender == wanted.lender)
        yield CASES, CASES.c.case_id.in_(at_it)
    if wanted.min_exposure is not None:
        yield CASE_WORK, CASE_WORK.c.exposure >= wanted.min_exposure
    if wanted.opened_before is not None:
        yield CASES, CASES.c.opened_at < micros(wanted.opened_before)
    if wanted.due_before is not None:
        yield CASE_TERMS, CASE_TERMS.c.due_at < micros(wanted.due_before)
        yield CASES, _CLOSED != _STATE
    if wanted.sought is not None:
        yield CASES, sa.or_(sa.false(), *_sought(wanted.sought))


def _sought(sought: Sought) -> Iterator[Any]:
    if sought.begins:
        for column in (CASES.c.case_id, CASES.c.ring_id, CASES.c.applicant_id):
            yield sa.func.substr(column, 1, len(sought.begins)) == sought.begins
    if sought.rings:
        yield CASES.c.ring_id.in_(sought.rings)
    if sought.applicants:
        yield CASES.c.applicant_id.in_(sought.applicants)
        named = PERSON_VERDICTS.c.applicant_id.in_(sought.applicants)
        yield CASES.c.case_id.in_(sa.select(PERSON_VERDICTS.c.case_id).where(named))
    if sought.application:
        about = ASSESSMENTS.c.application_id == sought.application
        yield CASES.c.assessment_id.in_(sa.select(ASSESSMENTS.c.assessment_id).where(about))
