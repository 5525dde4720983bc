"""The casebook's table of shadow answers. What serves rests on none of them: no row is under a seal."""

from __future__ import annotations

import sqlalchemy as sa

from investigations.casebook.tables.metadata import METADATA

# `as_of` is the assessment's, `at` when the challenger answered. Without `failure` the rest is there.
SHADOW_ANSWERS = sa.Table(
    "shadow_answers",
    METADATA,
    sa.Column("assessment_id", sa.String(40), primary_key=True),
    sa.Column("challenger", sa.String(64), primary_key=True),
    sa.Column("as_of", sa.BigInteger, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("model_version", sa.Text),
    sa.Column("policy_version", sa.Text),
    sa.Column("decision", sa.String(16)),
    sa.Column("score", sa.Integer),
    sa.Column("probability", sa.Float),
    sa.Column("failure", sa.String(32)),
    sa.Index("shadow_answers_by_time", "challenger", "as_of"),
)
