"""The lending model's samples with their inputs, and the columns that its parts read."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gnn.batch_extraction import SubjectInputs
from gnn.graphs.schema import LENDING
from gnn.samples.samples import Samples
from gnn.scoring.ensemble import REFERENCE
from gnn.training.learning import Design, embedding_names
from gnn.training_plan import TrainingPlan
from graph.features.extraction import COUNT_COLUMNS, COUNT_NAMES, SIGNAL_NAMES, VARIABLE_NAMES

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

# what is served must be able to say by how much each named input counted; the simplest first
SERVABLE = (REFERENCE, "trees", "blend")
NAMED = SIGNAL_NAMES + VARIABLE_NAMES
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


def design_of(plan: TrainingPlan) -> Design:
    """The lending model's."""
    return Design(LENDING, names_of(plan), views_of(plan))


def names_of(plan: TrainingPlan) -> dict[str, tuple[str, ...]]:
    """The names of the columns of each ensemble, as `SubjectInputs.columns` gives them."""
    return {
        "trees": NAMED,
        "blend": NAMED + COUNT_COLUMNS + embedding_names(plan.embedding),
        REFERENCE: COUNT_NAMES,
    }


def views_of(plan: TrainingPlan) -> dict[str, tuple[Bools, ...]]:
    """Masks of the columns that each member of an ensemble may use, by turns.

    The blend's first member uses everything, the second the plain counts alone, the others no
    columns of the network: members that see other things err elsewhere.
    """
    named = used()
    counts, embedding = (
        np.ones(len(COUNT_COLUMNS), dtype=np.bool_),
        np.ones(1 + plan.embedding, dtype=np.bool_),
    )
    everything = np.concatenate([named, counts, embedding])
    plain = np.concatenate([np.zeros_like(named), counts, ~embedding])
    tabular = np.concatenate([named, counts, ~embedding])
    return {"trees": (named,), "blend": (everything, plain, tabular, tabular), REFERENCE: (counts,)}


def used() -> Bools:
    """Which of NAMED trees read: no word about the subject itself, and of the ml_ variables those over all
    lenders and 7 to 90 days, because the other windows and segments say nearly the same again.
    """
    return np.array(
        [
            name not in OWN_VERDICTS
            and (not name.startswith("ml_") or ("_all_" in name and name.startswith(_ML_WINDOWS)))
            for name in NAMED
        ]
    )
