"""Alerts in the casebook: written with the position up to which facts were looked at, each once, and
listed.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from graph.model.errors import InputError
from graph.model.moments import micros, moment
from investigations.casebook.cases.case_papers import CasePapers
from investigations.casebook.engine import insert_into, insert_new
from investigations.casebook.message_files import owe_messages
from investigations.casebook.tables.watch_tables import ALERTS, LEASES, WATCHED
from investigations.watch.alerts import Alert, AlertCode
from investigations.watch.messages import WatchFindings

_LONG_ENDED = timedelta(days=1)  # a lease: nobody is left who could still renew it


class AlertCursorError(InputError):
    """A list is to go on after an alert that there is not."""

    problem = "bad_query"


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertFilter:
    """Which alerts are wanted; None wants all. `within`: about subjects whose names begin so."""

    within: str = ""
    platform_id: str | None = None
    code: AlertCode | None = None
    subject: str | None = None


class AlertFiles(CasePapers):
    """The alerts in a casebook, and who watches."""

    def watched_up_to(self, store: int) -> int | None:
        """The revision of the graph store with that identity up to which its facts were looked at; None where
        nobody has begun.
        """
        with self._engines.reading() as connection:
            query = sa.select(WATCHED.c.revision).where(WATCHED.c.store == str(store))
            return connection.execute(query).scalar()

    def begin_watch(self, store: int, revision: int) -> None:
        """Look at what comes after that revision, unless somebody has begun already."""
        with self._engines.writing() as connection:
            connection.execute(
                insert_into(connection, WATCHED)
                .values(store=str(store), revision=revision)
                .on_conflict_do_nothing()
            )

    def keep_findings(self, store: int, looked_at: tuple[int, int], findings: WatchFindings) -> bool:
        """Keep what was found between two revisions, each alert and message once, and that the facts up to
        the second were looked at: all or nothing. False, and nothing is kept, where somebody else has looked
        on from the first meanwhile.
        """
        before, upto = looked_at
        with self._engines.writing() as connection:
            moved = sa.update(WATCHED).where(WATCHED.c.store == str(store), WATCHED.c.revision == before)
            if connection.execute(moved.values(revision=upto)).rowcount != 1:
                return False
            rows = {alert.alert_id: _row(alert) for alert in findings.alerts}
            insert_new(connection, ALERTS.c.alert_id, rows)
            owe_messages(connection, findings.messages)
        return True

    def alerts(
        self, wanted: AlertFilter, after: str | None = None, limit: int = 100
    ) -> tuple[tuple[Alert, ...], bool]:
        """Alerts in the order in which they were made, from after the one with that id (default: from the
        first one), at most `limit`; and whether there are more.

        Raises AlertCursorError where there is no such alert among those that are wanted.
        """
        query = sa.select(ALERTS)
        if wanted.within:
            query = query.where(ALERTS.c.subject.startswith(wanted.within, autoescape=True))
        with self._engines.reading() as connection:
            if after is not None:
                last = connection.execute(query.where(ALERTS.c.alert_id == after)).mappings().first()
                if last is None:
                    raise AlertCursorError(f"no alert {after} to go on from: leave `after` away to begin")
                query = query.where(ALERTS.c.position > last["position"])
            if wanted.code is not None:
                query = query.where(ALERTS.c.code == wanted.code.value)
            if wanted.platform_id is not None:
                query = query.where(ALERTS.c.platform_id == wanted.platform_id)
            if wanted.subject is not None:
                query = query.where(ALERTS.c.subject == wanted.subject)
            rows = connection.execute(query.order_by(ALERTS.c.position).limit(limit + 1)).mappings().all()
        return tuple(map(_alert, rows[:limit])), len(rows) > limit

    def latest_alerts(self, subjects: Sequence[str], until: datetime, limit: int) -> tuple[Alert, ...]:
        """The latest alerts about any of those subjects that were made up to then, the newest first."""
        query = sa.select(ALERTS).where(ALERTS.c.subject.in_(subjects), ALERTS.c.at <= micros(until))
        with self._engines.reading() as connection:
            rows = connection.execute(query.order_by(ALERTS.c.position.desc()).limit(limit)).mappings()
            return tuple(map(_alert, rows)) if subjects else ()

    def known_alerts(self, ids: Sequence[str]) -> frozenset[str]:
        """Which of those alerts are in the list."""
        with self._engines.reading() as connection:
            query = sa.select(ALERTS.c.alert_id).where(ALERTS.c.alert_id.in_(ids))
            return frozenset(connection.execute(query).scalars()) if ids else frozenset()

    def take_lease(self, name: str, owner: str, now: datetime, lasts: timedelta) -> bool:
        """Whether that work is the owner's for a while: nobody else's lease on it lasts. Leases that ended
        long ago go.
        """
        with self._engines.writing() as connection:
            values = {"owner": owner, "until": micros(now + lasts)}
            statement = insert_into(connection, LEASES).values(name=name, **values)
            free = sa.or_(~_lasting(now, lasts), LEASES.c.owner == owner)
            connection.execute(sa.delete(LEASES).where(LEASES.c.until < micros(now - _LONG_ENDED)))
            taken = statement.on_conflict_do_update(
                index_elements=[LEASES.c.name], set_=values, where=free
            ).execution_options(preserve_rowcount=True)
            return connection.execute(taken).rowcount == 1

    def lease_owners(self, beginning: str, now: datetime, lasts: timedelta) -> tuple[str, ...]:
        """Who has the leases that last on works whose names begin so; each was taken for that long."""
        with self._engines.reading() as connection:
            lasting = LEASES.c.name.startswith(beginning, autoescape=True) & _lasting(now, lasts)
            owners = sa.select(LEASES.c.owner).where(lasting).order_by(LEASES.c.name)
            return tuple(connection.execute(owners).scalars())

    def moment(self) -> datetime | None:
        """The moment by the database's clock, which all machines share; None for an embedded casebook, which
        has no clock of its own.
        """
        with self._engines.reading() as connection:
            if connection.dialect.name != "postgresql":
                return None
            there: datetime = connection.execute(sa.select(sa.func.clock_timestamp())).scalar_one()
            return there.astimezone(UTC)

    def give_back_lease(self, name: str, owner: str | None = None) -> None:
        """Let somebody else have that work at once; without an owner whoever has it."""
        mine = sa.delete(LEASES).where(LEASES.c.name == name)
        with self._engines.writing() as connection:
            connection.execute(mine if owner is None else mine.where(LEASES.c.owner == owner))


def _lasting(now: datetime, lasts: timedelta) -> sa.ColumnElement[bool]:
    """Whether a lease lasts. One that ends much later than any taken now was taken by a clock that was ahead:
    it would keep everybody from the work until then.
    """
    return LEASES.c.until.between(micros(now), micros(now + 2 * lasts))


def _row(alert: Alert) -> dict[str, Any]:
    evidence = {
        "path": list(alert.path),
        "since": None if alert.since is None else micros(alert.since),
        "values": dict(alert.values),
    }
    return {
        "alert_id": alert.alert_id,
        "at": micros(alert.at),
        "recorded_by": alert.recorded_by,
        "code": alert.code.value,
        "subject": alert.subject,
        "cause": alert.cause,
        "applicant_id": alert.applicant_id,
        "platform_id": alert.platform_id,
        "evidence": json.dumps(evidence, ensure_ascii=False),
    }


def _alert(row: Any) -> Alert:
    evidence = json.loads(row["evidence"])
    return Alert(
        code=AlertCode(row["code"]),
        subject=row["subject"],
        cause=row["cause"],
        at=moment(row["at"]),
        recorded_by=row["recorded_by"],
        applicant_id=row["applicant_id"],
        platform_id=row["platform_id"],
        path=tuple(evidence["path"]),
        since=None if evidence["since"] is None else moment(evidence["since"]),
        values=evidence["values"],
    )
