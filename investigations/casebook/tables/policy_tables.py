"""The casebook's tables of policies: every file that was ever used, and who put which in force when."""

from __future__ import annotations

import sqlalchemy as sa

from investigations.casebook.tables.metadata import METADATA

# A file as it was read; `digest` is the SHA-256 of its content.
POLICY_FILES = sa.Table(
    "policy_files",
    METADATA,
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("digest", sa.String(64), nullable=False, unique=True),
    sa.Column("content", sa.Text, nullable=False),
)


def _uses(name: str) -> sa.Table:
    return sa.Table(
        name,
        METADATA,
        sa.Column("position", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("lender", sa.Text),
        sa.Column("product", sa.Text),
        sa.Column("digest", sa.String(64)),
    )


# From `at` on that file holds for the applications of a lender, for a product (null is every one); a null
# `digest` takes the one before out of force. The last row of a lender and product counts.
POLICY_USES = _uses("policy_uses")

# The same of files that are tried in shadow.
POLICY_TRIALS = _uses("policy_trials")
