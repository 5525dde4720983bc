"""The trail of who logged in, changed a user, and looked at whom: lines are only ever added."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from graph.model.moments import micros, moment
from investigations.casebook.engine import Engines
from investigations.casebook.tables.user_tables import AUDIT_TRAIL
from investigations.users import AuditAction, AuditEntry, AuditFilter, AuditWay


class AuditTrail:
    """The trail in a casebook. Every method raises StoreUnavailableError when the database cannot be used."""

    def __init__(self, engines: Engines) -> None:
        self._engines = engines

    def add(self, entries: Sequence[AuditEntry]) -> None:
        """Write those lines down, all or none."""
        if entries:
            with self._engines.writing() as connection:
                write_down(connection, entries)

    def read(
        self, wanted: AuditFilter, after: int = 0, limit: int = 100
    ) -> tuple[tuple[AuditEntry, ...], bool]:
        """The lines in the order in which they were written, from after that position on, at most `limit`;
        and whether there are more.
        """
        columns = AUDIT_TRAIL.c
        query = sa.select(AUDIT_TRAIL).where(columns.position > after)
        for column, value in (
            (columns.by, wanted.by),
            (columns.subject, wanted.subject),
            (columns.action, wanted.action),
        ):
            if value is not None:
                query = query.where(column == str(value))
        if wanted.since is not None:
            query = query.where(columns.at >= micros(wanted.since))
        if wanted.until is not None:
            query = query.where(columns.at < micros(wanted.until))
        with self._engines.reading() as connection:
            rows = connection.execute(query.order_by(columns.position).limit(limit + 1)).mappings().all()
        return tuple(map(_entry, rows[:limit])), len(rows) > limit


def write_down(connection: sa.Connection, entries: Sequence[AuditEntry]) -> None:
    """The lines in the transaction of what they tell of."""
    connection.execute(sa.insert(AUDIT_TRAIL), [_row(one) for one in entries])


def _row(one: AuditEntry) -> dict[str, Any]:
    return {
        "at": micros(one.at),
        "by": one.by,
        "way": one.way.value,
        "action": one.action.value,
        "subject": one.subject,
        "as_of": None if one.as_of is None else micros(one.as_of),
        "purpose": one.purpose,
        "detail": one.detail,
        "request_id": one.request_id,
    }


def _entry(row: Any) -> AuditEntry:
    return AuditEntry(
        position=row["position"],
        at=moment(row["at"]),
        by=row["by"],
        way=AuditWay(row["way"]),
        action=AuditAction(row["action"]),
        subject=row["subject"],
        as_of=None if row["as_of"] is None else moment(row["as_of"]),
        purpose=row["purpose"],
        detail=row["detail"],
        request_id=row["request_id"],
    )
