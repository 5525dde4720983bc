"""The fitted parts of one training (network, trees, blend, calibrators) and their probabilities, used alike
in validation, tests and thresholds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gnn import network_fitting
from gnn.batch_extraction import SubjectInputs
from gnn.blend import blended
from gnn.calibrator import Calibrator
from gnn.ensemble import Trees
from gnn.network import RingNet
from gnn.samples import Samples
from gnn.training_plan import TrainingPlan
from graph.features.extraction import COUNT_NAMES, SIGNAL_NAMES, VARIABLE_NAMES

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

PARTS = ("network", "trees", "blend", "reference")
SERVABLE = ("trees", "blend")  # what is served must be able to say by how much each named input counted
NAMED = SIGNAL_NAMES + VARIABLE_NAMES
# the baseline's columns beside ours: the blend has all inputs
COUNT_COLUMNS = tuple(f"count_{name}" for name in COUNT_NAMES)
# the policy's business: no part may learn to repeat what somebody has said of the subject
OWN_VERDICTS = frozenset({"own_fraud_labels"})
_ML_WINDOWS = ("ml_7d_", "ml_1m_", "ml_3m_")


@dataclass(frozen=True)
class SamplePool:
    """Samples with their model inputs, row by row."""

    samples: Samples
    inputs: SubjectInputs

    def take(self, rows: Bools) -> SamplePool:
        """Those rows, a mask."""
        return SamplePool(self.samples.take(rows), self.inputs.take(rows))


@dataclass(frozen=True)
class ColumnBlocks:
    """The inputs of an ensemble (N, columns), kept as the arrays they come from, side by side: together they
    are made for some rows at a time.
    """

    arrays: tuple[Floats, ...]

    def __len__(self) -> int:
        return len(self.arrays[0])

    def __getitem__(self, rows: Any) -> Floats:
        """Those rows (a slice, a mask or positions)."""
        return np.hstack([one[rows] for one in self.arrays])


@dataclass(frozen=True)
class FittedParts:
    """The network, the ensembles of trees by part, and each part's calibrator."""

    network: RingNet
    ensembles: Mapping[str, Trees]
    calibrators: Mapping[str, Calibrator]

    def logits(self, observed: SubjectInputs) -> dict[str, Floats]:
        """Each part's log-odds of N samples (N,), before calibration."""
        embedded = network_fitting.embed(self.network, observed.neighbourhoods.parts())
        predictions = {"network": embedded[:, 0]}
        predictions |= {
            part: self.ensembles[part].logits(x[:]).mean(axis=1)
            for part, x in columns(observed, embedded).items()
        }
        return predictions | {
            "blend": blended(predictions["blend"], predictions["network"], self.calibrators["network"])
        }

    def probabilities(self, logits: Mapping[str, Floats]) -> dict[str, Floats]:
        """Each part's probabilities, (N,)."""
        return {part: self.calibrators[part].of_all(values) for part, values in logits.items()}


def embedding_names(width: int) -> tuple[str, ...]:
    """The columns that the network adds to the blend's."""
    return ("network_logit", *(f"network_{place:02d}" for place in range(width)))


def columns(observed: SubjectInputs, embedded: Floats) -> dict[str, ColumnBlocks]:
    """The inputs of each ensemble."""
    named, counts = observed.named, observed.counts
    return {
        "trees": ColumnBlocks((named,)),
        "blend": ColumnBlocks((named, counts, embedded)),
        "reference": ColumnBlocks((counts,)),
    }


def names_of(plan: TrainingPlan) -> dict[str, tuple[str, ...]]:
    """The names of those columns."""
    return {
        "trees": NAMED,
        "blend": NAMED + COUNT_COLUMNS + embedding_names(plan.embedding),
        "reference": COUNT_NAMES,
    }


def views_of(plan: TrainingPlan) -> dict[str, tuple[Bools, ...]]:
    """Masks of the columns that each member of an ensemble may use, by turns.

    Of the ml_ variables those over all lenders and 7 to 90 days: the other windows and segments say nearly
    the same again. The blend's first member uses everything, the second the plain counts alone, the others no
    columns of the network: members that see other things err elsewhere.
    """
    named = np.array(
        [
            name not in OWN_VERDICTS
            and (not name.startswith("ml_") or ("_all_" in name and name.startswith(_ML_WINDOWS)))
            for name in NAMED
        ]
    )
    counts, embedding = (
        np.ones(len(COUNT_COLUMNS), dtype=np.bool_),
        np.ones(1 + plan.embedding, dtype=np.bool_),
    )
    everything = np.concatenate([named, counts, embedding])
    plain = np.concatenate([np.zeros_like(named), counts, ~embedding])
    tabular = np.concatenate([named, counts, ~embedding])
    return {"trees": (named,), "blend": (everything, plain, tabular, tabular), "reference": (counts,)}
