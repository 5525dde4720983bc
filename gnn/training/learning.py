"""Fits network, trees and blend to the targets of any graph, with calibration from samples that were watched
meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol, Self

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from gnn.graphs.column_blocks import ColumnBlocks
from gnn.graphs.packed import PackedGraphs
from gnn.graphs.schema import GraphSchema
from gnn.scoring.blend import NETWORK_WEIGHT, blended
from gnn.scoring.calibrator import Calibrator
from gnn.scoring.ensemble import Trees
from gnn.scoring.weights import NetworkWeights
from gnn.training import calibrate, trees
from gnn.training.evaluate import Measures, measures
from gnn.training.network import RingNet
from gnn.training.network_fitting import NetworkSamples, fit
from gnn.training.trees import TrainingRows
from gnn.training_plan import TrainingPlan
from graph.facts.tables import Column
from graph.progress import part_of_work

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

PARTS = ("network", "trees", "blend", "reference")


class Neighbourhoods(Protocol):
    """The graphs around N subjects, made when they are asked for."""

    def take(self, rows: Column, /) -> Self:
        """Those of some of them (a mask or positions)."""

    def graphs(self) -> PackedGraphs:
        """All, side by side."""

    def embedded(self, network: NetworkWeights, /) -> Floats:
        """(N, 1 + embedding): logit and embedding of each, computed one by one exactly as they are served, so
        that the bits are the same.
        """


class Inputs(Protocol):
    """What the parts read of N subjects: graphs, and columns for each ensemble of trees."""

    @property
    def neighbourhoods(self) -> Neighbourhoods:
        """What is around them."""

    def columns(self, embedded: Floats, /) -> dict[str, ColumnBlocks]:
        """By ensemble, with what the network says of them (N, 1 + embedding)."""


@dataclass(frozen=True)
class Design:
    """Of what graph the network is, the columns by ensemble, and which of them each member sees by turns.

    `network_weights`: the shares of the network in the blend among which the watched samples choose.
    """

    schema: GraphSchema
    names: Mapping[str, tuple[str, ...]]
    views: Mapping[str, tuple[Bools, ...]]
    network_weights: tuple[float, ...] = (NETWORK_WEIGHT,)


@dataclass(frozen=True)
class StageTargets:
    """What can be learned at one stage: the `chance` (N,) of each sample to be a fraud, its `weight` (N,), 0
    leaves it out, and its weight for the network, which may take fewer.
    """

    chance: Floats
    weight: Floats
    network_weight: Floats

    @property
    def odds(self) -> float:
        """The log-odds of a fraud in it: the base rate of a model's scores."""
        bad, good = self.weight @ self.chance, self.weight @ (1 - self.chance)
        return float(np.log((bad + 0.5) / (good + 0.5)))


@dataclass(frozen=True)
class TrainingStages:
    """N samples at their `moments`, and three sets of targets, each over more of them: `first` is the young
    network's, `validation` that of the models that are watched, `whole` what serves.

    `apart` (N,): those that were no part of the first targets, whose embeddings trees may learn from.
    `watched` (N,): those that were no part of the validation targets and calibrate; of them `bad`, `weight`
    and `mass` as in `gnn.training.evaluate.measures`.
    """

    moments: Column
    first: StageTargets
    validation: StageTargets
    whole: StageTargets
    apart: Bools
    watched: Bools
    bad: Bools
    weight: Floats
    mass: Floats


@dataclass(frozen=True)
class FittedParts:
    """The network, the ensembles of trees by part, and each part's calibrator."""

    network: RingNet
    ensembles: Mapping[str, Trees]
    calibrators: Mapping[str, Calibrator]
    network_weight: float = NETWORK_WEIGHT

    def logits(self, observed: Inputs) -> dict[str, Floats]:
        """Each part's log-odds of N samples (N,), before calibration."""
        embedded = observed.neighbourhoods.embedded(self.network.weights())
        predictions = {"network": embedded[:, 0]}
        predictions |= {
            part: self.ensembles[part].logits(x[:]).mean(axis=1)
            for part, x in observed.columns(embedded).items()
        }
        return predictions | {
            "blend": blended(
                predictions["blend"],
                predictions["network"],
                self.calibrators["network"],
                self.network_weight,
            )
        }

    def probabilities(self, logits: Mapping[str, Floats]) -> dict[str, Floats]:
        """Each part's probabilities, (N,)."""
        return {part: self.calibrators[part].of_all(values) for part, values in logits.items()}


@dataclass(frozen=True)
class Learned:
    """The parts that serve; of the watched models the measures and the log-odds (watched,) by part, and the
    spreads between members (watched,) by ensemble.
    """

    parts: FittedParts
    validation: Mapping[str, Measures]
    spread: Mapping[str, Floats]
    watched: Mapping[str, Floats]


def embedding_names(width: int) -> tuple[str, ...]:
    """The columns that the network adds to the blend's."""
    return ("network_logit", *(f"network_{place:02d}" for place in range(width)))


