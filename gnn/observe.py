"""The one way from a moment to a model's inputs: what training sees of a past application is what serving saw of it then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from gnn import references
from gnn.look import Surroundings
from gnn.of_evidence import from_evidence
from gnn.seeds import Seeds
from gnn.tensors import Tensors
from graph import multi_lending, signals
from graph.evidence import Evidence
from graph.features import counts
from graph.frame.frame import Frame
from graph.tables import Column

Floats = npt.NDArray[np.float64]

SIGNAL_NAMES: tuple[str, ...] = tuple(signals.SIGNALS)
VARIABLE_NAMES: tuple[str, ...] = tuple(multi_lending.NAMES)
COUNT_NAMES = counts.NAMES


@dataclass(frozen=True, slots=True)
class Observation:
    """One subject's inputs: `named` the signals and then the ml_ variables, `counts` the rival's row (NaN is *not known*), `tensors` the graph."""

    named: Floats
    counts: Floats
    tensors: Tensors


@dataclass(frozen=True)
class Observed:
    """N subjects' inputs: `rows` (N, columns of `graph.features.observe.names`) float64, and what is `around` them, which gives their graphs."""

    rows: Floats
    around: Surroundings

    @property
    def named(self) -> Floats:
        """(N, signals + variables)."""
        return self.rows[:, : len(SIGNAL_NAMES) + len(VARIABLE_NAMES)]

    @property
    def counts(self) -> Floats:
        """(N, the rival's columns)."""
        return self.rows[:, len(SIGNAL_NAMES) + len(VARIABLE_NAMES) :]

    def take(self, rows: Column) -> Observed:
        """Those rows (a mask or positions)."""
        return Observed(self.rows[rows], self.around.take(rows))


def row(values: Sequence[float | None]) -> Floats:
    """Values as a row; None, *not known*, is NaN."""
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


def observe(evidence: Evidence) -> Observation:
    """Everything a model may be told of one subject, in which nothing is that anybody has said of the subject itself."""
    evidence = unjudged(evidence)
    said = {signal.name: signal.value for signal in signals.compute(evidence)}
    variables = multi_lending.compute(evidence).variables
    named = [*(said[name] for name in SIGNAL_NAMES), *(variables.get(name) for name in VARIABLE_NAMES)]
    return Observation(named=row(named), counts=row(references.counts(evidence)), tensors=from_evidence(evidence))


def unjudged(evidence: Evidence) -> Evidence:
    """The evidence without the labels of the subject: who is known for fraud is the policy's business, and no model may learn to repeat it."""
    me = evidence.subject.applicant_id
    return replace(evidence, labels={**evidence.labels, me: ()}) if evidence.labels.get(me) else evidence


def observe_all(frame: Frame, mark: int, seeds: Seeds) -> Observed:
    """All inputs of all seeds, in their order, each just before its own moment, of what `mark` and those before it told.

    Raises NotFoundError for a seed that the frame does not have, StoreUnavailableError where the frame cannot be brought to that mark.
    """
    around = Surroundings(frame, mark, seeds)
    return Observed(around.features(), around)
