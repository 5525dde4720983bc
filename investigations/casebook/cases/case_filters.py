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
_FEW = 5_000  # cases that are sooner sorted than looked for along an order
_LAST = chr(0x10FFFF)
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


def conditions(connection: sa.Connection, wanted: CaseFilter) -> Conditions:
    """The conditions of a filter for a page in some order, each with the table that it needs."""
    return [*_conditions(wanted, connection.dialect.name), *_states(connection, wanted)]


def of_any_state(connection: sa.Connection, wanted: CaseFilter) -> Conditions:
    """The conditions of a filter but for the state that is wanted."""
    return list(_conditions(wanted, connection.dialect.name))


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


def _states(connection: sa.Connection, wanted: CaseFilter) -> Conditions:
    """That a case is in a state that is wanted.

    SQLite begins with the cases of these states and sorts them all, where an index brings the first page in
    its order: of many, an expression in the place of the column keeps it from that.
    """
    states = [one.value for one in wanted.states]
    if len(states) == len(CaseState):
        return []
    column: Any = CASES.c.state
    if connection.dialect.name == "sqlite":
        some = sa.select(CASES.c.state).where(column.in_(states)).limit(_FEW + 1).subquery()
        found = connection.execute(sa.select(sa.func.count()).select_from(some)).scalar_one()
        column = column if found <= _FEW else column + ""
    return [(CASES, column.in_(states))]


def _conditions(wanted: CaseFilter, dialect: str) -> Iterator[tuple[sa.Table, Any]]:
    for column, value in (
        (CASE_WORK.c.assignee, wanted.assignee),
        (CASES.c.ring_id, wanted.ring_id),
        (CASES.c.applicant_id, wanted.applicant_id),
        (CASE_TERMS.c.kind, wanted.kind),
    ):
        if value is not None:
            yield column.table, column == value
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
        yield CASES, CASES.c.state + "" != _CLOSED
    if wanted.sought is not None:
        # each way to a case by an index of its own, then all of them: of an OR of them PostgreSQL reads every
        # case
        ways = list(_sought(wanted.sought, dialect))
        yield CASES, CASES.c.case_id.in_(sa.union_all(*ways)) if ways else sa.false()


def _sought(sought: Sought, dialect: str) -> Iterator[sa.Select[Any]]:
    """The ids of the cases that are sought, by each way that finds some; one may be found twice."""
    cases = sa.select(CASES.c.case_id)
    if sought.begins:
        for column in (CASES.c.case_id, CASES.c.ring_id, CASES.c.applicant_id):
            yield cases.where(_begins(column, sought.begins, dialect))
    if sought.rings:
        yield cases.where(CASES.c.ring_id.in_(sought.rings))
    if sought.applicants:
        yield cases.where(CASES.c.applicant_id.in_(sought.applicants))
        named = PERSON_VERDICTS.c.applicant_id.in_(sought.applicants)
        yield sa.select(PERSON_VERDICTS.c.case_id).where(named)
    if sought.application:
        about = ASSESSMENTS.c.application_id == sought.application
        yield cases.where(CASES.c.assessment_id.in_(sa.select(ASSESSMENTS.c.assessment_id).where(about)))


def _begins(column: sa.Column[Any], text: str, dialect: str) -> Any:
    """That an id begins so, letter by letter: a range of an index in the order of bytes, which is SQLite's
    own, and in PostgreSQL that of `text_pattern_ops`.
    """
    if dialect == "sqlite":
        return column.between(text, text + _LAST)
    return column.op("~>=~", is_comparison=True)(text) & column.op("~<=~", is_comparison=True)(text + _LAST)
