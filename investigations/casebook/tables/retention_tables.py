"""The casebook's table of what retention has taken away."""

from __future__ import annotations

import sqlalchemy as sa

from investigations.casebook.tables.metadata import METADATA

# By table: rows older than `before` are gone, so that nobody takes them for work that is still to be done.
FORGOTTEN = sa.Table(
    "forgotten",
    METADATA,
    sa.Column("table_name", sa.String(32), primary_key=True),
    sa.Column("before", sa.BigInteger, nullable=False),
)
