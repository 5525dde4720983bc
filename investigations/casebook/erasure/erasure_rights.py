"""Everything that an erasure does to a casebook's tables, as statements that change no row."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from investigations.casebook.erasure.rewriting import REWRITTEN
from investigations.casebook.tables.answer_tables import CLAIMS, OWED
from investigations.casebook.tables.case_tables import CASES
from investigations.casebook.tables.erasure_tables import ERASURE_PLANS, ERASURES, REWRITABLE
from investigations.casebook.tables.score_tables import BATCH_SCORES
from investigations.casebook.tables.shadow_tables import SHADOW_ANSWERS
from investigations.casebook.tables.user_tables import AUDIT_TRAIL
from investigations.casebook.tables.view_tables import SAVED_VIEWS
from investigations.casebook.tables.watch_tables import DELIVERIES


def tries() -> Iterator[sa.Executable]:
    """One statement for each right, which a role that lacks it cannot run. In PostgreSQL the line in
    `erasures` takes a number of its sequence, so whoever runs them takes them back.
    """
    for table in (*REWRITTEN, DELIVERIES, CASES):
        column = next(iter(table.columns))
        yield sa.update(table).where(sa.false()).values({column: column})
    for table in (CLAIMS, OWED, SHADOW_ANSWERS, BATCH_SCORES, SAVED_VIEWS, ERASURE_PLANS):
        yield sa.delete(table).where(sa.false())
    line = {c.name: "" for c in ERASURES.columns if isinstance(c.type, sa.String)}
    yield sa.insert(ERASURES).values({**line, "at": 0})
    yield sa.insert(REWRITABLE).values(table_name="", row_key="")
    yield sa.delete(REWRITABLE)
    yield sa.insert(ERASURE_PLANS).values(certificate="", content=b"")
    columns = list(AUDIT_TRAIL.columns)
    yield sa.insert(AUDIT_TRAIL).from_select(columns, sa.select(*columns).where(sa.false()))
