"""The gate's question whether the honest of a group are held up more often than others like them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gnn.registry.checks import GateCheck
from investigations.estimates import TOO_FEW, Excess, excess
from investigations.fairness.measures import EVERYBODY, members_of

Mask = npt.NDArray[np.bool_]


class HonestLives(NamedTuple):
    """Of honest people (N,) the groups, and the own history in a word."""

    groups: Sequence[frozenset[str]]
    histories: Sequence[str]


def group_checks(lives: HonestLives, now: Mask, before: tuple[Mask, str], most: float) -> list[GateCheck]:
    """One for each group of TOO_FEW people or more: how many times as many of them are held up `now` (N,) as
    of others with the same own history; and so many `before`, and in which words before what.
    """
    then, words = before
    history = np.unique(lives.histories, return_inverse=True)[1].astype(np.int64)
    return [
        _check(name, excess(now, member, history), (excess(then, member, history), words), most)
        for name, member in sorted(members_of(lives.groups).items())
        if name != EVERYBODY and member.sum() >= TOO_FEW
    ]


def _check(name: str, ours: Excess, other: tuple[Excess, str], most: float) -> GateCheck:
    before, words = other
    return GateCheck(
        name=f"fairness to {name}",
        passed=ours.is_fair(before, most),
        value=round(ours.times, 3),
        limit=most,
        sentence=ours.sentence("are held up", before, words),
    )
