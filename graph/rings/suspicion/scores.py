"""Group scores from the suspicion of members."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from graph.facts.tables import Column
from graph.rings.applicants.everybody import Everybody, Rows, merged
from graph.rings.applicants.labelled import LabelTotals, StoreLabels
from graph.rings.applicants.moved import Moved, rest_of

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


@dataclass(frozen=True)
class InBadGroups:
    """Whoever is in a group at least half of whose people are expected to be bad (N,), in order of their
    positions: how suspicious, and what is known of each.
    """

    suspicion: Column
    fraud: Column
    mature: Column


def in_bad_groups(group: Column, suspicion: Column) -> Column:
    """Who of some whole groups is in one at least half of whose people are expected to be bad, by the number
    of each one's `group` (N,), and their `suspicion` (N,).
    """
    size = np.maximum(np.bincount(group), 1)
    return np.flatnonzero((np.bincount(group, weights=suspicion) / size >= 0.5)[group])


def label_rates(bad: InBadGroups, known: LabelTotals, mature_before: int) -> LabelRates:
    """Estimated from the store itself: from who is in its bad groups, and how many are known of everybody."""
    mature = _rates(bad, bad.mature, known.mature_goods, known.mature)
    others = _rates(bad, ~bad.mature, known.goods - known.mature_goods, known.people - known.mature)
    return LabelRates(mature, others, mature_before)


def rates_of(everybody: Everybody, some: Moved, labels: StoreLabels) -> LabelRates:
    """The same by the groups that follow where `some` have left that of the first cut."""
    names, before = ("suspicion", "fraud", "since"), labels.mature_before
    mine = {"who": some.people, **everybody.of(some.people, *names)}
    at = in_bad_groups(some.numbers, mine["suspicion"])
    others = everybody.answers(_of_bad_groups, ("coarse", *names), {"who": some.rows["who"]})
    bad = merged([{name: column[at] for name, column in mine.items()}, *others])
    of_people = InBadGroups(bad["suspicion"], bad["fraud"], bad["since"] < before)
    return label_rates(of_people, labels.totals, before)


def _of_bad_groups(rows: Rows, given: Rows) -> Rows:
    rest, number = rest_of(rows, given)
    at = rest[in_bad_groups(number, rows["suspicion"][rest])]
    return {name: rows[name][at] for name in ("who", "suspicion", "fraud", "since")}


@dataclass(frozen=True)
class Rescaling:
    """Chances to be *found* bad as chances to be bad: many frauds are never confirmed (after Elkan and Noto
    2008, with an upper quartile). They are divided by `found`, then times `possible`; None: they stay.
    """

    found: float | None = None
    possible: float | None = None

    def raised(self, chance: Column) -> Column:
        """Chances (N,) divided by what is found, 1 at most."""
        return np.minimum(chance / self.found, 1.0) if self.found is not None else chance

    def __call__(self, chance: Column) -> Column:
        """Chances (N,) rescaled."""
        raised = self.raised(chance)
        return raised * self.possible if self.possible is not None else raised


def found_share(of_frauds: Column) -> Rescaling:
    """By the chances of the known frauds (F,), which must be out of fold."""
    if len(of_frauds) < _FEW:
        return Rescaling()
    return Rescaling(max(float(np.quantile(of_frauds, 0.75)), 2 * LEAST_CONFIRMED))


def bounded(by: Rescaling, raised: Column, fraud: Column) -> Rescaling:
    """Never to more than a confirmation rate of LEAST_CONFIRMED allows: where labels hardly follow suspicion,
    nobody is very suspicious. Of the mature whose chance is `raised` to .5 or more (N,), in order of their
    positions, `fraud` (N,) bool are known for it.
    """
    if by.found is None or not len(raised):
        return by
    possible = float(fraud.mean()) / LEAST_CONFIRMED
    return Rescaling(by.found, min(possible / float(raised.mean()), 1.0))


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


def _rates(bad: InBadGroups, some: Column, goods: int, people: int) -> tuple[float, float]:
    """How often the bad are confirmed and the honest cleared, among `some` (N,) bool of those in bad groups,
    and so many `people` of whom so many are `goods`.
    """
    expected = float(bad.suspicion[some].sum())
    confirmed = float(np.clip(bad.fraud[some].sum() / expected, 0.05, 0.9)) if expected > 15 else 0.3
    cleared = float(np.clip(np.float64(goods) / people, 1e-4, 0.95)) if people else 1e-4
    return confirmed, min(cleared, 0.98 - confirmed * 0.02)
