"""The casebook's tables of people at the desk: users, their sessions, and the trail of what they did and
saw.
"""

from __future__ import annotations

import sqlalchemy as sa

from investigations.casebook.tables.metadata import METADATA

# `password` is an Argon2 hash; `subject` is by what a provider of logins knows the user.
USERS = sa.Table(
    "users",
    METADATA,
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("role", sa.String(16), nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("password", sa.Text),
    sa.Column("subject", sa.Text),
    sa.Column("disabled", sa.Boolean, nullable=False),
    sa.Column("last_login", sa.BigInteger),
    sa.Index("user_of_subject", "subject", unique=True),
)

# A session by the SHA-256 of its id, which the browser alone holds.
USER_SESSIONS = sa.Table(
    "user_sessions",
    METADATA,
    sa.Column("digest", sa.String(64), primary_key=True),
    sa.Column("name", sa.String(64), nullable=False),
    sa.Column("began_at", sa.BigInteger, nullable=False),
    sa.Column("seen_at", sa.BigInteger, nullable=False),
    sa.Index("user_sessions_by_name", "name"),
)

AUDIT_TRAIL = sa.Table(
    "audit_trail",
    METADATA,
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("way", sa.String(16), nullable=False),
    sa.Column("action", sa.String(32), nullable=False),
    sa.Column("subject", sa.Text),
    sa.Column("as_of", sa.BigInteger),
    sa.Column("purpose", sa.Text),
    sa.Column("detail", sa.Text),
    sa.Column("request_id", sa.Text),
    sa.Index("audit_trail_by_subject", "subject", "position"),
    sa.Index("audit_trail_by_who", "by", "position"),
    sa.Index("audit_trail_by_time", "at"),
)
