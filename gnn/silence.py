"""Weights for unlabelled samples, estimated from how often frauds with the same loan fate were confirmed (positive-unlabelled learning)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from graph.store.tables import Column

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

FATES = ("unpaid", "paid", "defaulted", "repaid")  # what became of a person's loans so far, by code
_PULL = 5.0  # frauds' worth of belief that a fate is like all others, so that a handful of labels decides nothing
_BUSY = 8  # applications of one person, above which more of them make no difference


class Seen(NamedTuple):
    """N samples whose horizon has passed: `fate` code, how many `applications` the person made, proved `bad`, and how many each stands for."""

    fate: Column
    applications: Column
    bad: Bools
    mass: Floats


class Worth(NamedTuple):
    """By loan fate (FATES,), 0 to 1: the chance that an unlabelled sample is a `fraud`, and the share `looked` of such frauds that get confirmed."""

    fraud: Floats
    looked: Floats


def worth(seen: Seen) -> Worth:
    """What a missing label is worth, estimated from the labels of `seen`.

    Somebody silent may be a fraud that is not confirmed: if a share c of the frauds is, (1 - c) / c are silent for each one confirmed, and they
    are some of the silent samples of that fate (Elkan and Noto 2008). c lies between the largest share confirmed of any fate, because not all
    of these need be frauds, and 1: the middle is taken.
    And nobody may have looked: where people who never got a loan are confirmed less often than those who did and applied as often, their
    silence is worth less by that ratio.
    """
    frauds = np.bincount(seen.fate, seen.mass * seen.bad, len(FATES))
    total = np.bincount(seen.fate, seen.mass, len(FATES))
    if not frauds.sum():
        return Worth(np.zeros(len(FATES)), np.ones(len(FATES)))
    share = np.minimum((frauds + _PULL * frauds.sum() / total.sum()) / (total + _PULL), 0.99)
    confirmed = (share.max() + 1) / 2
    looked = np.ones(len(FATES))
    looked[0] = _looked_at_unpaid(seen)
    return Worth(share / (1 - share) * (1 - confirmed) / confirmed, looked)


def _looked_at_unpaid(seen: Seen) -> float:
    """Frauds confirmed of those who never got a loan, by those expected from people who did and made as many applications; at most 1."""
    busy, unpaid = np.minimum(seen.applications, _BUSY), seen.fate == 0
    frauds = np.bincount(busy[~unpaid], (seen.mass * seen.bad)[~unpaid], _BUSY + 1)
    rate = frauds / np.maximum(np.bincount(busy[~unpaid], seen.mass[~unpaid], _BUSY + 1), 1.0)
    expected = float(rate[busy[unpaid]] @ seen.mass[unpaid])
    return min(1.0, (float((seen.mass * seen.bad)[unpaid].sum()) + _PULL) / (expected + _PULL))
