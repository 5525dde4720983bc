"""The casebook's table of batch scores."""

from __future__ import annotations

import sqlalchemy as sa

from investigations.casebook.tables.metadata import METADATA

# What a batch computed of a person as of a moment; `scored_at` is when the batch began. Each can be computed
# again, so old ones may go; the answers of /risk are in `assessments`.
BATCH_SCORES = sa.Table(
    "batch_scores",
    METADATA,
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("applicant_id", sa.Text, nullable=False),
    sa.Column("application_id", sa.Text),
    sa.Column("as_of", sa.BigInteger, nullable=False),
    sa.Column("scored_at", sa.BigInteger, nullable=False),
    sa.Column("model_version", sa.Text),
    sa.Column("score", sa.Integer, nullable=False),
    sa.Column("probability", sa.Float),
    sa.Column("decision", sa.String(16), nullable=False),
    sa.Index("batch_scores_by_applicant", "applicant_id", "as_of"),
)
