"""The casebook's tables of the watch: alerts, how far it has looked, messages to others and their
deliveries.
"""

from __future__ import annotations

import sqlalchemy as sa

from investigations.casebook.tables.metadata import METADATA

# What got worse around a loan in force or a flagged ring. `evidence` is JSON: the path, since when, what
# fills the words.
ALERTS = sa.Table(
    "alerts",
    METADATA,
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("alert_id", sa.String(40), nullable=False, unique=True),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("recorded_by", sa.BigInteger, nullable=False),
    sa.Column("code", sa.String(32), nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("cause", sa.Text, nullable=False),
    sa.Column("applicant_id", sa.Text),
    sa.Column("platform_id", sa.Text),
    sa.Column("evidence", sa.Text, nullable=False),
    sa.Index("alerts_by_platform", "platform_id", "position"),
    sa.Index("alerts_by_subject", "subject", "position"),
)

# Up to which revision the facts of a graph store (by its identity) were looked at by the watch.
WATCHED = sa.Table(
    "watched",
    METADATA,
    sa.Column("store", sa.Text, primary_key=True),
    sa.Column("revision", sa.BigInteger, nullable=False),
)

# Work that one process at a time does: who, and until when others leave it alone.
LEASES = sa.Table(
    "leases",
    METADATA,
    sa.Column("name", sa.String(32), primary_key=True),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("until", sa.BigInteger, nullable=False),
)

# What others are told of, in the transaction in which it happens. `data` is JSON.
MESSAGES = sa.Table(
    "messages",
    METADATA,
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("message_id", sa.String(40), nullable=False, unique=True),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("type", sa.String(32), nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("platform_id", sa.Text),
    sa.Column("data", sa.Text, nullable=False),
)

# Messages that have not been addressed to endpoints yet.
OWED_MESSAGES = sa.Table(
    "owed_messages", METADATA, sa.Column("message", sa.Integer, primary_key=True, autoincrement=False)
)

# A message on its way to an endpoint: `waiting` for `due`, `sent`, or `dead` after too many attempts.
DELIVERIES = sa.Table(
    "deliveries",
    METADATA,
    sa.Column("message", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("endpoint", sa.String(64), primary_key=True),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("state", sa.String(8), nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("due", sa.BigInteger, nullable=False),
    sa.Column("error", sa.Text),
    sa.Index("deliveries_by_state", "state", "endpoint", "message"),
)
