"""What was usual in the slice that a model learned from: the distributions that monitoring compares with."""

from __future__ import annotations

from typing import Any

import numpy as np

from gnn.training.fitting import Fitted
from gnn.training.parts import OWN_VERDICTS, SamplePool
from graph.facts.distributions import Distribution, Values
from graph.facts.linked_kinds import LinkedKinds
from graph.facts.tables import Tables
from graph.features.extraction import SIGNAL_NAMES
from graph.model.moments import DAY, moment

SLICE = 90 * DAY
LEAST = 1_000  # samples: where the slice holds fewer, so many of the latest


def usual_values(fitted: Fitted, pool: SamplePool, tables: Tables) -> dict[str, Any]:
    """The content of the bundle's `usual.json`: `from`, `until`, `samples` and `distributions`, by name, of
    the latest SLICE before the cutoff.

    Names are `probability` (of the latest applications that the model has not learned from: of what it has
    it is surer), the signals but for what was said of the subject itself, and `linking.KIND`
    (`graph.facts.linked_kinds`). Samples are thinned evenly, so that shares are those of all.
    """
    samples = pool.samples
    even = np.flatnonzero((samples.at < fitted.cutoff) & (samples.drawn < samples.share))
    chosen = even[
        min(int(np.searchsorted(samples.at[even], fitted.cutoff - SLICE)), max(len(even) - LEAST, 0)) :
    ]
    named = pool.inputs.named[chosen]
    values: dict[str, Values] = {
        name: named[:, place] for place, name in enumerate(SIGNAL_NAMES) if name not in OWN_VERDICTS
    }
    linked = LinkedKinds(tables).of(samples.person[chosen], samples.at[chosen])
    values |= {f"linking.{kind}": column for kind, column in linked.items()}
    days = samples.at[chosen] // DAY
    spread = {name: Distribution.of(column, days) for name, column in values.items()}
    spread["probability"] = Distribution.of(fitted.latest, fitted.latest_at // DAY)
    first = int(samples.at[chosen].min(initial=fitted.cutoff))
    return {
        "from": moment(first).isoformat(),
        "until": moment(fitted.cutoff).isoformat(),
        "samples": len(chosen),
        "distributions": {name: one.as_json() for name, one in spread.items()},
    }
