"""The scores of recorded answers, served or in shadow, from which thresholds follow."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from graph.model.moments import micros, moment
from investigations.assessments import Decision, Level, Stage
from investigations.casebook.engine import Engines
from investigations.casebook.tables.answer_tables import ASSESSMENTS
from investigations.casebook.tables.shadow_tables import SHADOW_ANSWERS
from investigations.review_capacity import ScoreWindow

Floats = npt.NDArray[np.float64]

_ABOUT_APPLICATIONS = (ASSESSMENTS.c.stage == Stage.APPLICATION.value) & (
    ASSESSMENTS.c.level == Level.FULL.value
)
_AT_ONCE = 2_000


class AnsweredScore(NamedTuple):
    """The probability of one answer about an application, and who asked when."""

    at: datetime
    applicant_id: str
    probability: float
    model_version: str | None


class AnswerScores:
    """The probabilities of the answers in a casebook."""

    def __init__(self, engines: Engines) -> None:
        self._engines = engines

    def of(self, window: ScoreWindow, model_version: str) -> Floats:
        """The probabilities (N,) of a window, by that model, of whole answers about applications; the latest
        first.
        """
        of_model = (_ABOUT_APPLICATIONS, ASSESSMENTS.c.model_version == model_version)
        return self._latest(window, sa.select(ASSESSMENTS.c.probability).where(*of_model))

    def in_shadow(self, window: ScoreWindow, challenger: str) -> Floats:
        """The same of the answers that a challenger gave in shadow to these applications."""
        shadow = SHADOW_ANSWERS.c
        same = shadow.assessment_id == ASSESSMENTS.c.assessment_id
        of_challenger = (_ABOUT_APPLICATIONS, shadow.challenger == challenger, shadow.failure.is_(None))
        query = sa.select(shadow.probability).select_from(ASSESSMENTS.join(SHADOW_ANSWERS, same))
        return self._latest(window, query.where(*of_challenger))

    def _latest(self, window: ScoreWindow, query: Any) -> Floats:
        """Those of the window among the scores of a query."""
        at = ASSESSMENTS.c.as_of
        query = query.where(at < micros(window.until)).order_by(at.desc(), ASSESSMENTS.c.assessment_id.desc())
        with self._engines.reading() as connection:
            usual = query.where(at >= micros(window.usual)).limit(window.most)
            found = connection.execute(usual).scalars().all()
            if len(found) < window.least:
                earlier = query.where(at >= micros(window.first)).limit(window.least)
                found = connection.execute(earlier).scalars().all()
        return np.array(found, dtype=np.float64)

    def answered(self, since: datetime, until: datetime) -> Iterator[AnsweredScore]:
        """The scores of first scans of applications with since <= as_of < until, by time, read as they are
        wanted.
        """
        columns = ASSESSMENTS.c
        query = (
            sa.select(columns.as_of, columns.applicant_id, columns.probability, columns.model_version)
            .where(
                columns.as_of >= micros(since),
                columns.as_of < micros(until),
                columns.stage == Stage.APPLICATION.value,
                columns.probability.is_not(None),
            )
            .order_by(columns.as_of, columns.assessment_id)
            .execution_options(yield_per=_AT_ONCE)
        )
        with self._engines.scanning() as connection:
            for at, *rest in connection.execute(query):
                yield AnsweredScore(moment(at), *rest)

    def decided(self, since: datetime, until: datetime) -> dict[str, Decision]:
        """By applicant what was proposed at the latest first scan of an application with since <= as_of <
        until.
        """
        columns = ASSESSMENTS.c
        in_time = (columns.as_of >= micros(since), columns.as_of < micros(until))
        query = (
            sa.select(columns.applicant_id, columns.decision)
            .where(*in_time, columns.stage == Stage.APPLICATION.value)
            .order_by(columns.as_of, columns.assessment_id)
            .execution_options(yield_per=_AT_ONCE)
        )
        with self._engines.scanning() as connection:
            return {who: Decision(proposed) for who, proposed in connection.execute(query)}
