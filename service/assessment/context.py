"""The app context of an assessment: store, casebook, pseudonymiser, model, policy and clock, opened once by
the wiring.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, tzinfo
from math import inf
from typing import TYPE_CHECKING

from graph.store.port import GraphStore
from ingestion.identifiers.pseudonymise import Keyring
from ingestion.parse_context import Pseudonymiser
from investigations.assessments import ModelUsed
from investigations.casebook import Casebook
from investigations.policy import Policy
from service.assessment.answers.response import ResponseBuilder
from service.assessment.deadline import LatencyEstimate
from service.assessment.policies.in_force import PolicyInForce
from service.assessment.views import Views
from service.clock import SharedClock, system_clock
from service.lenders import Lenders
from service.registered_models import RegisteredModels
from service.settings import Settings
from service.threads.background_writer import BackgroundWriter

if TYPE_CHECKING:
    from gnn.scoring.scorer import Scorer


@dataclass(frozen=True, kw_only=True)
class AppContext:
    """What a request needs, made once a process, and again with another model (`served_model.with_model`); a
    request keeps the one that it began with. `models`: the registry's, where there is one.
    """

    settings: Settings
    store: GraphStore
    casebook: Casebook
    keyring: Keyring
    pseudonymiser: Pseudonymiser
    lenders: Lenders
    zone: tzinfo
    responses: ResponseBuilder
    writer: BackgroundWriter
    views: Views
    policy: Policy = dataclasses.field(default_factory=Policy)
    policies: PolicyInForce
    latencies: LatencyEstimate = dataclasses.field(default_factory=LatencyEstimate)
    scorer: Scorer | None = None
    models: RegisteredModels | None = None
    clock: Callable[[], datetime] = system_clock

    @property
    def model(self) -> ModelUsed | None:
        """Which model is loaded."""
        if self.scorer is None:
            return None
        return ModelUsed(
            name=self.scorer.name, version=self.scorer.version, trained_as_of=self.scorer.trained_as_of
        )

    def close(self, frame_s: float = inf) -> None:
        """Write what is still to be written and give everything back. The frame is written to the disk where
        that takes at most so many seconds.
        """
        self.writer.close()
        self.casebook.close()
        self.views.close(frame_s)
        self.store.close()
        if isinstance(self.clock, SharedClock):
            self.clock.close()
