"""Weights for unlabelled samples, estimated from how often frauds with the same loan fate were confirmed
(positive-unlabelled learning).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from graph.facts.tables import Column

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

FATES = ("unpaid", "paid", "defaulted", "repaid")  # what became of a person's loans so far, by code
# frauds' worth of belief that a fate is like all others, so that a handful of labels decides nothing
_PULL = 5.0
_BUSY = 8  # applications of one person, above which more of them make no difference


class MaturedSamples(NamedTuple):
    """N samples whose horizon has passed: `fate` code, how many `applications` the person made, proved `bad`,
    and how many each stands for.
    """

    fate: Column
    applications: Column
    bad: Bools
    mass: Floats


class UnlabelledWorth(NamedTuple):
    """By loan fate (FATES,), 0 to 1: the chance that an unlabelled sample is a `fraud`, and the share
    `confirmed` of such frauds that get confirmed.
    """

    fraud: Floats
    confirmed: Floats


def unlabelled_worth(matured: MaturedSamples) -> UnlabelledWorth:
    """What a missing label is worth, estimated from the labels of `matured`.

    Somebody silent may be a fraud that is not confirmed: if a share c of the frauds is, (1 - c) / c are
    silent for each one confirmed, and they are some of the silent samples of that fate (Elkan and Noto 2008).
    c lies between the largest share confirmed of any fate, because not all of these need be frauds, and 1:
    the middle is taken. And nobody may have looked: where people who never got a loan are confirmed less
    often than those who did and applied as often, their silence is worth less by that ratio.
    """
    frauds = np.bincount(matured.fate, matured.mass * matured.bad, len(FATES))
    total = np.bincount(matured.fate, matured.mass, len(FATES))
    if not frauds.sum():
        return UnlabelledWorth(np.zeros(len(FATES)), np.ones(len(FATES)))
    share = np.minimum((frauds + _PULL * frauds.sum() / total.sum()) / (total + _PULL), 0.99)
    confirmed = (share.max() + 1) / 2
    confirmed_share = np.ones(len(FATES))
    confirmed_share[0] = _confirmed_unpaid(matured)
    return UnlabelledWorth(share / (1 - share) * (1 - confirmed) / confirmed, confirmed_share)


def _confirmed_unpaid(matured: MaturedSamples) -> float:
    """Frauds confirmed of those who never got a loan, by those expected from people who did and made as many
    applications; at most 1.
    """
    busy, unpaid = np.minimum(matured.applications, _BUSY), matured.fate == 0
    frauds = np.bincount(busy[~unpaid], (matured.mass * matured.bad)[~unpaid], _BUSY + 1)
    rate = frauds / np.maximum(np.bincount(busy[~unpaid], matured.mass[~unpaid], _BUSY + 1), 1.0)
    expected = float(rate[busy[unpaid]] @ matured.mass[unpaid])
    return min(1.0, (float((matured.mass * matured.bad)[unpaid].sum()) + _PULL) / (expected + _PULL))
