"""Recorded scores in a casebook: a batch's are kept, and of those and of answers the latest is read, with
what models in shadow said of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from graph.model.moments import micros, moment
from investigations.casebook.engine import Engines
from investigations.casebook.tables.answer_tables import ASSESSMENTS
from investigations.casebook.tables.score_tables import BATCH_SCORES
from investigations.casebook.tables.shadow_tables import SHADOW_ANSWERS
from investigations.last_scores import RecordedScore, ScoreSource

_AT_ONCE = 500  # people of one query
_NAMES = ("applicant_id", "application_id", "model_version", "score", "probability", "decision")


class ScoreFiles:
    """The scores of people in a casebook. Every method raises StoreUnavailableError when it cannot be
    used.
    """

    def __init__(self, engines: Engines) -> None:
        self._engines = engines

    def keep(self, scores: Iterable[RecordedScore]) -> None:
        """Write down what a batch computed, all or none."""
        rows = [
            {name: getattr(one, name) for name in _NAMES}
            | {"as_of": micros(one.as_of), "scored_at": micros(one.scored_at)}
            for one in scores
        ]
        if rows:
            with self._engines.writing() as connection:
                connection.execute(sa.insert(BATCH_SCORES), rows)

    def latest(self, applicant_ids: Sequence[str], until: datetime) -> Mapping[str, RecordedScore]:
        """By applicant: the score with the latest `as_of` of those that are known by `until`; those
        without one are left out. Of a batch and an answer as of the same moment it is the answer's.
        """
        found: dict[str, RecordedScore] = {}
        with self._engines.reading() as connection:
            for start in range(0, len(applicant_ids), _AT_ONCE):
                some = applicant_ids[start : start + _AT_ONCE]
                for one in (*_of_batches(connection, some, until), *_of_answers(connection, some, until)):
                    known = found.get(one.applicant_id)
                    if known is None or one.as_of >= known.as_of:
                        found[one.applicant_id] = one
        return found

    def in_shadow(self, applicant_id: str, until: datetime) -> tuple[RecordedScore, ...]:
        """What models in shadow had said, up to `until`, of the applicant's latest assessment that one of
        them has answered; by version.
        """
        mine, said = ASSESSMENTS.c, SHADOW_ANSWERS.c
        same = said.assessment_id == mine.assessment_id
        by_model = said.challenger == said.model_version  # a policy's scores are of the model that serves
        by_then = (said.at <= micros(until), said.score.is_not(None))
        known = (mine.applicant_id == applicant_id, by_model, *by_then)
        last = sa.select(sa.func.max(said.as_of)).join(ASSESSMENTS, same).where(*known).scalar_subquery()
        columns = (
            said[name] for name in ("model_version", "score", "probability", "decision", "as_of", "at")
        )
        query = (
            sa.select(mine.applicant_id, mine.application_id, *columns)
            .join(SHADOW_ANSWERS, same)
            .where(*known, said.as_of == last)
            .order_by(said.model_version, said.challenger)
        )
        with self._engines.reading() as connection:
            rows = connection.execute(query).mappings().all()
        return tuple(_recorded(row, ScoreSource.SHADOW, row["at"]) for row in rows)


def of_person(connection: sa.Connection, applicant_id: str) -> Iterator[RecordedScore]:
    """All batch scores of a person, the oldest first."""
    query = sa.select(BATCH_SCORES).where(BATCH_SCORES.c.applicant_id == applicant_id)
    for row in connection.execute(query.order_by(BATCH_SCORES.c.position)).mappings():
        yield _recorded(row, ScoreSource.BATCH, row["scored_at"])


def _of_answers(connection: sa.Connection, people: Sequence[str], until: datetime) -> Iterator[RecordedScore]:
    """Answers that hold a score; each was computed as of its own moment."""
    table = ASSESSMENTS.c
    known = (table.applicant_id.in_(people), table.as_of <= micros(until), table.score >= 0)
    for row in connection.execute(_last(ASSESSMENTS, known, ASSESSMENTS.c.assessment_id)).mappings():
        yield _recorded(row, ScoreSource.RISK, row["as_of"])


def _of_batches(connection: sa.Connection, people: Sequence[str], until: datetime) -> Iterator[RecordedScore]:
    table = BATCH_SCORES.c
    by_then = micros(until)
    known = (table.applicant_id.in_(people), table.as_of <= by_then, table.scored_at <= by_then)
    for row in connection.execute(
        _last(BATCH_SCORES, known, BATCH_SCORES.c.scored_at, BATCH_SCORES.c.position)
    ).mappings():
        yield _recorded(row, ScoreSource.BATCH, row["scored_at"])


def _last(table: sa.Table, known: Sequence[sa.ColumnElement[bool]], *order: sa.Column[Any]) -> sa.Select[Any]:
    """The rows of each person's latest moment, the one that counts last."""
    columns = table.c
    last = (
        sa.select(columns.applicant_id, sa.func.max(columns.as_of).label("at"))
        .where(*known)
        .group_by(columns.applicant_id)
        .subquery()
    )
    same = (columns.applicant_id == last.c.applicant_id) & (columns.as_of == last.c.at)
    wanted = [columns[name] for name in (*_NAMES, "as_of")]
    if "scored_at" in columns:
        wanted.append(columns["scored_at"])
    return sa.select(*wanted).join(last, same).where(*known).order_by(*order)


def _recorded(row: sa.RowMapping, source: ScoreSource, scored_at: int) -> RecordedScore:
    values = {name: row[name] for name in _NAMES}
    return RecordedScore(**values, as_of=moment(row["as_of"]), scored_at=moment(scored_at), source=source)
