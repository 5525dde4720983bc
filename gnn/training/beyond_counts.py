"""Whether each part of the model is worth its keep: what it ranks better than the bare counts, on later
applications.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gnn.graphs.column_blocks import ColumnBlocks
from gnn.scoring.ensemble import REFERENCE
from gnn.training import trees
from gnn.training.intervals import SURE, Gain, gains
from gnn.training.parts import NAMED, SERVABLE, SamplePool, used
from gnn.training.trees import TrainingRows
from gnn.training_plan import TrainingPlan
from graph.features.extraction import COUNT_COLUMNS
from graph.progress import part_of_work

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

# Kinds of inputs that are tried each by itself, beside the counts, by how their columns begin.
FAMILIES: Mapping[str, tuple[str, ...]] = {
    "rings": ("ring_",),
    "shops": ("merchant_", "agent_"),
    "lending": ("ml_",),
}


# In how many of the draws a part must be better than the bare counts to serve. Not as many as it takes to
# show it: in a world of 8,000 people counts that serve by mistake cost a tenth of average precision, and a
# part that is no better costs nothing.
LIKELY = 0.8


class PartsEvidence(NamedTuple):
    """By part and by kind of inputs the gain over the bare counts, and what serves by it."""

    gains: Mapping[str, Gain]
    serves: str


def evidence(
    logits: Mapping[str, Floats],
    rows: Bools,
    tested: SamplePool,
    outcome: tuple[Bools, Floats],
    ap: Mapping[str, float | None],
) -> PartsEvidence:
    """Of the parts' log-odds (N,) of the tested samples, by the `rows` that count, their `outcome` (bad and
    weight, both (N,)) and each part's average precision `ap`.
    """
    bad, weight = outcome
    scores = {part: values[rows] for part, values in logits.items()}
    against = scores.pop(REFERENCE)
    found = gains(scores, against, bad[rows], weight[rows], tested.samples.person[rows])
    return PartsEvidence(found, chosen(found, ap))


def chosen(found: Mapping[str, Gain], ap: Mapping[str, float | None]) -> str:
    """Of what can serve and is likely better than the bare counts the one that ranks best; where none is, the
    counts.
    """
    able = [part for part in SERVABLE if part != REFERENCE and found[part].better >= LIKELY]
    return max(able, key=lambda part: ap[part] or 0.0, default=REFERENCE)


def families(cutoff: int, pool: SamplePool, tested: SamplePool, plan: TrainingPlan) -> dict[str, Floats]:
    """The log-odds (N,) of the tested samples by trees on the counts with one kind of inputs more, learned
    from what was known before `cutoff`; a kind of which this store knows nothing is left out.
    """
    chance, weight = pool.samples.targets(cutoff)
    rows = np.flatnonzero(weight > 0)
    out = {}
    for family, begins in FAMILIES.items():
        columns = np.flatnonzero(used() & np.array([name.startswith(begins) for name in NAMED]))
        if np.isnan(pool.inputs.named[np.ix_(rows, columns)]).all():
            continue
        names = (*COUNT_COLUMNS, *(NAMED[place] for place in columns.tolist()))
        learned, asked = (
            ColumnBlocks((one.inputs.counts, one.inputs.named[:, columns])) for one in (pool, tested)
        )
        with part_of_work(f"counts with {family}"):
            fitted = trees.fit(
                names,
                TrainingRows(learned, rows, chance[rows], weight[rows]),
                plan,
                (np.ones(len(names), np.bool_),),
            )
        out[family] = fitted.logits(asked[:]).mean(axis=1)
    return out


def as_card(evidence: PartsEvidence) -> dict[str, Any]:
    """The card's words: by part its gain with the interval, whether it is shown, and a sentence on what
    serves.
    """
    parts = {
        part: {
            "more": round(gain.more, 4),
            "low": round(gain.low, 4),
            "high": round(gain.high, 4),
            "better": round(gain.better, 3),
            "shown": gain.shown,
        }
        for part, gain in evidence.gains.items()
    }
    return {"sure": SURE, "parts": parts, "sentence": sentence(evidence)}


def sentence(evidence: PartsEvidence) -> str:
    """What serves, and why."""
    best = max((part for part in SERVABLE if part != REFERENCE), key=lambda part: evidence.gains[part].more)
    gain = evidence.gains[best if evidence.serves == REFERENCE else evidence.serves]
    span = (
        f"{gain.more:+.3f} of average precision, {gain.low:+.3f} to {gain.high:+.3f}, "
        f"better in {100 * gain.better:.0f} % of the draws"
    )
    if evidence.serves == REFERENCE:
        return f"the bare counts serve: {best}, the best beside them, is hardly better ({span})"
    proved = "is shown to rank" if gain.shown else "is likely to rank, and not shown to,"
    idle = [part for part, one in evidence.gains.items() if not one.shown]
    more = f"; not shown to be better by itself: {', '.join(idle)}" if idle else ""
    return (
        f"{evidence.serves} serves: it {proved} later applications better than the bare counts ({span}){more}"
    )
