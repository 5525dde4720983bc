"""How long rows of the casebook are kept: what may go once it is old, and what is kept for ever and why."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from graph.model.errors import SettingError
from graph.model.moments import micros, moment
from investigations.casebook.engine import Engines, insert_into
from investigations.casebook.migrations import append_only
from investigations.casebook.tables.answer_tables import CLAIMS
from investigations.casebook.tables.monitor_tables import MONITORED
from investigations.casebook.tables.retention_tables import FORGOTTEN
from investigations.casebook.tables.score_tables import BATCH_SCORES
from investigations.casebook.tables.shadow_tables import SHADOW_ANSWERS
from investigations.casebook.tables.user_tables import USER_SESSIONS
from investigations.casebook.tables.view_tables import SAVED_VIEWS
from investigations.casebook.tables.watch_tables import DELIVERIES, MESSAGES

_SENT = DELIVERIES.c.state.in_(("sent", "dropped")) & DELIVERIES.c.message.in_(
    sa.select(MESSAGES.c.position).where(MESSAGES.c.at < sa.bindparam("before"))
)
# No answer can be computed from these, none is under a seal, and nothing that still waits is among them.
_OLD: Mapping[sa.Table, sa.ColumnElement[bool]] = {
    CLAIMS: CLAIMS.c.claimed_at < sa.bindparam("before"),
    USER_SESSIONS: USER_SESSIONS.c.began_at < sa.bindparam("before"),
    DELIVERIES: _SENT,
    SAVED_VIEWS: SAVED_VIEWS.c.at < sa.bindparam("before"),
    BATCH_SCORES: BATCH_SCORES.c.scored_at < sa.bindparam("before"),
    SHADOW_ANSWERS: SHADOW_ANSWERS.c.as_of < sa.bindparam("before"),
    MONITORED: MONITORED.c.since < sa.bindparam("before"),
}
RETAINABLE = tuple(table.name for table in _OLD)


def retainable(table: str) -> str:
    """The same name. Raises SettingError for a table of which nothing goes, saying why."""
    if table in RETAINABLE:
        return table
    if table in {one.name for one in append_only()}:
        raise SettingError(f"{table} is under the seals of the audit: its rows stay (docs/security.md)")
    raise SettingError(f"no period can be given for {table!r}: it can for {', '.join(RETAINABLE)}")


class Retention:
    """Old rows of a casebook. Raises StoreUnavailableError when it cannot be used."""

    def __init__(self, engines: Engines) -> None:
        self._engines = engines

    def due(self, periods: Mapping[str, timedelta], now: datetime) -> dict[str, int]:
        """By table: how many rows are older than its period, the rows of tables without one staying."""
        with self._engines.reading() as connection:
            return {
                table.name: int(
                    connection.execute(
                        sa.select(sa.func.count()).select_from(table).where(_OLD[table]),
                        _before(periods, table, now),
                    ).scalar_one()
                )
                for table in _OLD
                if table.name in periods
            }

    def forget(self, periods: Mapping[str, timedelta], now: datetime) -> dict[str, int]:
        """Delete these rows, all or none, and keep before when they are gone; how many of which table. In
        SQLite their bytes are overwritten.
        """
        forgotten: dict[str, int] = {}
        with self._engines.writing() as connection:
            if connection.dialect.name == "sqlite":
                connection.exec_driver_sql("PRAGMA secure_delete = ON")
            for table in _OLD:
                if table.name in periods:
                    gone, before = sa.delete(table).where(_OLD[table]), _before(periods, table, now)
                    forgotten[table.name] = connection.execute(gone, before).rowcount
                    _mark(connection, table.name, before["before"])
        return forgotten


def forgotten_before(engines: Engines, table: sa.Table) -> datetime:
    """Before when rows of a table are gone; 1970 where none were taken away."""
    query = sa.select(FORGOTTEN.c.before).where(FORGOTTEN.c.table_name == table.name)
    with engines.reading() as connection:
        return moment(connection.execute(query).scalar() or 0)


def _mark(connection: sa.Connection, table: str, before: int) -> None:
    statement = insert_into(connection, FORGOTTEN)
    later = statement.excluded.before > FORGOTTEN.c.before
    statement = statement.on_conflict_do_update(
        index_elements=[FORGOTTEN.c.table_name], set_={"before": statement.excluded.before}, where=later
    )
    connection.execute(statement, {"table_name": table, "before": before})


def _before(periods: Mapping[str, timedelta], table: sa.Table, now: datetime) -> dict[str, Any]:
    return {"before": micros(now - periods[table.name])}
