"""Estimates the honest people in flagged groups, with an interval, and selects the groups within a budget for
them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import gammaincinv

from graph.facts.tables import Column
from graph.rings.applicants.labelled import LabelledApplicants
from graph.rings.error_shares import HONEST_BUDGET
from graph.rings.suspicion.scores import LEAST, LEAST_CONFIRMED, SMALLEST

# cleared people's worth of evidence that the scores' own estimate counts for: one hit by the default budget
_SCORES_COUNT_FOR = 500.0
_FEW = 20  # known frauds: with fewer, how often the bad are confirmed cannot be told
# how often a cheat is cleared, as a share of how often the honest are: some pay a loan back
_CHEATS_CLEARED = 0.15
_INTERVAL = (0.05, 0.95)


@dataclass(frozen=True)
class Spending:
    """The share (0-1) of the honest that is expected in flagged groups, and between which shares it lies nine
    times in ten.
    """

    expected: float = 0.0
    low: float = 0.0
    high: float = 0.0


@dataclass(frozen=True)
class Candidates:
    """Groups that might be flagged: `group` (A,), who would be flagged with it `held` (A,) bool, `score` (G,)
    and the score `unheard` (G,) that the group would have if one of its cleared members had never been
    cleared. `improbable` (A,) is the chance to be bad of those whose group chance does not explain, 0 for the
    others: they are charged by that where it is more than their group's score.
    """

    group: Column
    held: Column
    score: Column
    unheard: Column
    improbable: Column | None = None

    @property
    def eligible(self) -> Column:
        """Groups (G,) bool that are large and bad enough."""
        return np.asarray((self.people(self.held) >= SMALLEST) & (self.score >= LEAST))

    def of_known(self, labelled: LabelledApplicants) -> Column:
        """Groups (G,) bool whose known frauds alone are large enough, and cost nothing."""
        return np.asarray(self.eligible & (self.people(self.held & labelled.fraud) >= SMALLEST))

    @property
    def worst_first(self) -> Column:
        """The groups' numbers (G,)."""
        return np.lexsort((np.arange(len(self.score)), -self.score))

    def people(self, some: Column) -> Column:
        """How many of `some` (A,) bool each group has (G,)."""
        return np.bincount(self.group[some], minlength=len(self.score))


def flagged_groups(
    candidates: Candidates, labelled: LabelledApplicants, budget: float = HONEST_BUDGET
) -> tuple[Column, Spending]:
    """Which groups to flag (G,) bool, the worst first, while the honest expected in them stay within the
    budget; and what that spends.

    Expected are, by the scores, the honest among those whom nobody has judged: a known fraud costs nothing.
    The cleared measure the same: each of them is a person of whom it is known that flagging would be wrong,
    and is hit where the group would be flagged had this one not been cleared. As many more of the honest are
    hit as that happens to; it prevails as the cleared grow in number.
    """
    people = max(labelled.totals.people, 1)
    worst, eligible = candidates.worst_first, candidates.eligible
    unknown = candidates.held & ~labelled.fraud & ~labelled.good
    bad = candidates.score[candidates.group]
    honest = 1 - (bad if candidates.improbable is None else np.maximum(bad, candidates.improbable))
    charged = np.bincount(candidates.group, weights=unknown * honest, minlength=len(candidates.score))
    by_scores = np.cumsum(np.where(eligible, charged, 0.0)[worst])
    hits = _Hits(by_scores, _cleared_hit(candidates, labelled)[worst])
    spent = hits.share(labelled)
    worst_case = (
        np.maximum(spent, _unlabelled(candidates, labelled)) if labelled.totals.frauds >= _FEW else spent
    )
    # one person at least, or a small store could flag nobody
    allowed = eligible[worst] & (worst_case <= budget + 1.0 / people)
    flagged = np.zeros(len(candidates.score), bool)
    flagged[worst[allowed]] = True
    return flagged, hits.spending(labelled, np.flatnonzero(allowed))


