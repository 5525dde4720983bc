"""The multi-lending variables of every answer: who asked how many lenders for money, by key, window and
segment.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, NamedTuple

import numpy as np

from graph.facts.hubs import REASONS
from graph.facts.tables import KINDS, Column
from graph.features.lending.counts import CountingPlan, counting_plan, fill_counts, key_bit
from graph.features.lending.grammar import (
    KEYS,
    STANDARD,
    STANDARD_SEGMENTS,
    STANDARD_STATS,
    variable,
)
from graph.features.lending.grammar import STATS as ALL_STATS
from graph.features.lending.keys import counted, named
from graph.features.lending.words import STAT_WORDS, describe
from graph.frame.neighbourhood import Neighbourhood
from graph.kernels.compiled import compiled

__all__ = ["NAMES", "SEGMENTS", "STATS", "CountingPlan", "MultiLending", "describe", "fill", "plan"]

NAMES = STANDARD
"""The variables of every answer, in the order in which they are counted and given to the model."""
SEGMENTS = STANDARD_SEGMENTS


class Stat(NamedTuple):
    """What of an application is counted; `distinct`: by lender, once each. The texts are as
    `graph.features.registry.render_text` takes them.
    """

    of: str
    distinct: bool
    text_en: str
    text_zh: str


STATS: Mapping[str, Stat] = MappingProxyType(
    {
        name: Stat(ALL_STATS[name].of, ALL_STATS[name].how == "lenders", *STAT_WORDS[name])
        for name in STANDARD_STATS
    }
)


@dataclass(frozen=True, slots=True)
class MultiLending:
    """Variables by name. None: nothing at all is known under that key; 0: something is, and nothing in the
    window.

    `left_out`: the keys under which nothing was counted though they are named, with the reason:
    `many_holders` (a hub), or `not_linking`.
    """

    status: Literal["found", "no_record"]
    variables: Mapping[str, float | None]
    left_out: Mapping[str, str]


def key_bits(name: str) -> int:
    """Under which key a variable counts, as `graph.features.lending.keys.counted` sets it."""
    return key_bit(variable(name).key)


def plan(names: Sequence[str] = NAMES) -> CountingPlan:
    """The plan of counts by name, in that order. Raises KeyError for a name that is none."""
    return counting_plan([variable(name) for name in names])


def left_out(why: Column) -> dict[str, str]:
    """Keys under which nothing was counted though they are named, with the reason; `why` (KINDS,) as `fill`
    writes it.
    """
    kinds = {key: kind for key, kind in KEYS.items() if kind is not None}
    return {key: REASONS[code] for key, kind in kinds.items() if (code := int(why[KINDS.index(kind)]))}


@compiled
def fill(wanted: CountingPlan, n: Neighbourhood, selves: Column, row: Column, why: Column) -> None:
    """Write the variables into `row` (V,) float64: NaN where nothing at all is known under the key, 0 where
    nothing is in the window.

    `selves` (P,) bool: the people who are the subject. `why` (KINDS,) int8 gets what `left_out` reads.
    """
    chosen, reasons = named(n)
    why[:] = reasons
    if len(wanted.columns):
        fill_counts(wanted, n, counted(n, selves, chosen), np.zeros(0, np.int32), row)
