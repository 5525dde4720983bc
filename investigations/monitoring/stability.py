"""How far one distribution has moved from another: the population stability index."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from scipy.special import chdtrc

from graph.facts.distributions import Distribution, Values

MOVED, DRIFTED = 0.1, 0.25  # as scorecards have used the index for decades (Siddiqi 2006)
FALSE_ALARMS = 0.01  # of a comparison of many names, by chance


class Stability(StrEnum):
    """What an index says: nothing that chance does not explain, or a change that has to be looked at."""

    STEADY = "steady"
    MOVED = "moved"
    DRIFTED = "drifted"


@dataclass(frozen=True, slots=True)
class Shift:
    """The population stability index of a distribution against another, and how likely chance alone gives as
    much (`chance`, 0 to 1).
    """

    index: float
    chance: float

    def stability(self, compared: int = 1, drifted: float = DRIFTED) -> Stability:
        """What it says where so many names are `compared` at once (Bonferroni), and the index of what has
        `drifted` is this.
        """
        if self.chance > FALSE_ALARMS / max(compared, 1) or self.index < min(MOVED, drifted):
            return Stability.STEADY
        return Stability.DRIFTED if self.index >= drifted else Stability.MOVED


def shift(reference: Distribution, now: Distribution) -> Shift:
    """How far `now`, in the bins of `reference`, has moved: by chance alone as far as the days of the
    reference vary. Of few values a high index says nothing.
    """
    if not reference.count or not now.count:
        return Shift(0.0, 1.0)
    apart = reference.distance(now)
    return Shift(apart.index, float(chdtrc(apart.freedom, apart.statistic / reference.varies)))


def columns(rows: Sequence[Mapping[str, float | None]], wanted: Iterable[str] = ()) -> dict[str, Values]:
    """Named values of many rows, and the `wanted` names, as columns (N,); what a row lacks or does not know
    is NaN.
    """
    names = sorted({name for row in rows for name in row} | set(wanted))
    return {
        name: np.array(
            [np.nan if (value := row.get(name)) is None else value for row in rows], dtype=np.float64
        )
        for name in names
    }
