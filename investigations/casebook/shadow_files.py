"""Shadow answers in the casebook: which assessments wait for one, each answer once, and how far behind they
are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from graph.model.moments import micros, moment
from investigations.assessments import Decision, Level, Stage
from investigations.casebook.engine import Engines, insert_into
from investigations.casebook.erasure.rewriting import ERASED_REQUEST
from investigations.casebook.retention import forgotten_before
from investigations.casebook.tables.answer_tables import ASSESSMENTS
from investigations.casebook.tables.shadow_tables import SHADOW_ANSWERS
from investigations.shadow.answers import (
    OUT_OF_SCOPE,
    AnsweredPeriod,
    AnswerPair,
    Proposed,
    ShadowAnswer,
)

_STREAMED = 500
_ERASED = ASSESSMENTS.c.request_id == ERASED_REQUEST
# What was assessed on less than everything goes to a person whatever a model says: nothing is compared there;
# nor is what was about somebody who was erased, of which nothing is left to look at.
_WHOLE = sa.and_(ASSESSMENTS.c.level == Level.FULL.value, sa.not_(_ERASED))


class ShadowFiles:
    """The shadow answers of a casebook. Raises StoreUnavailableError when it cannot be used."""

    def __init__(self, engines: Engines) -> None:
        self._engines = engines

    def waiting(self, challenger: str, since: datetime, limit: int) -> tuple[tuple[str, datetime], ...]:
        """Whole assessments from `since` on without an answer by that challenger, the oldest first: their ids
        and moments.
        """
        columns = (ASSESSMENTS.c.assessment_id, ASSESSMENTS.c.as_of)
        query = sa.select(*columns).where(
            ASSESSMENTS.c.as_of >= micros(since), _WHOLE, ~_answered(challenger)
        )
        with self._engines.reading() as connection:
            rows = connection.execute(query.order_by(ASSESSMENTS.c.as_of).limit(limit))
            return tuple((name, moment(at)) for name, at in rows)

    def kept_since(self) -> datetime:
        """From which assessments on answers are kept: of older ones they were taken away, and are not given
        again.
        """
        return forgotten_before(self._engines, SHADOW_ANSWERS)

    def keep(self, answers: Sequence[ShadowAnswer]) -> None:
        """Write answers down, all or none; one that is there stays as it is, and of somebody who was erased
        meanwhile there is none.
        """
        if answers:
            with self._engines.writing() as connection:
                statement = insert_into(connection, SHADOW_ANSWERS).on_conflict_do_nothing()
                connection.execute(statement, [_row(one) for one in answers])
                about = ASSESSMENTS.c.assessment_id
                gone = sa.select(about).where(about.in_([one.assessment_id for one in answers]), _ERASED)
                connection.execute(sa.delete(SHADOW_ANSWERS).where(SHADOW_ANSWERS.c.assessment_id.in_(gone)))

    def of(self, assessment_id: str) -> tuple[ShadowAnswer, ...]:
        """What challengers said of an assessment, by their names."""
        query = sa.select(SHADOW_ANSWERS).where(SHADOW_ANSWERS.c.assessment_id == assessment_id)
        with self._engines.reading() as connection:
            rows = connection.execute(query.order_by(SHADOW_ANSWERS.c.challenger)).mappings()
            return tuple(map(_answer, rows))

    def lag(self, challenger: str, since: datetime) -> timedelta:
        """How much older the latest assessment that it has answered is than the latest there is; both from
        `since` on.
        """
        first = micros(since)
        answered = sa.select(sa.func.max(SHADOW_ANSWERS.c.as_of)).where(
            SHADOW_ANSWERS.c.challenger == challenger
        )
        latest = (
            sa.select(ASSESSMENTS.c.as_of)
            .where(ASSESSMENTS.c.as_of >= first, _WHOLE)
            .order_by(ASSESSMENTS.c.as_of.desc())
            .limit(1)
        )
        with self._engines.reading() as connection:
            reached = max(connection.execute(answered).scalar() or first, first)
            return timedelta(microseconds=max((connection.execute(latest).scalar() or first) - reached, 0))

    def period(self, challenger: str, since: datetime, until: datetime) -> AnsweredPeriod:
        """How much of since <= as_of < until it has answered, of whole first scans of applications."""
        asked = sa.select(sa.func.count()).select_from(ASSESSMENTS).where(*_first_scans(since, until))
        elsewhere = _answered(challenger, SHADOW_ANSWERS.c.failure == OUT_OF_SCOPE)
        failed = _answered(challenger, SHADOW_ANSWERS.c.failure != OUT_OF_SCOPE)
        due = asked.where(~elsewhere)
        counts = (due, due.where(_answered(challenger)), asked.where(failed))
        with self._engines.reading() as connection:
            return AnsweredPeriod(*(int(connection.execute(one).scalar_one()) for one in counts))

    def pairs(self, challenger: str, since: datetime, until: datetime) -> Iterator[AnswerPair]:
        """What was served and what the challenger says beside it, with since <= as_of < until, by as_of; of
        whole first scans of applications.
        """
        served, shadow = ASSESSMENTS.c, SHADOW_ANSWERS.c
        query = (
            sa.select(
                served.assessment_id,
                served.as_of,
                served.applicant_id,
                served.decision,
                served.probability,
                shadow.decision.label("shadow_decision"),
                shadow.probability.label("shadow_probability"),
            )
            .join(SHADOW_ANSWERS, shadow.assessment_id == served.assessment_id)
            .where(shadow.challenger == challenger, shadow.failure.is_(None), *_first_scans(since, until))
            .order_by(served.as_of, served.assessment_id)
        )
        with self._engines.scanning() as connection:
            for row in connection.execute(query.execution_options(yield_per=_STREAMED)).mappings():
                yield AnswerPair(
                    assessment_id=row["assessment_id"],
                    at=moment(row["as_of"]),
                    applicant_id=row["applicant_id"],
                    served=Proposed(Decision(row["decision"]), row["probability"]),
                    shadow=Proposed(Decision(row["shadow_decision"]), row["shadow_probability"]),
                )


def _first_scans(since: datetime, until: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    at, stage = ASSESSMENTS.c.as_of, ASSESSMENTS.c.stage
    return at >= micros(since), at < micros(until), stage == Stage.APPLICATION.value, _WHOLE


def _answered(challenger: str, *which: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    """Whether there is an answer to an assessment, of those that are meant."""
    shadow = SHADOW_ANSWERS.c
    same = (shadow.assessment_id == ASSESSMENTS.c.assessment_id) & (shadow.challenger == challenger)
    return sa.exists().where(same, *which).correlate(ASSESSMENTS)


def _row(answer: ShadowAnswer) -> dict[str, Any]:
    return {
        "assessment_id": answer.assessment_id,
        "challenger": answer.challenger,
        "as_of": micros(answer.as_of),
        "at": micros(answer.answered_at),
        "model_version": answer.model_version,
        "policy_version": answer.policy_version,
        "decision": answer.decision.value if answer.decision else None,
        "score": answer.score,
        "probability": answer.probability,
        "failure": answer.failure,
    }


def _answer(row: Any) -> ShadowAnswer:
    values = {name: row[name] for name in row if name not in ("at", "as_of", "decision")}
    return ShadowAnswer(
        as_of=moment(row["as_of"]),
        answered_at=moment(row["at"]),
        decision=Decision(row["decision"]) if row["decision"] else None,
        **values,
    )
