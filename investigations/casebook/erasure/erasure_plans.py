"""The plan of the erasure under way, which a casebook keeps from the line of the trail that says that it
began to the one that says that it has ended: neither is written without the other.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import sqlalchemy as sa

from graph.model.errors import ConflictError
from investigations.casebook.audit_trail import write_down
from investigations.casebook.engine import Engines, file_of
from investigations.casebook.tables.erasure_tables import ERASURE_PLANS
from investigations.casebook.tables.user_tables import AUDIT_TRAIL
from investigations.users import AuditAction, AuditEntry

_LOCK, _UNLOCK = "SELECT pg_try_advisory_lock(7246365)", "SELECT pg_advisory_unlock(7246365)"
_ENDS = (AuditAction.ERASED.value, AuditAction.ERASURE_GIVEN_UP.value)
_SUBJECT = "certificate:"


class KeptPlan(NamedTuple):
    """The plan of which erasure, sealed by who made it."""

    certificate: str
    content: bytes


class Unended(NamedTuple):
    """An erasure that began and has not ended, and whether its plan is there."""

    certificate: str
    kept: bool

    @property
    def shown(self) -> dict[str, str]:
        """As figures of a command."""
        return {"certificate": self.certificate, "next": self.next_step}

    @property
    def next_step(self) -> str:
        """What to do about it."""
        if self.kept:
            return "end it: ringfence erase --resume --out FOLDER"
        return (
            "its plan was taken out of the casebook: bring back a casebook that has it and end it with "
            f"--resume, or give it up: ringfence erase --give-up {self.certificate} --purpose WHY"
        )


class ErasurePlans:
    """Erasures under way in a casebook, at most one at a time. Every method raises StoreUnavailableError when
    the casebook cannot be used.
    """

    def __init__(self, engines: Engines) -> None:
        self._engines = engines

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Raises ConflictError where another process is erasing people from this casebook, or from one in
        the same folder; who is killed gives it back.
        """
        database = self._engines.reader.url
        if (file := file_of(database.render_as_string(hide_password=False))) is not None:
            with _folder_locked(file.resolve().parent):
                yield
        elif database.get_backend_name() == "postgresql":
            with self._engines.reading() as connection:
                if not connection.exec_driver_sql(_LOCK).scalar():
                    raise _under_way()
                try:
                    yield
                finally:
                    connection.exec_driver_sql(_UNLOCK)
        else:
            yield

    def kept(self) -> KeptPlan | None:
        """The plan of an erasure that has not ended."""
        columns = ERASURE_PLANS.c
        with self._engines.reading() as connection:
            row = connection.execute(sa.select(columns.certificate, columns.content)).first()
        return None if row is None else KeptPlan(row.certificate, bytes(row.content))

    def keep(self, plan: KeptPlan, began: AuditEntry) -> None:
        """Keep a plan, in the place of an earlier one of the same erasure, with a line in the trail, once."""
        with self._engines.erasing() as connection:
            self._take_away(connection, plan.certificate)
            connection.execute(sa.insert(ERASURE_PLANS), plan._asdict())
            same = AUDIT_TRAIL.c.subject == began.subject
            if connection.execute(sa.select(AUDIT_TRAIL.c.position).where(same).limit(1)).first() is None:
                write_down(connection, [began])

    def end(self, certificate: str, ended: AuditEntry) -> None:
        """That erasure has ended, as this line of the trail says: its plan is overwritten."""
        with self._engines.erasing() as connection:
            self._take_away(connection, certificate)
            write_down(connection, [ended])
        if self._engines.reader.dialect.name == "sqlite":
            with self._engines.reading() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")

    def unended(self) -> tuple[Unended, ...]:
        """Erasures that began and have neither ended nor been given up, the oldest first."""
        trail, ends = AUDIT_TRAIL.c, AUDIT_TRAIL.alias()
        ended = sa.exists().where(ends.c.subject == trail.subject, ends.c.action.in_(_ENDS))
        query = sa.select(trail.subject).where(trail.action == AuditAction.ERASURE_BEGAN.value, ~ended)
        with self._engines.reading() as connection:
            found = connection.execute(query.order_by(trail.position)).scalars().all()
            plans = {*connection.execute(sa.select(ERASURE_PLANS.c.certificate)).scalars()}
        names = [str(one).removeprefix(_SUBJECT) for one in found]
        return tuple(Unended(name, name in plans) for name in names)

    def given_up(self) -> tuple[str, ...]:
        """The certificates that erasures would have had which were given up, the oldest first."""
        trail = AUDIT_TRAIL.c
        query = sa.select(trail.subject).where(trail.action == AuditAction.ERASURE_GIVEN_UP.value)
        with self._engines.reading() as connection:
            found = connection.execute(query.order_by(trail.position)).scalars().all()
        return tuple(str(one).removeprefix(_SUBJECT) for one in found)

    def _take_away(self, connection: sa.Connection, certificate: str) -> None:
        connection.execute(sa.delete(ERASURE_PLANS).where(ERASURE_PLANS.c.certificate == certificate))


def subject_of(certificate: str) -> str:
    """The subject of what the trail says of an erasure."""
    return f"{_SUBJECT}{certificate}"


def _under_way() -> ConflictError:
    return ConflictError("another erasure is under way: wait for its end")


@contextmanager
def _folder_locked(folder: Path) -> Iterator[None]:
    """A folder, because every user who may read it can lock it, and no file of one user is left there."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _under_way() from None
        yield
    finally:
        os.close(descriptor)
