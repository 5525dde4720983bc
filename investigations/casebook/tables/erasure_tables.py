"""The casebook's tables of erasures: which guarded rows were rewritten, signed, which may be just now, and
the plan of an erasure that has not ended.
"""

from __future__ import annotations

import sqlalchemy as sa

from investigations.casebook.tables.metadata import METADATA

# A guarded row that an erasure rewrote: its SHA-256 before and after, in which erasure (by certificate),
# and a signature over these by a key that is not in the database.
ERASURES = sa.Table(
    "erasures",
    METADATA,
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("table_name", sa.String(32), nullable=False),
    sa.Column("row_key", sa.String(64), nullable=False),
    sa.Column("before", sa.String(64), nullable=False),
    sa.Column("after", sa.String(64), nullable=False),
    sa.Column("certificate", sa.String(40), nullable=False),
    sa.Column("signature", sa.String(96), nullable=False),
    sa.Index("erasures_by_row", "table_name", "row_key"),
)

# Which guarded rows the transaction under way may rewrite; empty outside of it.
REWRITABLE = sa.Table(
    "rewritable",
    METADATA,
    sa.Column("table_name", sa.String(32), primary_key=True),
    sa.Column("row_key", sa.String(64), primary_key=True),
)

# The plan of the erasure under way, sealed by a key that is not in the database: whom it is about, and which
# names they get.
ERASURE_PLANS = sa.Table(
    "erasure_plans",
    METADATA,
    sa.Column("certificate", sa.String(40), primary_key=True),
    sa.Column("content", sa.LargeBinary, nullable=False),
)
