"""What monitoring found, in the casebook: days, months and runs, and alarms, each once while its cause
lasts.
"""

from __future__ import annotations

import zlib
from datetime import datetime
from typing import Any

import orjson
import sqlalchemy as sa

from graph.model.moments import micros, moment
from investigations.casebook.engine import Engines, insert_into
from investigations.casebook.message_files import owe_messages
from investigations.casebook.tables.answer_tables import OWED
from investigations.casebook.tables.monitor_tables import MODEL_ALARMS, MONITORED
from investigations.monitoring.alarms import Alarm, AlarmCode
from investigations.monitoring.record import Kept, KeptAlarm, KeptKind, MonitorRun, alarm_messages

_LISTED = 500  # alarms, the latest


class MonitorFiles:
    """The monitoring in a casebook."""

    def __init__(self, engines: Engines) -> None:
        self._engines = engines

    def keep(self, run: MonitorRun) -> tuple[Alarm, ...]:
        """Keep what a run found, all or nothing; the alarms that are new by it, of which others are told.

        Alarms of other models end, too.
        """
        with self._engines.writing() as connection:
            _keep_rows(connection, run)
            lasting = _lasting(connection, run.model_version)
            raised = {(one.code, one.name): one for one in run.alarms}
            over = [
                position
                for cause, position in lasting.items()
                if cause not in raised and cause[0] in run.looked_at
            ]
            ended = sa.update(MODEL_ALARMS).where(
                MODEL_ALARMS.c.ended_at.is_(None),
                sa.or_(MODEL_ALARMS.c.position.in_(over), MODEL_ALARMS.c.model_version != run.model_version),
            )
            connection.execute(ended.values(ended_at=micros(run.at)))
            new = [
                one
                for cause, one in raised.items()
                if cause not in lasting and _inserted(connection, one, run)
            ]
            owe_messages(connection, alarm_messages(new, run))
        return tuple(new)

    def kept(
        self, kind: KeptKind, since: datetime, until: datetime, model_version: str | None = None
    ) -> tuple[Kept, ...]:
        """What was kept of that kind with since <= its `since` < until, oldest first, about that model
        (default: any).
        """
        query = sa.select(MONITORED).where(
            MONITORED.c.kind == kind.value,
            MONITORED.c.since >= micros(since),
            MONITORED.c.since < micros(until),
        )
        return self._rows(_of(query, model_version).order_by(MONITORED.c.since, MONITORED.c.model_version))

    def latest(self, kind: KeptKind, until: datetime, model_version: str | None = None) -> Kept | None:
        """The latest that was kept of that kind with `since` <= until, about that model (default: any).

        Of what a clock that was ahead left behind nothing is latest: no run would be due until then.
        """
        query = sa.select(MONITORED).where(MONITORED.c.kind == kind.value, MONITORED.c.since <= micros(until))
        rows = self._rows(_of(query, model_version).order_by(MONITORED.c.since.desc()).limit(1))
        return rows[0] if rows else None

    def alarms(self, *, lasting: bool = True) -> tuple[KeptAlarm, ...]:
        """The alarms, the latest first: those that last, or all."""
        query = sa.select(MODEL_ALARMS)
        if lasting:
            query = query.where(MODEL_ALARMS.c.ended_at.is_(None))
        with self._engines.reading() as connection:
            rows = connection.execute(query.order_by(MODEL_ALARMS.c.position.desc()).limit(_LISTED))
            return tuple(map(_alarm, rows.mappings().all()))

    def owed_facts(self) -> int:
        """How many assessments' applications have not reached the graph store yet."""
        with self._engines.reading() as connection:
            return int(connection.execute(sa.select(sa.func.count()).select_from(OWED)).scalar_one())

    def _rows(self, query: Any) -> tuple[Kept, ...]:
        with self._engines.reading() as connection:
            rows = connection.execute(query).mappings().all()
        return tuple(
            Kept(
                kind=KeptKind(row["kind"]),
                since=moment(row["since"]),
                model_version=row["model_version"],
                content=orjson.loads(zlib.decompress(row["content"])),
            )
            for row in rows
        )


def _of(query: Any, model_version: str | None) -> Any:
    return query if model_version is None else query.where(MONITORED.c.model_version == model_version)


def _keep_rows(connection: sa.Connection, run: MonitorRun) -> None:
    for one in run.rows:
        statement = insert_into(connection, MONITORED).values(
            kind=one.kind.value,
            since=micros(one.since),
            model_version=one.model_version,
            content=zlib.compress(orjson.dumps(one.content)),
        )
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=[MONITORED.c.kind, MONITORED.c.since, MONITORED.c.model_version],
                set_={"content": statement.excluded.content},
            )
        )


def _lasting(connection: sa.Connection, model_version: str) -> dict[tuple[AlarmCode, str], int]:
    columns = MODEL_ALARMS.c
    query = sa.select(columns.code, columns.name, columns.position).where(
        columns.ended_at.is_(None), columns.model_version == model_version
    )
    return {(AlarmCode(code), name): position for code, name, position in connection.execute(query).all()}


def _inserted(connection: sa.Connection, one: Alarm, run: MonitorRun) -> bool:
    """Whether nobody had raised it meanwhile."""
    statement = insert_into(connection, MODEL_ALARMS).values(
        code=one.code.value,
        name=one.name,
        model_version=run.model_version,
        since=micros(one.since),
        found_at=micros(run.at),
        sentence=one.sentence,
    )
    once = statement.on_conflict_do_nothing().execution_options(preserve_rowcount=True)
    return connection.execute(once).rowcount == 1


def _alarm(row: Any) -> KeptAlarm:
    return KeptAlarm(
        alarm=Alarm(AlarmCode(row["code"]), moment(row["since"]), row["sentence"], row["name"]),
        model_version=row["model_version"],
        found_at=moment(row["found_at"]),
        ended_at=None if row["ended_at"] is None else moment(row["ended_at"]),
    )
