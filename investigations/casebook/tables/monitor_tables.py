"""The casebook's tables of monitoring."""

from __future__ import annotations

import sqlalchemy as sa

from investigations.casebook.tables.metadata import METADATA

# What was found of a day, a month or a run about a model; `content` is zlib of JSON. A later run writes anew.
MONITORED = sa.Table(
    "monitored",
    METADATA,
    sa.Column("kind", sa.String(8), primary_key=True),
    sa.Column("since", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("model_version", sa.String(40), primary_key=True),
    sa.Column("content", sa.LargeBinary, nullable=False),
)

# Alarms about models; `ended_at` is null while one lasts.
MODEL_ALARMS = sa.Table(
    "model_alarms",
    METADATA,
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("code", sa.String(32), nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("model_version", sa.String(40), nullable=False),
    sa.Column("since", sa.BigInteger, nullable=False),
    sa.Column("found_at", sa.BigInteger, nullable=False),
    sa.Column("ended_at", sa.BigInteger),
    sa.Column("sentence", sa.Text, nullable=False),
)
_LASTS = sa.text("ended_at IS NULL")
# A cause has at most one alarm that lasts, however many runs look at once.
sa.Index(
    "alarm_that_lasts",
    MODEL_ALARMS.c.code,
    MODEL_ALARMS.c.name,
    MODEL_ALARMS.c.model_version,
    unique=True,
    sqlite_where=_LASTS,
    postgresql_where=_LASTS,
)
