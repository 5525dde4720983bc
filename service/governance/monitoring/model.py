"""What monitoring asks of a model: until when it learned, what it promised, and what was usual then."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graph.facts.distributions import Distribution
from graph.model.errors import BundleError
from graph.store.port import GraphStore
from service.opening import open_keyring
from service.registered_models import open_models
from service.settings import Settings

if TYPE_CHECKING:
    from gnn.scoring.bundle import ModelBundle


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


def monitored_model(bundle: ModelBundle) -> MonitoredModel:
    """What a bundle says."""
    card = bundle.card
    test = card.get("test", {}).get("measures", {}).get(card["serves"], {})
    return MonitoredModel(
        version=card["version"],
        trained_as_of=datetime.fromisoformat(card["trained_as_of"]),
        horizon_days=card["horizon_days"],
        capacity=card["capacity"],
        recall=test.get("recall_at_capacity"),
        usual=bundle.usual,
    )


def model_that_serves(settings: Settings, store: GraphStore) -> MonitoredModel | None:
    """The registry's champion, while there is none the model that the settings name; None where neither is.
    Raises BundleError and RegistryError.
    """
    from gnn.scoring import bundle  # here, because a service may do without

    models = open_models(settings, open_keyring(settings, store).keys) if settings.registry else None
    if models is not None and (champion := models.champion()) is not None:
        return monitored_model(models.registry.bundle(champion.version))
    if not settings.model:
        return None
    return monitored_model(bundle.read(Path(settings.model), settings.model_digest))
