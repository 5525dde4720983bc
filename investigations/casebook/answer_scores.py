"""The scores of recorded answers, from which thresholds follow."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from graph.model.moments import micros, moment
from investigations.assessments import Level, Stage
from investigations.casebook.engine import Engines
from investigations.casebook.tables import ASSESSMENTS
from investigations.review_capacity import ScoreWindow

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

    def of(self, window: ScoreWindow, model_version: str) -> npt.NDArray[np.float64]:
        """The probabilities (N,) of a window, by that model, of whole answers about applications; the latest
        first.
        """
        at = ASSESSMENTS.c.as_of
        query = (
            sa.select(ASSESSMENTS.c.probability)
            .where(
                at < micros(window.until),
                ASSESSMENTS.c.stage == Stage.APPLICATION.value,
                ASSESSMENTS.c.level == Level.FULL.value,
                ASSESSMENTS.c.model_version == model_version,
            )
            .order_by(at.desc(), ASSESSMENTS.c.assessment_id.desc())
        )
        with self._engines.reading() as connection:
            found = (
                connection.execute(query.where(at >= micros(window.usual)).limit(window.most)).scalars().all()
            )
            if len(found) < window.least:
                found = (
                    connection.execute(query.where(at >= micros(window.first)).limit(window.least))
                    .scalars()
                    .all()
                )
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
