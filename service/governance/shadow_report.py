"""The report on a challenger: its answers beside those that were served, judged by the labels of a store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt

from gnn.training.evaluate import Measures, measures, reviewed
from gnn.training.intervals import Gain, gain_of, gains, redrawn
from graph.model.errors import InputError
from graph.store.port import GraphStore
from investigations.casebook import Casebook
from investigations.monitoring.maturation import Maturation
from investigations.shadow.answers import AnsweredPeriod
from investigations.shadow.report import Agreement, SideBySide, agreement, side_by_side

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShadowPlan:
    """Which challenger, of what was assessed with since <= as_of < until; labels as known by `now`, within
    `horizon_days` of an assessment, at a review capacity.
    """

    challenger: str
    since: datetime
    until: datetime
    now: datetime
    horizon_days: float
    capacity: float


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedPair:
    """Both on the `assessments` that have matured: their measures, and by how much more the challenger has of
    average precision and of recall at capacity.
    """

    assessments: int
    frauds: int
    served: Measures
    shadow: Measures
    gain: Mapping[str, Gain]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShadowReport:
    """What there is to say; `judged` is None until a fraud and somebody honest are among what has matured."""

    period: AnsweredPeriod
    agreement: Agreement
    judged: JudgedPair | None


def shadow_report(casebook: Casebook, store: GraphStore, plan: ShadowPlan) -> ShadowReport:
    """The report of a period. Raises InputError where the challenger has answered nothing in it."""
    pairs = list(casebook.shadows.pairs(plan.challenger, plan.since, plan.until))
    if not pairs:
        raise InputError(
            f"{plan.challenger} has answered no application from {plan.since.isoformat()} until "
            f"{plan.until.isoformat()}: is it in shadow, since when, and does anything "
            "fall under it (ringfence models list; of a policy ringfence policy show)? What waits for its "
            "answer gets it by ringfence shadow run; --since looks further back"
        )
    matured = Maturation.of(store.view(plan.now).tables(), plan.now, plan.horizon_days)
    found = side_by_side(pairs, [matured.bad(one.applicant_id, one.at) for one in pairs])
    return ShadowReport(
        period=casebook.shadows.period(plan.challenger, plan.since, plan.until),
        agreement=agreement(found, plan.capacity),
        judged=_judged(found, plan.capacity),
    )


def _judged(found: SideBySide, capacity: float) -> JudgedPair | None:
    known = found.matured
    bad, served, shadow = found.bad[known], found.served[known], found.shadow[known]
    if not bad.any() or bad.all():
        return None
    every, people = np.ones(len(bad)), found.people[known]
    more = reviewed(shadow, every, capacity) - reviewed(served, every, capacity)
    draws = [bad * factor for factor in redrawn(people)]
    recall = gain_of(
        float(bad @ more / bad.sum()), [float(now @ more / now.sum()) for now in draws if now.any()]
    )
    return JudgedPair(
        assessments=len(bad),
        frauds=int(bad.sum()),
        served=measures(served, bad, every, every, capacity),
        shadow=measures(shadow, bad, every, every, capacity),
        gain={"ap": gains({"": shadow}, served, bad, every, people)[""], "recall_at_capacity": recall},
    )