def learn(inputs: Inputs, stages: TrainingStages, design: Design, plan: TrainingPlan) -> Learned:
    """Fit all parts.

    The network is first trained on the first targets, for half as long, and the trees learn from its
    embeddings of the rest; before it serves, training goes on with everything, which changes the embedding
    little and keeps the meaning of its columns. Validation trees are fitted on a longer part and validated on
    the rest, which sets calibration and uncertainty; then they are fitted on everything.
    """
    first, validation, whole = stages.first, stages.validation, stages.whole
    seen = (inputs.neighbourhoods, stages.moments, design.schema)
    with part_of_work("young"):
        young = fit(_samples(first, *seen), replace(plan, epochs=max(1, plan.epochs // 2)))
    # on its own training samples the network is too confident
    embedded = _embedded(young, inputs, stages.apart)
    watched, bad, weight = stages.watched, stages.bad, stages.weight
    ensembles, logits, spread = {}, {"network": embedded[watched, 0]}, {}
    for part, x in inputs.columns(embedded).items():
        names, views = design.names[part], design.views[part]
        with part_of_work(f"{part}, watched"):
            members = trees.fit(names, _rows(validation, x), plan, views).logits(x[watched])
        logits[part], spread[part] = members.mean(axis=1), members.std(axis=1)
        with part_of_work(part):
            ensembles[part] = trees.fit(names, _rows(whole, x), plan, views)
    # The final network is trained much longer than this one: a slope fitted to this one's errors would be too
    # flat for it.
    leveled = calibrate.level(logits["network"], bad, weight)
    share, logits["blend"] = _mixed(logits, leveled, stages, design.network_weights)
    calibrators = {part: calibrate.fit(values, bad, weight) for part, values in logits.items()} | {
        "network": leveled
    }
    judged = {
        part: measures(calibrators[part].of_all(logits[part]), bad, weight, stages.mass, plan.capacity)
        for part in PARTS
    }
    more = whole.odds - validation.odds
    moved = {
        # More frauds are known by now than when the watched models learned: scores lie higher, and promise no
        # more for it.
        "network": calibrators["network"].moved(whole.odds - first.odds),
        "blend": calibrators["blend"].moved((1 - share) * more),
        **{part: calibrators[part].moved(more) for part in ("trees", "reference")},
    }
    network = fit(_samples(whole, *seen), plan, young)
    return Learned(FittedParts(network, ensembles, moved, share), judged, spread, logits)


def thinned(weight: Floats, fraud: Bools, drawn: Floats, most: int) -> Floats:
    """The weights (N,) with so many left out, by the lots `drawn`, that `most` remain: samples not known as
    fraud, and frauds where they are more than half of that. The others of their side count for more.
    """
    frauds = int(((weight > 0) & fraud).sum())
    room = max(1, min(frauds, most - most // 2))
    return _drawn(weight, fraud, drawn, room) + _drawn(weight, ~fraud, drawn, max(1, most - room))


def _drawn(weight: Floats, side: Bools, drawn: Floats, room: int) -> Floats:
    """The weights of one side, of which so many remain."""
    rows = (weight > 0) & side
    if rows.sum() <= room:
        return np.where(rows, weight, 0.0)
    kept = rows & (drawn < float(np.sort(drawn[rows])[room]))
    grown = weight * float(weight[rows].sum() / max(weight[kept].sum(), 1e-9))
    return np.asarray(np.where(kept, grown, 0.0), dtype=np.float64)


def _mixed(
    logits: Mapping[str, Floats], network: Calibrator, stages: TrainingStages, shares: tuple[float, ...]
) -> tuple[float, Floats]:
    """The share of the network with which the blend ranks the watched samples best, and the blend's log-odds
    with it.
    """
    mixed = {share: blended(logits["blend"], logits["network"], network, share) for share in shares}
    if len(shares) == 1:
        return shares[0], mixed[shares[0]]

    def ap(share: float) -> float:
        return measures(expit(mixed[share]), stages.bad, stages.weight, stages.mass, 0.5)["ap"] or 0.0

    best = max(shares, key=ap)
    return best, mixed[best]


def _samples(
    targets: StageTargets, neighbourhoods: Neighbourhoods, moments: Column, schema: GraphSchema
) -> NetworkSamples:
    rows = np.flatnonzero(targets.network_weight > 0)
    return NetworkSamples(
        neighbourhoods.take(rows).graphs(),
        moments[rows],
        targets.chance[rows],
        targets.network_weight[rows],
        schema,
    )


def _embedded(network: RingNet, inputs: Inputs, rows: Bools) -> Floats:
    """(N, 1 + embedding): what the network says of those rows; NaN, *not known*, of the others."""
    predictions = inputs.neighbourhoods.take(rows).embedded(network.weights())
    out = np.full((len(rows), predictions.shape[1]), np.nan)
    out[rows] = predictions
    return out


def _rows(targets: StageTargets, x: ColumnBlocks) -> TrainingRows:
    rows = np.flatnonzero(targets.weight > 0)
    return TrainingRows(x, rows, targets.chance[rows], targets.weight[rows])
