"""The casebook's tables of assessments: recorded answers, claims on them, and what the store is owed."""

from __future__ import annotations

import sqlalchemy as sa

from investigations.casebook.tables.metadata import METADATA

# Moments are whole microseconds since 1970 UTC. `answer` is the response as sent, `audit` what it was
# computed from; both zlib.
ASSESSMENTS = sa.Table(
    "assessments",
    METADATA,
    sa.Column("assessment_id", sa.String(40), primary_key=True),
    sa.Column("as_of", sa.BigInteger, nullable=False),
    sa.Column("recorded_by", sa.BigInteger),
    sa.Column("stage", sa.String(16), nullable=False),
    sa.Column("applicant_id", sa.Text, nullable=False),
    sa.Column("application_id", sa.Text),
    sa.Column("client", sa.Text, nullable=False),
    sa.Column("request_id", sa.Text, nullable=False),
    sa.Column("level", sa.String(16), nullable=False),
    sa.Column("decision", sa.String(16), nullable=False),
    sa.Column("score", sa.Integer, nullable=False),
    sa.Column("probability", sa.Float),
    sa.Column("policy_version", sa.Text, nullable=False),
    sa.Column("model_version", sa.Text),
    sa.Column("ring_id", sa.Text),
    sa.Column("answer", sa.LargeBinary, nullable=False),
    sa.Column("audit", sa.LargeBinary, nullable=False),
    sa.Index("assessments_by_applicant", "applicant_id", "as_of"),
    sa.Index("assessments_by_application", "application_id", "as_of"),
    sa.Index("assessments_by_time", "as_of"),
    sqlite_with_rowid=True,
)

# A claim is a client's idempotency key: the first to write it has its answer remembered.
CLAIMS = sa.Table(
    "claims",
    METADATA,
    sa.Column("client", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("fingerprint", sa.Text, nullable=False),
    sa.Column("assessment_id", sa.String(40), nullable=False),
    sa.Column("claimed_at", sa.BigInteger, nullable=False),
)

# An assessment whose application the graph store could not take at that moment: it is owed to the store until
# it is there.
OWED = sa.Table("owed", METADATA, sa.Column("assessment_id", sa.String(40), primary_key=True))

# What a casebook says of itself: the version of its tables.
ABOUT = sa.Table(
    "about",
    METADATA,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)
