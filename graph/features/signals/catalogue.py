"""SIGNALS: the catalogue of all signals, each a small documented compiled function."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from graph.features.registry import DIMENSIONS, Signal
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

__all__ = ["DIMENSIONS", "FAMILIES", "SIGNALS", "Signal"]

FAMILIES = (
    ring.RING,
    neighbour_activity.NEIGHBOUR_ACTIVITY,
    sharing.SHARING,
    phones.PHONES,
    holders.HOLDERS,
    merchant.MERCHANT,
    behaviour.BEHAVIOUR,
    bursts.BURSTS,
)
SIGNALS: Mapping[str, Signal] = MappingProxyType({one.name: one for family in FAMILIES for one in family})
"""Name -> signal, in the order in which they are worked out, shown and given to the model."""
