"""The casebook's table of saved views."""

from __future__ import annotations

import sqlalchemy as sa

from investigations.casebook.tables.metadata import METADATA

# `content` is zlib of the JSON of what was made of the drawing.
SAVED_VIEWS = sa.Table(
    "saved_views",
    METADATA,
    sa.Column("view_id", sa.String(40), primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("node", sa.Text, nullable=False),
    sa.Column("as_of", sa.BigInteger, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("content", sa.LargeBinary, nullable=False),
    sa.Index("saved_views_by_node", "node", "at"),
)
