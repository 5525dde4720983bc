"""The scores of recorded answers, from which thresholds follow."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from graph.model.moments import micros
from investigations.assessments import Level, Stage
from investigations.casebook.engine import Engines
from investigations.casebook.tables import ASSESSMENTS
from investigations.review_capacity import ScoreWindow


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
