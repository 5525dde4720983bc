"""Suspicion of those whose group the store's own habits do not explain, as far as labels have not shown that
such groups are honest here.
"""

from __future__ import annotations

import numpy as np

from graph.rings.labelled import LabelledApplicants
from graph.rings.store_habits import UnusualGroups
from graph.store.tables import Column

# judged people that the belief in such groups counts for before any of theirs is judged, and how many of these
# would be honest
_BELIEF, _HONEST = 20.0, 0.05


def improbable_suspicion(groups: UnusualGroups, labelled: LabelledApplicants) -> Column:
    """The chance to be bad of those in `groups` (A,), 0 for everybody else: that the group is not there by
    chance, times the share of the judged people of the other groups like it that were frauds.

    The labels of a group say nothing about itself here.
    """
    inside = groups.group >= 0
    of = groups.group[inside]
    size = len(groups.chance)
    fraud = np.bincount(of, weights=labelled.fraud[inside], minlength=size)
    good = np.bincount(of, weights=(labelled.good & ~labelled.fraud)[inside], minlength=size)
    frauds, goods = fraud.sum() - fraud, good.sum() - good
    true = (frauds + _BELIEF - _HONEST) / (frauds + goods + _BELIEF)
    out = np.zeros(len(groups.group))
    out[inside] = ((1.0 - groups.false) * true)[of]
    return out
