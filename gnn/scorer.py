"""Serving: a bundle and one assessment's evidence to a probability, its doubt, and by how much each named input counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Literal, Self

import numpy as np

from gnn import bundle, references
from gnn.blend import NETWORK_SAY, blended
from gnn.bundle import ModelBundle
from gnn.calibrate import Calibrator
from gnn.forward import Forward
from gnn.observe import SIGNAL_NAMES, VARIABLE_NAMES, row
from gnn.tensors import from_evidence
from graph.evidence import Evidence

Uncertainty = Literal["low", "medium", "high"]


@dataclass(frozen=True, slots=True)
class Scored:
    """What the model says of one subject.

    `probability`: calibrated, of fraud within the horizon. `contributions`: by how much each signal or variable moved the log-odds that were
    served, all of them; `network`: by how much the network, its columns and the plain counts did, together (0 where trees alone serve).
    `parts`: the probabilities of `network`, `trees` and `blend`. `spread`: of the members' log-odds, on which `uncertainty` rests.
    """

    probability: float
    uncertainty: Uncertainty
    contributions: Mapping[str, float]
    network: float
    parts: Mapping[str, float]
    spread: float


class Scorer:
    """A bundle made ready. Deterministic to the last bit, in every process, and without state: safe for many threads."""

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
        self.typical: Mapping[str, float] = MappingProxyType({name: p95 for name, p95 in card["typical_p95"].items() if p95 is not None})
        self._model = model
        self._forward = Forward(model.network)
        self._network_usual: float = card["network_usual"]
        self._doubt: tuple[float, float] = (card["doubt"][0], card["doubt"][1])
        self.calibrators = {part: Calibrator(**numbers) for part, numbers in card["calibration"].items()}

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """The scorer of the bundle in the folder `path`; raises BundleError as `gnn.bundle.read` does."""
        return cls(bundle.read(Path(path)))

    def score(self, evidence: Evidence, signals: Mapping[str, float | None], variables: Mapping[str, float | None]) -> Scored:
        """Assess one subject; `signals` and `variables` were computed from the same evidence, a missing name counts as *not known*."""
        named = row([*(signals.get(name) for name in SIGNAL_NAMES), *(variables.get(name) for name in VARIABLE_NAMES)])
        embedded = self._forward(from_evidence(evidence))
        inputs = {"trees": named[None, :], "blend": np.concatenate([named, row(references.counts(evidence)), embedded])[None, :]}
        members = {part: self._model.ensembles[part].logits(x)[0] for part, x in inputs.items()}
        logits = {"network": float(embedded[0])} | {part: float(values.mean()) for part, values in members.items()}
        calibrated = self.calibrators["network"]
        logits["blend"] = float(blended(members["blend"].mean(keepdims=True), embedded[:1], calibrated)[0])
        parts = {part: self.calibrators[part].of(logit) for part, logit in logits.items()}
        spread = float(members[self.serves].std())
        moved = self._model.ensembles[self.serves].contributions(inputs[self.serves])[0]
        said = 0.0
        if self.serves == "blend":
            moved = moved * (1 - NETWORK_SAY)
            said = NETWORK_SAY * calibrated.slope * (float(embedded[0]) - self._network_usual)
        return Scored(
            probability=parts[self.serves],
            uncertainty=self._uncertainty(spread),
            contributions=dict(zip(SIGNAL_NAMES + VARIABLE_NAMES, moved.tolist())),
            network=float(moved[len(named) :].sum()) + said,
            parts=parts,
            spread=spread,
        )

    def _uncertainty(self, spread: float) -> Uncertainty:
        medium, high = self._doubt
        return "low" if spread <= medium else "medium" if spread <= high else "high"
