"""A cold-start scorecard: a few signs with fixed weights, for stores too small to calibrate against."""

from __future__ import annotations

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit

from graph.rings.columns import Features
from graph.store.tables import Column

# (feature, by its logarithm, where it is not known, log-odds): a logistic regression on generated worlds,
# rounded; docs/rings.md says how.
SIGNS = (
    ("corroborated", True, 0.0, 0.6),  # links by two hard kinds at once
    ("hard_within_week", True, 0.0, 0.7),  # hard links to people who first applied within a week
    ("held_together", True, 0.0, 0.9),
    ("most_values", True, 0.0, -0.5),  # a household shares everything
    ("worst_face", False, 0.9, -5.2),
    ("liveness", False, 0.9, -1.9),
    ("three_element", False, 1.0, -0.5),
    ("is_emulator", False, 0.0, 1.6),
    ("near_worst_face", False, 0.9, -9.7),
    ("near_is_emulator", False, 0.0, 2.6),
    ("group_corroborated", True, 0.0, 1.4),
    ("group_hard_within_week", True, 0.0, 1.6),
    ("group_weight", False, 0.0, -5.9),
    ("spread_amount", False, 0.6, -1.4),
    ("group_spread_days", True, 60.0, -0.6),
)
_CONSTANT = 13.9
LIKELY = 30.0  # people at most: in a store of a few busy weeks the signs say too much of everybody


def cold_start_scorecard(around: Features) -> Column:
    """The chance to be bad of each row of `around` (A,), from signs alone, and no more of them than are
    likely.
    """
    log_odds = np.full(len(around.values), _CONSTANT)
    for name, logarithm, unknown, weight in SIGNS:
        value = np.nan_to_num(around.column(name).astype(np.float64), nan=unknown)
        log_odds += weight * (np.log1p(value) if logarithm else value)
    log_odds = np.clip(log_odds, -30, 30)
    too_much = (
        brentq(lambda less: float(expit(log_odds - less).sum()) - LIKELY, 0, 60)
        if expit(log_odds).sum() > LIKELY
        else 0.0
    )
    return np.asarray(expit(log_odds - too_much))