def affordable(
    people: Column,
    suspicion: Column,
    labelled: LabelledApplicants,
    spent: Spending,
    budget: float = HONEST_BUDGET,
) -> tuple[Column, Spending]:
    """Whom of `people` (N,) to flag as well (N,) bool: the known frauds, and the most suspicious first as far
    as what is left of the budget goes; and what is spent then.

    The cleared among them are not flagged, and measure what flagging the others would cost.
    """
    order = np.lexsort((people, -suspicion[people]))
    at = people[order]
    cleared = labelled.good[at] & ~labelled.fraud[at]
    unknown = ~labelled.fraud[at] & ~cleared
    hits = _Hits(np.cumsum(np.where(unknown, 1 - suspicion[at], 0.0)), np.cumsum(cleared))
    allowed = hits.share(labelled) <= budget - spent.expected
    out = np.zeros(len(people), bool)
    out[order] = (allowed & ~cleared) | labelled.fraud[at]
    more = hits.spending(labelled, np.flatnonzero(allowed))
    return out, Spending(spent.expected + more.expected, spent.low + more.low, spent.high + more.high)


@dataclass(frozen=True)
class _Hits:
    """How many honest people are hit by one cut after the other (N,): of all by the scores, and of the
    cleared.
    """

    by_scores: Column
    of_cleared: Column

    def share(self, labelled: LabelledApplicants) -> Column:
        """The share of the honest that is hit (N,): the mean of a Gamma distribution that the scores speak
        for and the cleared correct.
        """
        counted, tried = self._counted(labelled)
        return np.asarray(counted / tried * _not_cleared(labelled))

    def spending(self, labelled: LabelledApplicants, cuts: Column) -> Spending:
        """The share at the last of these cuts, with its interval; nothing where there is none."""
        if not len(cuts):
            return Spending()
        counted, tried = self._counted(labelled)
        here = max(float(counted[cuts[-1]]), 1e-9)
        low, high = (float(gammaincinv(here, q)) / tried * _not_cleared(labelled) for q in _INTERVAL)
        return Spending(here / tried * _not_cleared(labelled), low, high)

    def _counted(self, labelled: LabelledApplicants) -> tuple[Column, float]:
        scores = _SCORES_COUNT_FOR * self.by_scores / max(labelled.totals.people, 1)
        return self.of_cleared + scores, float(labelled.totals.goods) + _SCORES_COUNT_FOR


def _not_cleared(labelled: LabelledApplicants) -> float:
    """The share of the honest whom nobody has cleared; the cleared themselves are let go."""
    known = labelled.totals
    return 1.0 - float(known.goods) / max(known.people - known.frauds, 1)


def _cleared_hit(candidates: Candidates, labelled: LabelledApplicants) -> Column:
    """How many cleared honest people would be flagged if this group and all worse ones were (G,) float, each
    judged as if not cleared.

    A cheat is cleared by mistake now and then, so that one among people who are very bad counts for less than
    one.
    """
    cleared = np.flatnonzero(candidates.held & labelled.good)
    group = candidates.group[cleared]
    unheard = candidates.unheard[group]
    hit = (candidates.people(candidates.held)[group] >= SMALLEST) & (unheard >= LEAST)
    unheard = np.sort(unheard[hit])[::-1]
    honest = np.r_[0.0, np.cumsum((1 - unheard) / ((1 - unheard) + _CHEATS_CLEARED * unheard))]
    return np.asarray(honest[np.searchsorted(-unheard, -candidates.score, side="right")])


def _unlabelled(candidates: Candidates, labelled: LabelledApplicants) -> Column:
    """The share of all applicants who must be honest among the first groups, worst first (G,), given how few
    there are confirmed frauds.
    """
    worst = candidates.worst_first
    showing = candidates.held & labelled.mature & candidates.eligible[candidates.group]
    members = np.cumsum(candidates.people(showing)[worst])
    confirmed = np.cumsum(candidates.people(showing & labelled.fraud)[worst])
    return np.asarray(np.maximum(members - confirmed / LEAST_CONFIRMED, 0.0) / max(labelled.totals.people, 1))
