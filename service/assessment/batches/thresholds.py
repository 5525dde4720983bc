"""Decisions of a batch by thresholds that follow its own scores, day by day, as those of the service do."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from datetime import datetime, tzinfo
from typing import Any

import numpy as np
import numpy.typing as npt

from graph.model.moments import micros
from investigations.policy import Thresholds
from investigations.review_capacity import Following, ScoreWindow

Rows = list[dict[str, Any]]


class ScoresSoFar:
    """The scores of a batch, in order of time."""

    def __init__(self) -> None:
        self._at: list[int] = []
        self._scores: list[float] = []

    def add(self, at: datetime, score: float) -> None:
        """One more, not earlier than the last."""
        self._at.append(micros(at))
        self._scores.append(score)

    def of(self, window: ScoreWindow) -> npt.NDArray[np.float64]:
        """Those of a window (N,)."""
        first, usual, until = (
            bisect_left(self._at, micros(at)) for at in (window.first, window.usual, window.until)
        )
        kept = min(window.most, max(until - usual, window.least), until - first)
        return np.array(self._scores[until - kept : until], dtype=np.float64)


def followed(chunks: Iterable[Rows], own: Thresholds, capacity: float, zone: tzinfo) -> Iterator[Rows]:
    """The rows with their decisions by the thresholds of their days; `asked` says in a row whether something
    else than its probability asks for a person.
    """
    so_far = ScoresSoFar()
    following = Following(own, capacity, zone, so_far.of)
    for rows in chunks:
        for row in rows:
            if row["probability"] is not None:
                thresholds = following.at(row["as_of"]).thresholds
                row["decision"] = thresholds.decide(row["probability"], asked=row["asked"]).value
                so_far.add(row["as_of"], row["probability"])
        yield rows
