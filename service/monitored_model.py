"""What monitoring asks of a model: until when it learned, what it promised, and what was usual then."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from graph.facts.distributions import Distribution
from graph.model.errors import BundleError

if TYPE_CHECKING:
    from gnn.scorer import Scorer


@dataclass(frozen=True, kw_only=True)
class MonitoredModel:
    """What is asked of a model: its card's words, and what was usual in its training slice (empty where its
    bundle is older than that).
    """

    version: str
    trained_as_of: datetime
    horizon_days: float
    capacity: float
    recall: float | None = None
    usual: Mapping[str, Any] = field(default_factory=dict)

    def distributions(self) -> dict[str, Distribution]:
        """What was usual, by name. Raises BundleError where that cannot be read."""
        kept = self.usual.get("distributions", {})
        try:
            return {name: Distribution.from_json(one) for name, one in kept.items()}
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            raise BundleError(f"the model {self.version} does not say what was usual: {error}") from error


def monitored_model(scorer: Scorer) -> MonitoredModel:
    """What a loaded bundle says."""
    test = scorer.card.get("test", {}).get("measures", {}).get(scorer.serves, {})
    return MonitoredModel(
        version=scorer.version,
        trained_as_of=datetime.fromisoformat(scorer.trained_as_of),
        horizon_days=scorer.horizon_days,
        capacity=scorer.capacity,
        recall=test.get("recall_at_capacity"),
        usual=scorer.usual,
    )
