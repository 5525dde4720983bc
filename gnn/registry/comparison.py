"""Two models on the same last slice: measures, differences with intervals, by group, and costs."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gnn.registry.last_slice import LastSlice
from gnn.scoring.blend import blended
from gnn.scoring.bundle import ModelBundle
from gnn.scoring.calibrator import Calibrator
from gnn.scoring.ensemble import REFERENCE
from gnn.scoring.scorer import Scorer
from gnn.training.evaluate import Measures, ece, measures, reviewed
from gnn.training.intervals import Gain, gain_of, gains, redrawn
from graph.features.read_neighbourhood import read_neighbourhood
from graph.model.moments import moment
from graph.store.evidence import Subject, subject_of
from graph.store.port import GraphView

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

BARE_COUNTS = "bare counts"
_TIMED = 200  # samples that are scored for the time


@dataclass(frozen=True)
class ComparedModel:
    """A model on the slice: the `probability` (N,) that it serves, its `measures`, and the median processor
    time of a score in milliseconds, None for bare counts, which nobody serves.
    """

    version: str
    probability: Floats
    measures: Measures
    latency_ms: float | None


@dataclass(frozen=True)
class ModelComparison:
    """`model` beside `other`. `recall`: the gain in the share of frauds found at `capacity`, `ap` in average
    precision, `ece` in calibration error (more is worse, and it is `better` in the draws with less), `groups`
    in recall by group of the slice: of a group's frauds among those who are reviewed of all.
    """

    model: ComparedModel
    other: ComparedModel
    slice: LastSlice
    bundle: ModelBundle
    capacity: float
    recall: Gain
    ap: Gain
    ece: Gain
    groups: Mapping[str, Gain]

    def as_json(self) -> dict[str, Any]:
        """Its figures."""
        return {
            "slice": self.slice.as_json(),
            "capacity": self.capacity,
            self.model.version: _figures(self.model),
            self.other.version: _figures(self.other),
            "difference": {
                "recall_at_capacity": _rounded(self.recall),
                "ap": _rounded(self.ap),
                "ece": _rounded(self.ece),
            },
            "recall_by_group": {name: _rounded(gain) for name, gain in self.groups.items()},
        }


def compared(
    model: ModelBundle, other: ModelBundle | None, on: LastSlice, capacity: float
) -> ModelComparison:
    """The model beside another, or where there is none beside the bare counts that it brings along."""
    against = served(other or model, on, part=None if other else REFERENCE)
    ours = served(model, on)
    costs = _latencies([Scorer(one) for one in (model, other) if one is not None], on)

    def one(version: str, probability: Floats, latency: float | None) -> ComparedModel:
        figures = measures(probability, on.bad, on.weight, on.mass, capacity)
        return ComparedModel(version, probability, figures, latency)

    recall = _found(ours, on, capacity) - _found(against, on, capacity)
    return ModelComparison(
        model=one(model.card["version"], ours, costs[0]),
        other=one(other.card["version"] if other else BARE_COUNTS, against, costs[1] if other else None),
        slice=on,
        bundle=model,
        capacity=capacity,
        recall=_recall_gain(recall, np.ones(len(ours), np.bool_), on),
        ap=gains({"": ours}, against, on.bad, on.weight, on.samples.person)[""],
        ece=_ece_gain(ours, against, on),
        groups={name: _recall_gain(recall, mask, on) for name, mask in on.groups.items()},
    )


def served(model: ModelBundle, on: LastSlice, part: str | None = None) -> Floats:
    """(N,): the probabilities that a bundle serves for the samples of the slice, or those of one part."""
    part = part or str(model.card["serves"])
    calibrators = {name: Calibrator(**numbers) for name, numbers in model.card["calibration"].items()}
    embedded = np.empty((len(on.samples), 0))
    if part == "blend":
        embedded = on.inputs.neighbourhoods.embedded(model.network)
    logits = model.ensembles[part].logits(on.inputs.columns(embedded)[part][:]).mean(axis=1)
    if part == "blend":
        logits = blended(logits, embedded[:, 0], calibrators["network"])
    return calibrators[part].of_all(logits)


def _found(probability: Floats, on: LastSlice, capacity: float) -> Floats:
    """(N,): how far each sample is among those whom people can review."""
    return reviewed(probability, on.mass, capacity)


def _recall_gain(more: Floats, rows: Bools, on: LastSlice) -> Gain:
    """The gain in recall over these rows; `more` (N,): how much further each is reviewed. Who is reviewed
    stays the same in every draw, as a threshold that is in force does.
    """
    frauds = on.mass * on.bad * rows

    def gain(weight: Floats) -> float:
        return float(weight @ more / weight.sum())

    draws = [frauds * factor for factor in redrawn(on.samples.person)]
    return gain_of(gain(frauds), [gain(now) for now in draws if now.sum() > 0])


def _ece_gain(ours: Floats, against: Floats, on: LastSlice) -> Gain:
    def gain(weight: Floats) -> float:
        rows = weight > 0
        bad, now = on.bad[rows], weight[rows]
        return ece(ours[rows], bad, now) - ece(against[rows], bad, now)

    draws = (on.weight * factor for factor in redrawn(on.samples.person))
    drawn = [gain(now) for now in draws if now.sum() > 0]
    fewer = float(np.mean(np.array(drawn) < 0)) if drawn else 0.0
    return gain_of(gain(on.weight), drawn)._replace(better=fewer)  # more of an error is no better


def _latencies(scorers: list[Scorer], on: LastSlice) -> list[float]:
    """By scorer the median processor time of a score of the slice's samples, in milliseconds; they take
    turns, so that whatever else the machine does falls on all.
    """
    batch, spent = on.inputs.neighbourhoods, [list[float]() for _ in scorers]
    later = batch.frame.view(moment(on.as_of), batch.revision)  # at its own moment nobody sees an application
    rows = np.unique(np.linspace(0, len(on.samples) - 1, min(_TIMED, len(on.samples))).astype(np.int64))
    for row in rows.tolist():
        view = batch.frame.view(moment(int(on.samples.at[row])), batch.revision)
        n, _ = read_neighbourhood(view, _subject(later, on, row))
        for scorer, times in zip(scorers, spent, strict=True):
            began = time.thread_time_ns()
            scorer.score(n, on.inputs.rows[row])
            times.append((time.thread_time_ns() - began) / 1e6)
    return [float(np.median(times)) for times in spent]


def _subject(later: GraphView, on: LastSlice, row: int) -> Subject:
    """Who is assessed in that sample: an application, or a person who was watched at a moment."""
    name = on.samples.application_id[row]
    application = later.application(name) if name is not None else None
    return subject_of(application) if application else Subject(applicant_id=on.samples.applicant_id[row])


def _figures(one: ComparedModel) -> dict[str, Any]:
    latency = round(one.latency_ms, 3) if one.latency_ms is not None else None
    return {**one.measures, "latency_ms": latency}


def _rounded(gain: Gain) -> dict[str, float]:
    return {name: round(value, 4) for name, value in gain._asdict().items()}
