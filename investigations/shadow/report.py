"""What was served beside what a challenger says: how often they agree, who would be reviewed instead, and who
was right.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from graph.model.capacity import threshold_at
from investigations.assessments import Decision
from investigations.estimates import Estimate, share
from investigations.shadow.answers import AnswerPair, Proposed

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Became:
    """What became of some assessments: how many there are, of how many it is known by now, and the share of
    these that was bad, with its interval.
    """

    assessments: int
    matured: int
    bad: Estimate


@dataclass(frozen=True, slots=True)
class ReviewSet:
    """The `capacity` share with the highest probabilities by one of the two: of what is matured, the share
    that was bad (`precision`), and the share of all that was bad (`recall`).
    """

    assessments: int
    threshold: float
    precision: Estimate
    recall: Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """N answers side by side. `same`: the share with the same decision. `changes`: by (served, shadow) those
    with another one. At the same review capacity: `served` and `shadow` by their own probabilities, and what
    became of those whom both would have reviewed, and one of them alone.
    """

    same: Estimate
    changes: Mapping[tuple[Decision, Decision], Became]
    served: ReviewSet
    shadow: ReviewSet
    both: Became
    only_served: Became
    only_shadow: Became


@dataclass(frozen=True)
class SideBySide:
    """N pairs as columns; `bad` and `matured` (N,): what became of the person, and whether that is known."""

    pairs: Sequence[AnswerPair]
    matured: Bools
    bad: Bools

    @property
    def served(self) -> Floats:
        """The probabilities that were served (N,)."""
        return _probabilities([one.served for one in self.pairs])

    @property
    def shadow(self) -> Floats:
        """Those of the challenger (N,)."""
        return _probabilities([one.shadow for one in self.pairs])

    @property
    def people(self) -> npt.NDArray[np.int64]:
        """A number for each person (N,)."""
        return np.unique([one.applicant_id for one in self.pairs], return_inverse=True)[1]


def side_by_side(pairs: Sequence[AnswerPair], bad: Sequence[bool | None]) -> SideBySide:
    """The pairs with what became of each; None where that is not known yet."""
    return SideBySide(
        pairs,
        np.array([one is not None for one in bad], np.bool_),
        np.array([one is True for one in bad], np.bool_),
    )


def agreement(found: SideBySide, capacity: float) -> Agreement:
    """How far both agree, and what became of those about whom they do not."""
    then = [one.served.decision for one in found.pairs]
    now = [one.shadow.decision for one in found.pairs]
    every = np.ones(len(then), np.bool_)
    same = np.array([a is b for a, b in zip(then, now, strict=True)], np.bool_)
    changes = {
        pair: _became(found, np.array([both == pair for both in zip(then, now, strict=True)], np.bool_))
        for pair in sorted({(a, b) for a, b in zip(then, now, strict=True) if a is not b})
    }
    edges = [threshold_at(p, np.ones(len(p)), capacity) for p in (found.served, found.shadow)]
    served, shadow = (p >= edge for p, edge in zip((found.served, found.shadow), edges, strict=True))
    return Agreement(
        same=share(same, every),
        changes=changes,
        served=_reviewed(found, served, edges[0]),
        shadow=_reviewed(found, shadow, edges[1]),
        both=_became(found, served & shadow),
        only_served=_became(found, served & ~shadow),
        only_shadow=_became(found, shadow & ~served),
    )


def _became(found: SideBySide, those: Bools) -> Became:
    known = those & found.matured
    return Became(int(those.sum()), int(known.sum()), share(found.bad, known))


def _reviewed(found: SideBySide, those: Bools, edge: float) -> ReviewSet:
    return ReviewSet(
        assessments=int(those.sum()),
        threshold=edge,
        precision=share(found.bad, those & found.matured),
        recall=share(those, found.bad & found.matured),
    )


def _probabilities(of: Sequence[Proposed]) -> Floats:
    return np.array([one.probability for one in of], np.float64)
