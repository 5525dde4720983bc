"""Suspicion of those whose group the store's own habits do not explain, as far as labels have not shown that
such groups are honest here.
"""

from __future__ import annotations

import numpy as np

from graph.facts.tables import Column
from graph.rings.applicants.labelled import LabelledApplicants
from graph.rings.suspicion.store_habits import UnusualGroups

# judged people that the belief in such groups counts for before any of theirs is judged, and how many of
# these would be honest
_BELIEF, _HONEST = 20.0, 0.05
# in a store that has many labels nothing more than this much is said of anybody by such a group alone
_BESIDE_LABELS = 0.8


def improbable_suspicion(groups: UnusualGroups, known: LabelledApplicants) -> Column:
    """The chance to be bad of the people of `groups` (M,): that the group is not there by chance, times the
    share of the judged people of the other groups like it that were frauds. `known` are the labels of these
    people.

    The labels of a group say nothing about itself here.
    """
    true = frauds_elsewhere(groups.group, known.fraud, known.good & ~known.fraud, _HONEST)
    return np.asarray((1.0 - groups.false)[groups.group] * true[groups.group])


def frauds_elsewhere(group: Column, fraud: Column, good: Column, honest: float) -> Column:
    """The share of frauds among the judged people of all groups but one (G,), for each of the groups (rows,)
    with who of them is judged a fraud or good (rows,) bool. `honest` of _BELIEF people are, before any is
    judged.
    """
    frauds, goods = (np.bincount(group, weights=some) for some in (fraud, good))
    frauds, goods = frauds.sum() - frauds, goods.sum() - goods
    return np.asarray((frauds + _BELIEF - honest) / (frauds + goods + _BELIEF))


def beside_learned(learned: Column, improbable: Column, share: float) -> Column:
    """Suspicion (M,) by what is learned and by such groups: the larger of both until the store has enough
    labels; in one that has many such a group raises the odds of what is learned, never beyond what it says
    itself. In between, both, by the `share` that counts without labels (`LabelTotals`).

    So a flatmate to whom a crew lent its phone, and of whom all that was learned speaks well, is no member.
    """
    larger = np.maximum(learned, improbable)
    if share == 1.0:
        return np.asarray(larger)
    chance, by_group = np.clip(learned, 1e-4, 1 - 1e-4), np.clip(improbable, 1e-6, _BESIDE_LABELS)
    odds = chance / (1 - chance) * by_group / (1 - by_group)
    raised = np.maximum(learned, np.minimum(odds / (1 + odds), improbable))
    # the larger one is never the smaller, whatever the last bit of a power says
    return np.asarray(np.clip(larger**share * raised ** (1 - share), raised, larger))
