"""The casebook's tables of cases: their steps, terms, papers and verdicts."""

from __future__ import annotations

import sqlalchemy as sa

from investigations.casebook.tables.metadata import METADATA

CASES = sa.Table(
    "cases",
    METADATA,
    sa.Column("case_id", sa.String(40), primary_key=True),
    sa.Column("opened_at", sa.BigInteger, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("ring_id", sa.Text),
    sa.Column("snapshot", sa.Text),
    sa.Column("applicant_id", sa.Text),
    sa.Column("assessment_id", sa.String(40)),
    sa.Column("reason_codes", sa.Text, nullable=False),
    sa.Index("cases_by_state", "state", "opened_at"),
    sa.Index("cases_by_opening", "opened_at"),
    sa.Index("cases_by_ring", "ring_id"),
    sa.Index("cases_by_applicant", "applicant_id"),
    sa.Index("cases_by_assessment", "assessment_id"),
)
_OPEN = sa.text("state <> 'closed'")
# A ring, or an applicant, has at most one case that is not closed, however many jobs and workers open cases
# at once.
sa.Index("open_case_of_ring", CASES.c.ring_id, unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN)
sa.Index(
    "open_case_of_applicant", CASES.c.applicant_id, unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN
)
# For the beginning of an id: other indexes of PostgreSQL may be in the order of a language; SQLite's are in
# that of bytes.
for _name in ("case_id", "ring_id", "applicant_id"):
    sa.Index(f"cases_by_{_name}_bytes", CASES.c[_name], postgresql_ops={_name: "text_pattern_ops"}).ddl_if(
        dialect="postgresql"
    )

CASE_EVENTS = sa.Table(
    "case_events",
    METADATA,
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("case_id", sa.String(40), nullable=False, index=True),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("note", sa.Text),
)

VERDICTS = sa.Table(
    "verdicts",
    METADATA,
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("case_id", sa.String(40), nullable=False, index=True),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("value", sa.String(20), nullable=False),
    sa.Column("note", sa.Text),
)

# How a case stands among others: who works on it and what is at stake. The history of it is in the events.
CASE_WORK = sa.Table(
    "case_work",
    METADATA,
    sa.Column("case_id", sa.String(40), primary_key=True),
    sa.Column("assignee", sa.Text),
    sa.Column("exposure", sa.Float, nullable=False),
    sa.Column("probability", sa.Float, nullable=False),
    sa.Index("case_work_by_assignee", "assignee"),
    sa.Index("case_work_by_exposure", "exposure"),
    sa.Index("case_work_by_probability", "probability"),
)

# Where a case stands in the queue: its priority (2 high, 1 normal, 0 low), and exposure times probability, so
# that an index can bring the first page.
CASE_RANKS = sa.Table(
    "case_ranks",
    METADATA,
    sa.Column("case_id", sa.String(40), primary_key=True),
    sa.Column("priority", sa.Integer, nullable=False),
    sa.Column("expected_loss", sa.Float, nullable=False),
    sa.Index("case_ranks_in_order", "priority", "expected_loss"),
    sa.Index("case_ranks_by_loss", "expected_loss"),
)

# What a case is taken for (a kind of ring, or `applicant`), and by when somebody should have concluded it.
CASE_TERMS = sa.Table(
    "case_terms",
    METADATA,
    sa.Column("case_id", sa.String(40), primary_key=True),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("due_at", sa.BigInteger, nullable=False),
    sa.Index("case_terms_by_kind", "kind"),
    sa.Index("case_terms_by_due", "due_at"),
)

# At which types of lenders the people of a case had applied when it was opened.
CASE_LENDERS = sa.Table(
    "case_lenders",
    METADATA,
    sa.Column("case_id", sa.String(40), primary_key=True),
    sa.Column("lender", sa.String(32), primary_key=True),
    sa.Index("case_lenders_by_lender", "lender", "case_id"),
)

# Files that people put to a case; `sha256` is of the content.
ATTACHMENTS = sa.Table(
    "attachments",
    METADATA,
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("case_id", sa.String(40), nullable=False, index=True),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("media_type", sa.String(64), nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("content", sa.LargeBinary, nullable=False),
)

# Verdicts that wait for somebody else to come to the same; `people` is a JSON object.
PROPOSALS = sa.Table(
    "proposals",
    METADATA,
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("case_id", sa.String(40), nullable=False, index=True),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("value", sa.String(20), nullable=False),
    sa.Column("note", sa.Text),
    sa.Column("people", sa.Text, nullable=False),
)

# What a verdict said of each person; `at` and `by` are the verdict's.
PERSON_VERDICTS = sa.Table(
    "person_verdicts",
    METADATA,
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("case_id", sa.String(40), nullable=False, index=True),
    sa.Column("verdict", sa.Integer, nullable=False, index=True),
    sa.Column("applicant_id", sa.Text, nullable=False),
    sa.Column("value", sa.String(20), nullable=False),
    sa.Index("person_verdicts_by_applicant", "applicant_id"),
)

# Verdicts whose labels have not reached the graph store yet.
OWED_LABELS = sa.Table(
    "owed_labels", METADATA, sa.Column("verdict", sa.Integer, primary_key=True, autoincrement=False)
)
