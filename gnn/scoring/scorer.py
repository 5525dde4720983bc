"""Serving: from a bundle and one neighbourhood to a probability, its uncertainty, and each input's
contribution.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Literal, Self

import numpy as np

from gnn.graphs.encode import encode
from gnn.graphs.tensors import Tensors, nobody, without
from gnn.scoring import bundle
from gnn.scoring.blend import NETWORK_WEIGHT, blended
from gnn.scoring.bundle import ModelBundle
from gnn.scoring.calibrator import Calibrator
from gnn.scoring.count_words import by_signal
from gnn.scoring.ensemble import REFERENCE
from gnn.scoring.explain import Explainer, Floats
from gnn.scoring.forward import Forward
from gnn.scoring.occlusion import NOTHING, Occlusion, occlusion
from graph.facts.tables import Column
from graph.features.extraction import SIGNAL_NAMES, VARIABLE_NAMES
from graph.frame.neighbourhood import Neighbourhood

Uncertainty = Literal["low", "medium", "high"]
_NAMES = SIGNAL_NAMES + VARIABLE_NAMES
# log-odds: what the network adds beyond this is explained, which costs a dozen passes of it
LEAST_CONTRIBUTION = 0.1


@dataclass(frozen=True, slots=True)
class Scored:
    """The model's result for one subject.

    `probability`: calibrated, of fraud within the horizon. `contributions`: by how much each signal or
    variable moved the log-odds that were served, those that did; `network`: by how much the network, its
    columns and the plain counts did, together (0 where trees alone serve; where the counts do, those that no
    signal says too). `parts`: the probabilities of what
    serves and, in a blend, of the network alone. `spread`: of the members' log-odds, on which `uncertainty`
    rests. `occlusion`: where the network raises the risk, at which of the subject's ties it looked.
    """

    probability: float
    uncertainty: Uncertainty
    contributions: Mapping[str, float]
    network: float
    parts: Mapping[str, float]
    spread: float
    occlusion: Occlusion = NOTHING


class Scorer:
    """A loaded bundle: bitwise deterministic in every process, stateless, safe for many threads."""

    def __init__(self, model: ModelBundle) -> None:
        card = model.card
        self.card = card
        self.name: str = card["name"]
        self.version: str = card["version"]
        self.trained_as_of: str = card["trained_as_of"]
        self.horizon_days: float = card["horizon_days"]
        self.capacity: float = card["capacity"]
        self.review_probability: float = card["review_probability"]
        self.decline_probability: float = card["decline_probability"]
        self.serves: str = card["serves"]
        self.typical: Mapping[str, float] = MappingProxyType(
            {name: p95 for name, p95 in card["typical_p95"].items() if p95 is not None}
        )
        self.typical_low: Mapping[str, float] = MappingProxyType(
            {name: p05 for name, p05 in card.get("typical_p05", {}).items() if p05 is not None}
        )
        self._forward = Forward(model.network)
        without(nobody(), [])  # compiled before anybody waits for it
        self._explainer = Explainer.of(model.ensembles[self.serves].texts)
        self._network_usual: float = card["network_usual"]
        self._uncertainty_at: tuple[float, float] = (card["uncertainty_at"][0], card["uncertainty_at"][1])
        self.calibrators = {part: Calibrator(**numbers) for part, numbers in card["calibration"].items()}

    @classmethod
    def load(cls, path: str | Path, pinned: str = "") -> Self:
        """The scorer of the bundle in the folder `path`, with the digest `pinned` where one is; raises
        BundleError as `gnn.scoring.bundle.read` does.
        """
        model = bundle.read(Path(path), pinned)
        try:
            return cls(model)
        except (LookupError, TypeError, ValueError) as error:
            raise bundle.incoherent(Path(path), error) from error

    def score(self, n: Neighbourhood, row: Column) -> Scored:
        """Assess the subject of a neighbourhood; `row` are its features as `graph.features.extraction.names`
        has them, NaN is *not known*.

        What has been said of the subject itself is hidden from the model, so that its word stands beside the
        policy's and does not repeat it: in `row` it must be so already (`SubjectFeatures.unjudged`).
        """
        if self.serves == REFERENCE:
            members, moved = self._explainer(row[len(_NAMES) :])
            return self._scored(members, by_signal(moved), {REFERENCE: _mean(members)}, 0.0)
        if self.serves == "trees":
            members, moved = self._explainer(row[: len(_NAMES)])
            return self._scored(members, moved, {"trees": _mean(members)}, 0.0)
        tensors = _drawn(n)
        embedded = self._forward(tensors)
        members, moved = self._explainer(np.concatenate([row, embedded]))
        network = self.calibrators["network"]
        predictions = NETWORK_WEIGHT * network.slope * (float(embedded[0]) - self._network_usual)
        logits = {"network": float(embedded[0]), "blend": self._blend(members, embedded)}
        scored = self._scored(members, moved * (1 - NETWORK_WEIGHT), logits, predictions)
        if scored.network < LEAST_CONTRIBUTION:
            return scored
        slope = self.calibrators["blend"].slope

        def served(less: Tensors) -> float:
            """The calibrated log-odds of the blend with this graph as the network's input and everything else
            unchanged.
            """
            embedded = self._forward(less)
            return slope * self._blend(self._explainer.logits(np.concatenate([row, embedded])), embedded)

        whole = (logits["network"], slope * logits["blend"])
        return replace(scored, occlusion=occlusion(tensors, whole, self._forward.without_each, served))

    def _blend(self, members: Floats, embedded: Floats) -> float:
        return blended(_mean(members), float(embedded[0]), self.calibrators["network"])

    def _scored(
        self, members: Floats, moved: Floats, logits: Mapping[str, float], predictions: float
    ) -> Scored:
        parts = {part: self.calibrators[part].of(logit) for part, logit in logits.items()}
        from_mean = members - _mean(members)
        spread = math.sqrt(_mean(from_mean * from_mean))
        counted = np.flatnonzero(moved[: len(_NAMES)])
        return Scored(
            probability=parts[self.serves],
            uncertainty=self._uncertainty(spread),
            contributions={
                _NAMES[at]: by for at, by in zip(counted.tolist(), moved[counted].tolist(), strict=True)
            },
            network=float(moved[len(_NAMES) :].sum()) + predictions,
            parts=parts,
            spread=spread,
        )

    def _uncertainty(self, spread: float) -> Uncertainty:
        medium, high = self._uncertainty_at
        return "low" if spread <= medium else "medium" if spread <= high else "high"


def _mean(values: Floats) -> float:
    """As numpy has it, without its questions what kind of values these are."""
    return float(np.add.reduce(values)) / len(values)


def _drawn(n: Neighbourhood) -> Tensors:
    """The network's inputs without any label of the subject itself."""
    me = n.people[0]
    labels, me["labels"] = int(me["labels"]), 0
    try:
        return encode(n)
    finally:
        me["labels"] = labels
