"""Comparing and promoting the registry's models by a store's last slice."""

from __future__ import annotations

import logging
from contextlib import closing
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from graph.frame.location import frame_of
from graph.model.errors import BundleError, InputError, RegistryError
from graph.model.moments import micros
from graph.store.port import GraphStore
from service.settings import NO_FRAME, Settings

if TYPE_CHECKING:
    from gnn.registry.checks import GateResult
    from gnn.registry.comparison import ModelComparison
    from gnn.registry.gate import GateChecks
    from gnn.registry.models import Deed, ModelRegistry

log = logging.getLogger("ringfence.promotion")


def compare(
    settings: Settings,
    store: GraphStore,
    registry: ModelRegistry,
    versions: tuple[str, str | None],
    as_of: datetime,
) -> ModelComparison:
    """A version beside another, or beside its own bare counts where that is None, on the applications that
    neither has learned from, as known by `as_of`.

    At the review capacity of the second, with the longer of their horizons. Raises InputError where these are
    too few, BundleError and RegistryError.
    """
    from gnn.registry.comparison import compared  # here, because a service needs none of it
    from gnn.registry.last_slice import last_slice, learned_until

    version, against = versions
    model, other = registry.bundle(version), registry.bundle(against) if against else None
    cards = [one.card for one in (model, other) if one is not None]
    horizon = max(card["horizon_days"] for card in cards)
    with closing(frame_of(store, "" if settings.frame == NO_FRAME else settings.frame)) as frame:
        on = last_slice(store, frame, learned_until(*cards), micros(as_of), horizon)
        return compared(model, other, on, cards[-1]["capacity"])


def to_beat(registry: ModelRegistry) -> str | None:
    """The version that a model is held beside: the champion's. None, the bare counts, where there is none, or
    where it was made for inputs that this code does not compute any more, which is said.
    """
    if (champion := registry.champion()) is None:
        return None
    try:
        registry.bundle(champion.version)
    except BundleError as error:
        log.warning("the bare counts stand in the champion's place: %s", error)
        return None
    return champion.version


def judged(
    settings: Settings,
    store: GraphStore,
    registry: ModelRegistry,
    versions: tuple[str, str | None],
    as_of: datetime,
) -> GateResult:
    """What the gate says of `compare`'s first version; that nothing can be measured yet is a check that it
    does not pass. Raises BundleError and RegistryError.
    """
    from gnn.registry import gate
    from gnn.registry.checks import GateCheck, GateResult
    from gnn.registry.comparison import BARE_COUNTS
    from service.governance.gates.model import fairness_checks

    limits = gate.GateLimits(
        margin=settings.gate_margin,
        group_margin=settings.gate_group_margin,
        ece=settings.gate_ece,
        latency_ms=settings.gate_latency_ms,
    )
    fair: GateChecks = partial(fairness_checks, most_times=settings.gate_fairness)
    try:
        return gate.passed_gate(compare(settings, store, registry, versions, as_of), limits, (fair,))
    except InputError as error:
        check = GateCheck(name="measurable", passed=False, sentence=str(error))
        return GateResult(version=versions[0], against=versions[1] or BARE_COUNTS, slice={}, checks=(check,))


def promote(registry: ModelRegistry, result: GateResult, deed: Deed, *, forced: bool = False) -> bool:
    """Promote the model of a gate's result where it passed, or is forced; else keep that it did not. Whether
    it serves now.

    Raises RegistryError, also where another model has come to serve since the gate began to measure: nobody
    has held this one beside that.
    """
    from gnn.registry.comparison import BARE_COUNTS

    if (result.passed or forced) and (to_beat(registry) or BARE_COUNTS) != result.against:
        raise RegistryError(
            f"{result.version} was measured beside {result.against}, and another model has come to serve "
            "meanwhile: promote it again, to be measured beside that one"
        )
    if not result.passed and not forced:
        registry.refuse(result.version, deed, result.as_json())
        return False
    registry.promote(result.version, deed, result.as_json(), forced=forced and not result.passed)
    return True
