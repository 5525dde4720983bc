"""The casebook's tables of seals: a chain of digests over every row that is only ever added."""

from __future__ import annotations

import sqlalchemy as sa

from investigations.casebook.tables.metadata import METADATA

# One link of the chain: over the `rows` that it seals, and over the seal before it (`previous`). `reached` is
# JSON: by table the highest place in its order of all rows sealed so far.
SEALS = sa.Table(
    "seals",
    METADATA,
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("rows", sa.Integer, nullable=False),
    sa.Column("reached", sa.Text, nullable=False),
    sa.Column("previous", sa.String(64), nullable=False),
    sa.Column("digest", sa.String(64), nullable=False),
)

# Which row of which table a seal is over, by its key as text, and the row's SHA-256.
SEALED_ROWS = sa.Table(
    "sealed_rows",
    METADATA,
    sa.Column("table_name", sa.String(32), primary_key=True),
    sa.Column("row_key", sa.String(64), primary_key=True),
    sa.Column("seal", sa.Integer, nullable=False),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Index("sealed_rows_by_seal", "seal", "table_name", "row_key"),
)
