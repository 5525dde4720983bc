"""SIGNALS: every sign of fraud that an assessment weighs, one small named, documented function each."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import get_args

from graph.evidence import Evidence
from graph.signals.behaviour import BEHAVIOUR
from graph.signals.company import COMPANY
from graph.signals.holders import HOLDERS
from graph.signals.merchant import MERCHANT
from graph.signals.phones import PHONES
from graph.signals.reading import Reading, read
from graph.signals.registry import Dimension, Path, Signal, SignalFunction
from graph.signals.ring import RING
from graph.signals.sharing import SHARING

__all__ = ["DIMENSIONS", "SIGNALS", "Path", "Reading", "Signal", "SignalFunction", "compute", "measured", "read"]

DIMENSIONS: tuple[str, ...] = get_args(Dimension)

SIGNALS: Mapping[str, SignalFunction] = MappingProxyType(
    {one.name: one for family in (RING, COMPANY, SHARING, PHONES, HOLDERS, MERCHANT, BEHAVIOUR) for one in family}
)
"""Name -> signal, in the order in which they are computed, shown and given to the model."""


def compute(evidence: Evidence) -> tuple[Signal, ...]:
    """All signals of one evidence, in the order of SIGNALS. Pure: the same evidence gives the same bits."""
    return measured(read(evidence))


def measured(reading: Reading) -> tuple[Signal, ...]:
    """The same of what was read already."""
    return tuple(Signal(one.name, one.measure(reading), one.unit) for one in SIGNALS.values())
