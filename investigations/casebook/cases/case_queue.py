"""The queue of cases: which of them are wanted, in what order, how many, and who gets what nobody has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from investigations.casebook.cases.case_files import CaseFiles
from investigations.casebook.cases.case_filters import Conditions, conditions, in_order, joined, of_any_state
from investigations.casebook.cases.case_rows import WITH_WORK, case_of, lenders_of, step, versions_of
from investigations.casebook.tables.case_tables import CASE_EVENTS, CASE_RANKS, CASE_TERMS, CASE_WORK, CASES
from investigations.casebook.tables.user_tables import USERS
from investigations.cases import IN_TURN, Case, CaseFilter, CaseSort, CaseState
from investigations.users import WORKING

SHARED_AT_ONCE = 100  # cases that one call shares out


class CaseQueue(CaseFiles):
    """The cases in a casebook, in the order in which people should look at them."""

    def queue(self, wanted: CaseFilter, limit: int = 100, offset: int = 0) -> tuple[int, tuple[Case, ...]]:
        """How many cases are wanted, and a page of them: by what is at stake, then the oldest first."""
        return wanted.of_counts(self.queue_counts(wanted)), self.page(wanted, limit, offset)

    def page(
        self, wanted: CaseFilter, limit: int, offset: int = 0, sort: CaseSort = IN_TURN
    ) -> tuple[Case, ...]:
        """Cases that are wanted, without their histories."""
        if not limit:
            return ()
        with self._engines.reading() as connection:
            query = WITH_WORK.where(*(one for _, one in conditions(connection, wanted)))
            query = query.order_by(*in_order(sort, connection.dialect.name)).limit(limit).offset(offset)
            rows = connection.execute(query).mappings().all()
            named = [row["case_id"] for row in rows]
            lenders, versions = lenders_of(connection, named), versions_of(connection, named)
        return tuple(
            case_of(row, lenders.get(row["case_id"], ()), version=versions.get(row["case_id"], 0))
            for row in rows
        )

    def queue_counts(self, wanted: CaseFilter) -> dict[CaseState, int]:
        """How many cases are in each state, of those that are wanted whatever their state."""
        with self._engines.reading() as connection:
            known = _counted(connection, of_any_state(connection, wanted))
        return {state: known.get(state.value, 0) for state in CaseState}

    def queue_versions(self, wanted: CaseFilter, limit: int, sort: CaseSort = IN_TURN) -> dict[str, int]:
        """By id, in their order: the versions of the first `limit` cases that are wanted."""
        query = joined(sa.select(CASES.c.case_id), {CASE_WORK, CASE_TERMS, CASE_RANKS})
        with self._engines.reading() as connection:
            query = query.where(*(one for _, one in conditions(connection, wanted)))
            page = query.order_by(*in_order(sort, connection.dialect.name)).limit(limit)
            named = connection.execute(page).scalars().all()
            versions = versions_of(connection, named)
        return {case_id: versions.get(case_id, 0) for case_id in named}

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
            .join(CASE_RANKS, CASE_RANKS.c.case_id == CASES.c.case_id)
        )
        with self._engines.writing() as connection:
            in_turn = in_order(IN_TURN, connection.dialect.name)
            waiting = waiting.order_by(*in_turn).limit(SHARED_AT_ONCE)
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


def _counted(connection: sa.Connection, chosen: Conditions) -> dict[str, int]:
    """How many cases are in each state, with no more tables than the conditions need: one alone answers from
    an index.
    """
    query = joined(sa.select(CASES.c.state, sa.func.count()), {table for table, _ in chosen})
    rows = connection.execute(query.where(*(one for _, one in chosen)).group_by(CASES.c.state))
    return {str(state): int(number) for state, number in rows}
