"""Group scores from the suspicion of members."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from graph.facts.tables import Column
from graph.rings.applicants.labelled import LabelledApplicants

SMALLEST = 3  # fewer people than this are no ring
LEAST = 0.3  # no group with a lower score is flagged, whatever the budget
LEAST_CONFIRMED = 0.1  # of the bad who had time to show are confirmed, at least
_FEW = 20  # known frauds: with fewer, how often the bad are confirmed cannot be told
_BELIEF = 6.0  # members' worth of evidence that the mean suspicion counts for
# shares of bad members that are weighed against each other
_RATES = np.sort(np.r_[0.001, 0.004, 0.01, (np.arange(25) + 0.5) / 25])
# probability that a crew was never investigated, so that its members have no labels however many they are and
# however long it is
UNSEEN = 0.2
_AT_ONCE = 5_000  # groups: some 8 MB
# an honest person labelled fraud; a cheat labelled good, as a share of how often the honest are
_WRONG_FRAUD, _WRONG_GOOD = 0.002, 0.05


class Verdicts(Protocol):
    """What is known of some people (N,), bool: frauds, goods, and whose history is mature."""

    @property
    def fraud(self) -> Column: ...
    @property
    def good(self) -> Column: ...
    @property
    def mature(self) -> Column: ...


@dataclass(frozen=True)
class LabelRates:
    """How often the bad are confirmed, and how often the honest are cleared (0-1), in a whole store: of those
    who are `mature`, who applied first before `mature_before` (microseconds), and of the `others`.
    """

    mature: tuple[float, float]
    others: tuple[float, float]
    mature_before: int


def label_rates(group: Column, suspicion: Column, labelled: LabelledApplicants) -> LabelRates:
    """Estimated from the store itself: in which `group` everybody is (A,), how suspicious (A,).
    Not every number needs to be that of a group.
    """
    size = np.maximum(np.bincount(group), 1)
    bad = (np.bincount(group, weights=suspicion) / size >= 0.5)[group]
    mature, others = (_rates(suspicion, labelled, some, bad) for some in (labelled.mature, ~labelled.mature))
    return LabelRates(mature, others, labelled.mature_before)


def rescaled(chance: Column, labelled: LabelledApplicants) -> Column:
    """Chances to be *found* bad as chances to be bad: many frauds are never confirmed (after Elkan and Noto
    2008, with an upper quartile).

    Never to more than a confirmation rate of LEAST_CONFIRMED allows: where labels hardly follow suspicion,
    nobody is very suspicious. `chance` (A,) must be out of fold.
    """
    result = chance[labelled.fraud]
    if len(result) < _FEW:
        return chance
    raised = np.minimum(chance / max(float(np.quantile(result, 0.75)), 2 * LEAST_CONFIRMED), 1.0)
    top = labelled.mature & (raised >= 0.5)
    possible = float(labelled.fraud[top].mean()) / LEAST_CONFIRMED if top.any() else 1.0
    return raised * min(possible / float(raised[top].mean()), 1.0) if top.any() else raised


def group_scores(
    group: Column, suspicion: Column, verdicts: Verdicts, rates: LabelRates, *, unheard: bool = False
) -> Column:
    """The expected share of bad loans among each group's members (G,): a Beta prior round their mean
    suspicion, updated by their labels. `group` (N,) is of whole groups.

    A label may be missing: how often the bad are confirmed and the honest cleared, among those with time to
    show and the others, `rates` say, and silence counts for what it is worth. It is worth less than its
    members say one by one, because a crew is noticed as a whole or hardly at all: with the chance UNSEEN
    silence says nothing about any of them. Suspicion never saw the labels of the group it judges. `unheard`:
    the score that each group would have if one of its cleared members had never been cleared.
    """
    size = np.bincount(group)
    mean = np.clip(np.bincount(group, weights=suspicion) / size, 0.002, 0.998)
    forget = np.full(len(size), int(unheard))
    counted: list[tuple[Column, Column]] = []
    ages = ((verdicts.mature, rates.mature), (~verdicts.mature, rates.others))
    for some, (confirmed, cleared) in ages:
        fraud = _RATES * confirmed + (1 - _RATES) * _WRONG_FRAUD
        good = (1 - _RATES) * cleared + _RATES * cleared * _WRONG_GOOD
        frauds, goods, silent = (
            np.bincount(group[some & seen], minlength=len(size))
            for seen in (verdicts.fraud, verdicts.good, ~verdicts.fraud & ~verdicts.good)
        )
        forgotten = np.minimum(forget, goods)
        forget = forget - forgotten
        counts = np.stack([frauds, goods - forgotten, silent + forgotten])
        counted.append(
            (counts, np.stack([fraud, good, 1 - fraud - good, 1 - (1 - _RATES) * _WRONG_FRAUD - good]))
        )
    blocks = (slice(start, start + _AT_ONCE) for start in range(0, len(size), _AT_ONCE))
    parts = [
        _expected(mean[some], [(counts[:, some], likely) for counts, likely in counted]) for some in blocks
    ]
    return np.concatenate([np.zeros(0), *parts])


def _expected(mean: Column, counted: list[tuple[Column, Column]]) -> Column:
    """The expected share of the bad by group (G,). `counted`, of the mature and the others: how many members
    are frauds, goods and silent (3, G), and how likely each of these is at each of _RATES, silence first as
    one by one and then as of a crew that nobody looked at (4, rates).
    """
    prior = (_BELIEF * mean[:, None] - 1) * np.log(_RATES) + (_BELIEF * (1 - mean[:, None]) - 1) * np.log(
        1 - _RATES
    )
    rows, untold = np.zeros_like(prior), np.zeros_like(prior)
    for counts, (fraud, good, one_by_one, as_a_crew) in counted:
        for out, silence in ((rows, one_by_one), (untold, as_a_crew)):
            for members, likelihood in zip(counts, (fraud, good, silence), strict=True):
                out += members[:, None] * np.log(np.maximum(likelihood, 1e-6))
    chance = prior + np.logaddexp(np.log(1 - UNSEEN) + rows, np.log(UNSEEN) + untold)
    posterior = np.exp(chance - chance.max(axis=1, keepdims=True))
    return np.asarray((posterior * _RATES).sum(axis=1) / posterior.sum(axis=1))


def _rates(
    suspicion: Column, labelled: LabelledApplicants, some: Column, in_bad_groups: Column
) -> tuple[float, float]:
    """How often the bad are confirmed and the honest cleared, among `some`."""
    bad = some & in_bad_groups
    expected = float(suspicion[bad].sum())
    confirmed = float(np.clip(labelled.fraud[bad].sum() / expected, 0.05, 0.9)) if expected > 15 else 0.3
    cleared = float(np.clip(labelled.good[some].mean(), 1e-4, 0.95)) if some.any() else 1e-4
    return confirmed, min(cleared, 0.98 - confirmed * 0.02)
