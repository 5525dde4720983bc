"""Versioned migrations of the casebook: what each version brought, for new casebooks and for older ones.

A version only adds tables, and indexes to those that are there. What older rows need beside it comes as a
table of its own, as `case_work` did beside `cases`: a table that is there is never altered, so that its
guards stand and no process of the release before fails (docs/decisions/0011_migrations.md).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import sqlalchemy as sa

from graph.model.errors import SettingError, StoreChangedError, StoreVersionError
from investigations.casebook import guards
from investigations.casebook.tables.answer_tables import ABOUT, ASSESSMENTS, CLAIMS, OWED
from investigations.casebook.tables.case_tables import (
    ATTACHMENTS,
    CASE_EVENTS,
    CASE_LENDERS,
    CASE_RANKS,
    CASE_TERMS,
    CASE_WORK,
    CASES,
    OWED_LABELS,
    PERSON_VERDICTS,
    PROPOSALS,
    VERDICTS,
)
from investigations.casebook.tables.erasure_tables import ERASURE_PLANS, ERASURES, REWRITABLE
from investigations.casebook.tables.metadata import METADATA
from investigations.casebook.tables.monitor_tables import MODEL_ALARMS, MONITORED
from investigations.casebook.tables.policy_tables import POLICY_FILES, POLICY_TRIALS, POLICY_USES
from investigations.casebook.tables.retention_tables import FORGOTTEN
from investigations.casebook.tables.score_tables import BATCH_SCORES
from investigations.casebook.tables.seal_tables import SEALED_ROWS, SEALS
from investigations.casebook.tables.shadow_tables import SHADOW_ANSWERS
from investigations.casebook.tables.user_tables import AUDIT_TRAIL, USER_SESSIONS, USERS
from investigations.casebook.tables.view_tables import SAVED_VIEWS
from investigations.casebook.tables.watch_tables import (
    ALERTS,
    DELIVERIES,
    LEASES,
    MESSAGES,
    OWED_MESSAGES,
    WATCHED,
)
from investigations.cases import CasePriority

_BEFORE_ERASURES = 14  # the version whose guards refuse every change
_DUE_US = 5 * 86_400_000_000  # of cases that were opened before they had a due time


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """What a version brought: `tables`, of which the `append_only` ones are guarded; `indexed` are older
    tables, whose indexes are made where they lack them; `complete` gives what was there before the rows that
    it has since.
    """

    tables: tuple[sa.Table, ...] = ()
    indexed: tuple[sa.Table, ...] = ()
    append_only: tuple[sa.Table, ...] = ()
    complete: Callable[[sa.Connection], None] | None = None


def _work_on_cases(connection: sa.Connection) -> None:
    without = sa.select(CASES.c.case_id, sa.literal(0.0), sa.literal(0.0)).where(
        CASES.c.case_id.not_in(sa.select(CASE_WORK.c.case_id))
    )
    connection.execute(sa.insert(CASE_WORK).from_select(["case_id", "exposure", "probability"], without))


def _terms_of_cases(connection: sa.Connection) -> None:
    kind = sa.case((CASES.c.ring_id.is_(None), "applicant"), else_="ring")
    without = sa.select(CASES.c.case_id, kind, CASES.c.opened_at + _DUE_US).where(
        CASES.c.case_id.not_in(sa.select(CASE_TERMS.c.case_id))
    )
    connection.execute(sa.insert(CASE_TERMS).from_select(["case_id", "kind", "due_at"], without))


def _ranks_of_cases(connection: sa.Connection) -> None:
    """Ranks for the cases that have none: those of before, and those that a process of the release before
    opened while machines were brought up one after the other.
    """
    loss = CASE_WORK.c.exposure * CASE_WORK.c.probability
    without = sa.select(CASE_WORK.c.case_id, sa.literal(CasePriority.NORMAL.rank), loss).where(
        ~sa.exists().where(CASE_RANKS.c.case_id == CASE_WORK.c.case_id)
    )
    if connection.execute(without.limit(1)).first() is not None:  # an eraser's role may not write here
        connection.execute(
            sa.insert(CASE_RANKS).from_select(["case_id", "priority", "expected_loss"], without)
        )


def _rewritten_by_erasures(connection: sa.Connection) -> None:
    """Guards of before refuse every change; those of now let an erasure rewrite what it names."""
    guards.replace_update_triggers(connection, append_only(_BEFORE_ERASURES))


MIGRATIONS = {
    1: Migration(
        tables=(ABOUT, ASSESSMENTS, CLAIMS, CASES, CASE_EVENTS, VERDICTS),
        append_only=(ASSESSMENTS, CASE_EVENTS, VERDICTS),
    ),
    2: Migration(tables=(OWED,)),
    3: Migration(),  # triggers on inserts and truncation, which `guards.install` adds
    4: Migration(
        tables=(CASE_WORK, PERSON_VERDICTS, OWED_LABELS),
        append_only=(PERSON_VERDICTS,),
        complete=_work_on_cases,
    ),
    5: Migration(
        tables=(CASE_TERMS, CASE_LENDERS, ATTACHMENTS, PROPOSALS),
        append_only=(ATTACHMENTS, PROPOSALS),
        complete=_terms_of_cases,
    ),
    6: Migration(
        tables=(ALERTS, WATCHED, LEASES, MESSAGES, OWED_MESSAGES, DELIVERIES),
        append_only=(ALERTS, MESSAGES),
    ),
    7: Migration(tables=(USERS, USER_SESSIONS, AUDIT_TRAIL), append_only=(AUDIT_TRAIL,)),
    8: Migration(tables=(SAVED_VIEWS,)),
    9: Migration(tables=(SEALS, SEALED_ROWS), append_only=(SEALS, SEALED_ROWS)),
    10: Migration(tables=(BATCH_SCORES,)),
    11: Migration(tables=(MONITORED, MODEL_ALARMS)),
    12: Migration(tables=(SHADOW_ANSWERS,)),
    13: Migration(tables=(POLICY_FILES, POLICY_USES), append_only=(POLICY_FILES, POLICY_USES)),
    14: Migration(tables=(POLICY_TRIALS,), append_only=(POLICY_TRIALS,)),
    15: Migration(tables=(ERASURES, REWRITABLE), append_only=(ERASURES,), complete=_rewritten_by_erasures),
    16: Migration(tables=(FORGOTTEN,)),
    17: Migration(tables=(ERASURE_PLANS,)),
    18: Migration(
        tables=(CASE_RANKS,),
        indexed=(CASES, CASE_WORK, CASE_TERMS, CASE_LENDERS, PERSON_VERDICTS),
    ),
    19: Migration(indexed=(CASES,)),
}
VERSION = max(MIGRATIONS)

# One process at a time makes the tables, however many start together.
_LOCK = {"sqlite": "BEGIN IMMEDIATE", "postgresql": "SELECT pg_advisory_xact_lock(7246362)"}


def append_only(version: int = VERSION) -> tuple[sa.Table, ...]:
    """The guarded tables of a casebook of that version."""
    return tuple(
        table for number, one in MIGRATIONS.items() if number <= version for table in one.append_only
    )


def prepare(connection: sa.Connection, version: int = VERSION) -> None:
    """Bring the casebook up to `version`, in the connection's transaction; safe to repeat and to race. Other
    dialects than the two get no triggers.

    Raises StoreVersionError for a casebook of a later version, StoreChangedError for one whose tables or
    triggers somebody changed, SettingError for a file that is another program's.
    """
    if connection.dialect.name in _LOCK:
        connection.exec_driver_sql(_LOCK[connection.dialect.name])
    there = _version(connection)
    if there < version:
        guards.check_first(connection, append_only(there))
        for number in range(there + 1, version + 1):
            METADATA.create_all(connection, tables=MIGRATIONS[number].tables)
            for index in (one for table in MIGRATIONS[number].indexed for one in table.indexes):
                index.create(connection, checkfirst=True)
            if (complete := MIGRATIONS[number].complete) is not None:
                complete(connection)
        guards.install(connection, append_only(version))
        connection.execute(sa.delete(ABOUT).where(ABOUT.c.name == "schema"))
        connection.execute(sa.insert(ABOUT).values(name="schema", value=str(version)))
    if version == VERSION:
        guards.check(connection, METADATA, append_only())
        _ranks_of_cases(connection)


def _version(connection: sa.Connection) -> int:
    """The version of what is there: 0 where nothing is."""
    there = set(sa.inspect(connection).get_table_names())
    reported = None
    if ABOUT.name in there:
        reported = connection.execute(sa.select(ABOUT.c.value).where(ABOUT.c.name == "schema")).scalar()
        if reported not in {str(number) for number in MIGRATIONS}:
            raise StoreVersionError(
                f"the casebook has schema {reported}; this version reads schema {VERSION}"
            )
    if reported is None and ASSESSMENTS.name in there:
        raise StoreChangedError(f"the casebook's table {ABOUT.name} is gone: {guards.NEXT}")
    if reported is None and connection.dialect.name == "sqlite" and there:
        raise SettingError(
            "the file holds other tables than a casebook's (a graph store's?): name the casebook"
        )
    return int(reported or 0)
