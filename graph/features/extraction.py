"""Extracts all features of one subject as one row: signals, multi-lending variables and reference counts."""

from __future__ import annotations

from collections.abc import Sequence

from graph.facts.tables import Column
from graph.features import counts
from graph.features.lending import multi_lending
from graph.features.lending.multi_lending import CountingPlan
from graph.features.precompute import precompute
from graph.features.signals import (
    behaviour,
    bursts,
    holders,
    merchant,
    neighbour_activity,
    phones,
    ring,
    sharing,
)
from graph.features.signals.catalogue import FAMILIES, SIGNALS
from graph.features.workspace import Precomputed
from graph.frame.neighbourhood import Neighbourhood
from graph.kernels.compiled import compiled

SIGNAL_NAMES: tuple[str, ...] = tuple(SIGNALS)
VARIABLE_NAMES: tuple[str, ...] = multi_lending.NAMES
COUNT_NAMES: tuple[str, ...] = counts.NAMES
# the counts' names beside ours, of which some are the same
COUNT_COLUMNS = tuple(f"count_{name}" for name in COUNT_NAMES)

_A, _B, _C, _D, _E, _F, _G, _SIGNALS = (
    sum(len(family) for family in FAMILIES[: n + 1]) for n in range(len(FAMILIES))
)
_COUNTS = len(COUNT_NAMES)


def names(variables: Sequence[str] = VARIABLE_NAMES) -> tuple[str, ...]:
    """The columns of a row, in order, given the requested variables: signals, variables, counts."""
    return (*SIGNAL_NAMES, *variables, *COUNT_NAMES)


@compiled
def extract(
    n: Neighbourhood, r: Precomputed, wanted: CountingPlan, unjudged: bool, row: Column, why: Column
) -> bool:
    """Write the features of one subject into `row` (as `names` says) float64, NaN is *not known*; False, and
    nothing, where `r` has no room.

    `unjudged`: as if nobody had said anything of the subject itself, which no model may learn to repeat.
    `why` (KINDS,) int8: which keys were left out, as `multi_lending.left_out` reads it.
    """
    labels = n.people[0].labels
    if unjudged:
        n.people[0].labels = 0
    fits = precompute(n, r)
    if fits:
        ring.fill(n, r, row[:_A])
        neighbour_activity.fill(n, r, row[_A:_B])
        sharing.fill(n, r, row[_B:_C])
        phones.fill(n, r, row[_C:_D])
        holders.fill(n, r, row[_D:_E])
        merchant.fill(n, r, row[_E:_F])
        behaviour.fill(n, r, row[_F:_G])
        bursts.fill(n, r, row[_G:_SIGNALS])
        multi_lending.fill(
            wanted,
            n,
            r.people.me,  # type: ignore[attr-defined]
            row[_SIGNALS : len(row) - _COUNTS],
            why,
        )
        counts.fill(n, r, row[len(row) - _COUNTS :])
    n.people[0].labels = labels
    return fits
