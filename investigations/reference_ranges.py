"""Reference ranges: for each signal and variable, the range that holds nine in ten people not known to be
bad.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import MappingProxyType

FILE = Path(__file__).with_name("reference_ranges.csv")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceRanges:
    """By name: 95 % stay under `high`, and 95 % stay above `low`; what is not in it is not known."""

    high: Mapping[str, float] = field(default_factory=dict)
    low: Mapping[str, float] = field(default_factory=dict)


@cache
def from_simulated_worlds() -> ReferenceRanges:
    """The ranges measured on simulated worlds (scripts/tools/learn_reference_ranges.py), for stores without a
    model; a model card brings its own.
    """
    rows = [line.split(",") for line in FILE.read_text("utf-8").splitlines()[1:]]
    return ReferenceRanges(
        high=MappingProxyType({name: float(high) for name, _, high in rows}),
        low=MappingProxyType({name: float(low) for name, low, _ in rows}),
    )
