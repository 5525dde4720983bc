"""Policies in the casebook: put in force and taken out again, and every file that answers rest on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from graph.model.moments import micros, moment
from investigations.casebook.audit_trail import write_down
from investigations.casebook.engine import Engines, insert_new
from investigations.casebook.tables.policy_tables import POLICY_FILES, POLICY_USES
from investigations.policies.file import PolicyFile, PolicyScope
from investigations.users import AuditEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyUse:
    """That a file came into force, or with `digest` None that the one before it went: when, and by whom."""

    scope: PolicyScope
    digest: str | None
    at: datetime
    by: str


class PolicyUses:
    """The policies of a casebook by one of its tables of uses: those in force, or those in shadow. Raises
    StoreUnavailableError when it cannot be used.
    """

    def __init__(self, engines: Engines, table: sa.Table = POLICY_USES) -> None:
        self._engines, self._table = engines, table

    def use(self, file: PolicyFile, at: datetime, by: str, entry: AuditEntry | None = None) -> None:
        """Put a file in force for its scope, in the place of the one before; the `entry` tells the trail."""
        row = {"digest": file.digest, "content": file.content}
        with self._engines.writing() as connection:
            insert_new(connection, POLICY_FILES.c.digest, {file.digest: row})
            self._insert(connection, PolicyUse(scope=file.scope, digest=file.digest, at=at, by=by))
            if entry is not None:
                write_down(connection, [entry])

    def drop(self, scope: PolicyScope, at: datetime, by: str, entry: AuditEntry | None = None) -> bool:
        """Take the file of a scope out of force, and tell the trail by the `entry`; whether there was one."""
        with self._engines.writing() as connection:
            if not any(one.scope == scope for one in _in_force(self._history(connection))):
                return False
            self._insert(connection, PolicyUse(scope=scope, digest=None, at=at, by=by))
            if entry is not None:
                write_down(connection, [entry])
        return True

    def in_force(self) -> tuple[PolicyUse, ...]:
        """The uses that hold, one a scope, in the order in which they are applied."""
        return _in_force(self.history())

    def history(self) -> tuple[PolicyUse, ...]:
        """All that was ever put in force or taken out, the oldest first."""
        with self._engines.reading() as connection:
            return self._history(connection)

    def content(self, digest: str) -> str | None:
        """The file with that digest, None where it was never used."""
        query = sa.select(POLICY_FILES.c.content).where(POLICY_FILES.c.digest == digest)
        with self._engines.reading() as connection:
            found: str | None = connection.execute(query).scalar()
            return found

    def _history(self, connection: sa.Connection) -> tuple[PolicyUse, ...]:
        rows = connection.execute(sa.select(self._table).order_by(self._table.c.position)).mappings()
        return tuple(
            PolicyUse(
                scope=PolicyScope(lender=row["lender"], product=row["product"]),
                digest=row["digest"],
                at=moment(row["at"]),
                by=row["by"],
            )
            for row in rows
        )

    def _insert(self, connection: sa.Connection, use: PolicyUse) -> None:
        row = {
            "at": micros(use.at),
            "by": use.by,
            "lender": use.scope.lender,
            "product": use.scope.product,
            "digest": use.digest,
        }
        connection.execute(sa.insert(self._table), row)


def _in_force(history: Iterable[PolicyUse]) -> tuple[PolicyUse, ...]:
    latest: dict[PolicyScope, PolicyUse] = {one.scope: one for one in history}
    holding = (one for one in latest.values() if one.digest is not None)
    return tuple(sorted(holding, key=lambda one: (one.scope.rank, str(one.scope))))
