"""The queue of cases: which of them are wanted, in what order, how many, and who gets what nobody has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from graph.model.moments import micros
from investigations.casebook.cases.case_files import CaseFiles
from investigations.casebook.cases.case_rows import WITH_WORK, case_of, lenders_of, step
from investigations.casebook.tables.case_tables import CASE_EVENTS, CASE_LENDERS, CASE_TERMS, CASE_WORK, CASES
from investigations.casebook.tables.user_tables import USERS
from investigations.cases import Case, CaseFilter, CaseState
from investigations.users import WORKING

SHARED_AT_ONCE = 100  # cases that one call shares out


class CaseQueue(CaseFiles):
    """The cases in a casebook, in the order in which people should look at them."""

    def queue(self, wanted: CaseFilter, limit: int = 100, offset: int = 0) -> tuple[int, tuple[Case, ...]]:
        """How many cases are wanted, and a page of them without their histories: by what is at stake, then
        the oldest first.
        """
        query = WITH_WORK.where(*_chosen(wanted))
        page = query.order_by(
            (CASE_WORK.c.exposure * CASE_WORK.c.probability).desc(), CASES.c.opened_at, CASES.c.case_id
        )
        with self._engines.reading() as connection:
            total = connection.execute(sa.select(sa.func.count()).select_from(query.subquery())).scalar_one()
            rows = connection.execute(page.limit(limit).offset(offset)).mappings().all()
            lenders = lenders_of(connection, [row["case_id"] for row in rows])
        return total, tuple(case_of(row, lenders.get(row["case_id"], ())) for row in rows)

    def queue_counts(self, wanted: CaseFilter) -> dict[CaseState, int]:
        """How many cases are in each state, of those that are wanted whatever their state."""
        query = WITH_WORK.where(*_chosen(wanted, any_state=True)).subquery()
        counted = sa.select(query.c.state, sa.func.count()).group_by(query.c.state)
        with self._engines.reading() as connection:
            known = {str(state): int(number) for state, number in connection.execute(counted)}
        return {state: known.get(state.value, 0) for state in CaseState}

    def assignees(self) -> dict[str, int]:
        """Who has cases that are not closed, and how many."""
        with self._engines.reading() as connection:
            return _loads(connection)

    def share_out(self, among: Sequence[str], *, at: datetime, by: str) -> int:
        """Give each pending case that nobody has, the most urgent first, to the one of `among` with the
        fewest open cases; a user who may have none, or no more, gets none. A case that somebody gave back
        stays where it is. Returns how many were given.
        """
        if not among or not self.queue(CaseFilter(state=CaseState.PENDING, assigned=False), limit=0)[0]:
            return 0
        given = sa.select(CASE_EVENTS.c.case_id).where(CASE_EVENTS.c.kind == "assigned")
        waiting = (
            sa.select(CASES.c.case_id)
            .join(CASE_WORK, CASE_WORK.c.case_id == CASES.c.case_id)
            .where(
                CASES.c.state == CaseState.PENDING.value,
                CASE_WORK.c.assignee.is_(None),
                CASES.c.case_id.not_in(given),
            )
            .order_by((CASE_WORK.c.exposure * CASE_WORK.c.probability).desc(), CASES.c.opened_at)
            .limit(SHARED_AT_ONCE)
        )
        with self._engines.writing() as connection:
            # an update that changes nothing: nobody else shares out or takes a case meanwhile
            connection.execute(
                sa.update(CASES).where(CASES.c.case_id.in_(waiting)).values(state=CASES.c.state)
            )
            able = _able(connection, among)
            loads = Counter(dict.fromkeys(able, 0))
            loads.update({name: n for name, n in _loads(connection).items() if name in loads})
            chosen = connection.execute(waiting).scalars().all() if able else ()
            for case_id in chosen:
                taker = min(able, key=lambda name: (loads[name], name))
                loads[taker] += 1
                _give(connection, case_id, taker, at=at, by=by)
        return len(chosen)


def _able(connection: sa.Connection, names: Sequence[str]) -> tuple[str, ...]:
    """Those of the names who are no user, or one who may have cases."""
    query = sa.select(USERS.c.name).where(USERS.c.name.in_(names))
    unable = USERS.c.disabled.is_(True) | USERS.c.role.not_in([role.value for role in WORKING])
    out = set(connection.execute(query.where(unable)).scalars())
    return tuple(name for name in names if name not in out)


def _give(connection: sa.Connection, case_id: str, taker: str, *, at: datetime, by: str) -> None:
    investigating = CaseState.INVESTIGATING
    connection.execute(sa.update(CASES).where(CASES.c.case_id == case_id).values(state=investigating.value))
    connection.execute(sa.update(CASE_WORK).where(CASE_WORK.c.case_id == case_id).values(assignee=taker))
    connection.execute(sa.insert(CASE_EVENTS), step(case_id, at, by, "assigned", investigating, taker))


def _loads(connection: sa.Connection) -> dict[str, int]:
    query = (
        sa.select(CASE_WORK.c.assignee, sa.func.count())
        .join(CASES, CASES.c.case_id == CASE_WORK.c.case_id)
        .where(CASES.c.state != CaseState.CLOSED.value, CASE_WORK.c.assignee.is_not(None))
        .group_by(CASE_WORK.c.assignee)
    )
    return {str(name): int(number) for name, number in connection.execute(query)}


def _chosen(wanted: CaseFilter, *, any_state: bool = False) -> list[Any]:
    """The conditions of a filter."""
    result: list[Any] = [
        column == value
        for column, value in (
            (CASES.c.state, None if any_state else wanted.state),
            (CASE_WORK.c.assignee, wanted.assignee),
            (CASES.c.ring_id, wanted.ring_id),
            (CASES.c.applicant_id, wanted.applicant_id),
            (CASE_TERMS.c.kind, wanted.kind),
        )
        if value is not None
    ]
    closed = CASES.c.state == CaseState.CLOSED.value
    if wanted.open is not None and not any_state:
        result.append(sa.not_(closed) if wanted.open else closed)
    if wanted.assigned is not None:
        nobody = CASE_WORK.c.assignee.is_(None)
        result.append(sa.not_(nobody) if wanted.assigned else nobody)
    if wanted.lender is not None:
        at_it = sa.select(CASE_LENDERS.c.case_id).where(CASE_LENDERS.c.lender == wanted.lender)
        result.append(CASES.c.case_id.in_(at_it))
    if wanted.min_exposure is not None:
        result.append(CASE_WORK.c.exposure >= wanted.min_exposure)
    if wanted.opened_before is not None:
        result.append(CASES.c.opened_at < micros(wanted.opened_before))
    if wanted.due_before is not None:
        result += [CASE_TERMS.c.due_at < micros(wanted.due_before), sa.not_(closed)]
    return result
