"""How each group fares: decisions, false positives, calibration, and what ties by place alone do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log

import numpy as np
import numpy.typing as npt

from investigations.assessments import Decision
from investigations.estimates import Estimate, Mask, against_the_same, resampled, share

EVERYBODY = "everybody"
MEASURES: Mapping[str, str] = {
    "approved": "approved, of all",
    "reviewed": "sent to a person, of all",
    "declined": "proposed to be declined, of all",
    "honest_held_up": "not approved, of the honest: false positives",
    "honest_declined": "proposed to be declined, of the honest",
    "honest_in_flagged_rings": "in a flagged ring, of the honest",
    "times_the_same": "honest held up, as a multiple of others with the same own history",
    "expected_bad": "the mean probability that the model gave, of all who are judged",
    "bad": "bad, of all who are judged",
    "association_alone": "honest held up, but approved without what is shared by living or working together",
    "association_spares": "honest approved who would be held up without it",
    "association_moves": "log-odds that it adds for the honest, on average",
}

DECIDED = {"approved": Decision.APPROVE, "reviewed": Decision.REVIEW, "declined": Decision.DECLINE}


@dataclass(frozen=True, slots=True, kw_only=True)
class FairnessCase:
    """One person, by one assessment.

    `honest`: True, False (bad), None where that cannot be told yet. `history`: the own history in a word, by
    which people are compared. `apart`: decision and probability without what people share by living or
    working together, None where there is no such tie.
    """

    groups: frozenset[str]
    history: str
    honest: bool | None
    decision: Decision
    probability: float | None
    in_flagged_ring: bool
    apart: tuple[Decision, float | None] | None = None


def fairness(cases: Sequence[FairnessCase]) -> dict[str, dict[str, Estimate]]:
    """Every measure of MEASURES for everybody and for each group, the largest group first."""
    columns = _Columns(cases)
    members = members_of([one.groups for one in cases])
    return {name: columns.measured(among) for name, among in members.items() if len(cases)}


def members_of(groups: Sequence[frozenset[str]]) -> dict[str, Mask]:
    """Who (N,) is everybody, and who belongs to each group, the largest first; `groups` are those of each."""
    sizes = Counter(name for one in groups for name in one)
    ordered = sorted(sizes, key=lambda name: (-sizes[name], name))
    return {EVERYBODY: np.ones(len(groups), bool)} | {
        name: np.array([name in one for one in groups], bool) for name in ordered
    }


def decided(decision: npt.NDArray[np.object_], among: Mask) -> dict[str, Estimate]:
    """The shares of each decision; `decision` (N,) holds Decision's values."""
    return {name: share(np.asarray(decision == one.value, bool), among) for name, one in DECIDED.items()}


class _Columns:
    """The cases as columns (N,)."""

    def __init__(self, cases: Sequence[FairnessCase]) -> None:
        self.decision = np.array([one.decision.value for one in cases], object)
        self.held_up: Mask = self.decision != Decision.APPROVE.value
        self.honest = np.array([one.honest is True for one in cases], bool)
        self.judged = np.array([one.honest is not None for one in cases], bool)
        self.in_flagged = np.array([one.in_flagged_ring for one in cases], bool)
        self.probability = np.array(
            [np.nan if one.probability is None else one.probability for one in cases], np.float64
        )
        apart = [one.apart or (one.decision, one.probability) for one in cases]
        self.held_up_apart = np.array([decision is not Decision.APPROVE for decision, _ in apart], bool)
        self.moved = np.array(
            [_log_odds(one.probability) - _log_odds(p) for one, (_, p) in zip(cases, apart, strict=True)]
        )
        words = {word: number for number, word in enumerate(sorted({one.history for one in cases}))}
        self.history = np.array([words[one.history] for one in cases], np.int64)

    def measured(self, among: Mask) -> dict[str, Estimate]:
        honest, judged = among & self.honest, among & self.judged
        scored = judged & np.isfinite(self.probability)
        return {
            **decided(self.decision, among),
            "honest_held_up": share(self.held_up, honest),
            "honest_declined": share(self.decision == Decision.DECLINE.value, honest),
            "honest_in_flagged_rings": share(self.in_flagged, honest),
            "times_the_same": against_the_same(
                self.held_up[self.honest], among[self.honest], self.history[self.honest]
            ),
            "expected_bad": _mean(self.probability[scored]),
            "bad": share(~self.honest, scored),
            "association_alone": share(self.held_up & ~self.held_up_apart, honest),
            "association_spares": share(~self.held_up & self.held_up_apart, honest),
            "association_moves": _mean(self.moved[honest & np.isfinite(self.moved)]),
        }


def _mean(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> Estimate:
    def mean(weights: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
        total = float(weights.sum())
        return float((weights * values).sum()) / total if total else float("nan")

    return resampled(mean, len(values))


def _log_odds(probability: float | None) -> float:
    if probability is None:
        return float("nan")
    inside = min(max(probability, 1e-9), 1 - 1e-9)
    return log(inside / (1 - inside))
