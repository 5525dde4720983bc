"""How those live who applied in a sample: the groups that they belong to, and their own history."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import isnan

import numpy as np
import numpy.typing as npt

from gnn.samples.samples import Samples
from graph.facts.groups import HISTORY, READ, groups_of, history_by, said_in
from graph.facts.tables import Tables
from graph.features.extraction import COUNT_NAMES, SIGNAL_NAMES
from graph.model.moments import moment

Floats = npt.NDArray[np.float64]

Bools = npt.NDArray[np.bool_]

LEAST = 30  # samples of a group; of fewer a share says nothing
_EARLIER = len(COUNT_NAMES) - COUNT_NAMES.index("own_applications")
_READ = (*READ, *HISTORY)


def lives_of(
    samples: Samples, inputs: Floats, tables: Tables, rows: Sequence[int]
) -> Iterator[tuple[frozenset[str], str]]:
    """Of who applied in each of the `rows` of samples the groups, and their own history in a word; `inputs`
    (N, columns of `graph.features.extraction.names`).
    """
    places = {name: place for place, name in enumerate(tables.applications["application_id"].tolist())}
    for row in rows:
        values = inputs[row]
        signals = {name: _known(values[SIGNAL_NAMES.index(name)]) for name in _READ}
        name = samples.application_id[row]  # None where a person was watched at a moment
        application, lender = said_in(tables, places[name] if name is not None else -1)
        earlier = int(values[-_EARLIER])
        yield (
            groups_of(application, signals, earlier, lender, moment(int(samples.at[row]))),
            history_by(signals, earlier),
        )


def _known(value: float) -> float | None:
    return None if isnan(value) else float(value)


def figures_by_group(
    groups: Sequence[frozenset[str]], probability: Floats, held_up: Bools, bad: Bools, weight: Floats
) -> dict[str, dict[str, float]]:
    """Of each group of LEAST samples or more (all (N,)): how many `samples` and `frauds`, the share that was
    `expected` to be bad and that is `bad`, by weight (calibration), and the share `held_up` of the honest.
    """
    out = {}
    for name in sorted({name for one in groups for name in one}):
        member = np.array([name in one for one in groups], np.bool_) & (weight > 0)
        honest = member & ~bad
        if member.sum() >= LEAST and honest.any():
            out[name] = {
                "samples": int(member.sum()),
                "frauds": int((member & bad).sum()),
                "expected": round(float(np.average(probability[member], weights=weight[member])), 6),
                "bad": round(float(np.average(bad[member], weights=weight[member])), 6),
                "held_up": round(float(held_up[honest].mean()), 6),
            }
    return out
