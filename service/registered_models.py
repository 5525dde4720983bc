"""The models of the registry as a process uses them: which one serves, and any version ready to score."""

from __future__ import annotations

import threading
from collections import OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING

from graph.model.errors import BundleError, SettingError
from graph.signatures import Keys
from graph.store.port import GraphStore
from service.opening import load_scorer, open_keyring

if TYPE_CHECKING:
    from gnn.registry.history import RegisteredModel
    from gnn.registry.models import ModelRegistry
    from gnn.scoring.bundle import ModelBundle
    from gnn.scoring.scorer import Scorer
    from service.settings import Settings

_KEPT = 4  # scorers that are kept ready: the champion, and older ones whose answers are replayed


class RegisteredModels:
    """Reads a registry; safe for many threads. `pinned`: the digest of the one bundle that may serve, or
    empty.
    """

    def __init__(self, registry: ModelRegistry, pinned: str) -> None:
        self.registry = registry
        self._pinned = pinned.lower()
        self._scorers: OrderedDict[str, Scorer] = OrderedDict()
        self._loading = threading.Lock()

    def champion(self) -> RegisteredModel | None:
        """The model that should serve; None where none was promoted yet. Raises RegistryError, and
        BundleError where another one is pinned.
        """
        champion = self.registry.champion()
        if champion is not None and self._pinned and champion.digest != self._pinned:
            raise BundleError(
                f"the champion {champion.version} has the digest {champion.digest}, and "
                f"RINGFENCE_MODEL_DIGEST asks for {self._pinned}: another model"
            )
        return champion

    def holds(self, version: str) -> bool:
        """Whether the registry has that version. Raises RegistryError."""
        return version in self.registry.models()

    def scorer(self, version: str) -> Scorer:
        """The scorer of a version; the latest few are kept ready. Raises RegistryError and BundleError."""
        from gnn.scoring.scorer import Scorer  # here, because most commands need no model

        with self._loading:
            if (scorer := self._scorers.get(version)) is None:
                scorer = Scorer(self.registry.bundle(version))
                self._scorers[version] = scorer
                while len(self._scorers) > _KEPT:
                    self._scorers.popitem(last=False)
            self._scorers.move_to_end(version)
            return scorer


def open_models(settings: Settings, keys: Keys) -> RegisteredModels | None:
    """The models of the settings' registry, its history signed with these keys; None where there is no
    registry. Raises RegistryError.
    """
    if not settings.registry:
        return None
    from gnn.registry.models import ModelRegistry  # here, because a service may do without

    return RegisteredModels(ModelRegistry(settings.registry, keys), settings.model_digest)


def serving_scorer(settings: Settings, models: RegisteredModels | None) -> Scorer | None:
    """The scorer of the model that serves: the registry's champion; while there is none, or no registry, the
    model that the settings name. None where neither is. Raises RegistryError and BundleError.
    """
    if models is not None and (champion := models.champion()) is not None:
        return models.scorer(champion.version)
    return load_scorer(settings.model, settings.model_digest) if settings.model else None


def scorer_of(settings: Settings, store: GraphStore) -> Scorer | None:
    """As `serving_scorer`, for a command that opened the store, whose keys sign the registry's history."""
    models = open_models(settings, open_keyring(settings, store).keys) if settings.registry else None
    return serving_scorer(settings, models)


def bundle_of(settings: Settings, store: GraphStore, version: str) -> ModelBundle:
    """The bundle of the model of that version, which serves. Raises RegistryError and BundleError."""
    from gnn.scoring import bundle  # here, because most commands need no model

    models = open_models(settings, open_keyring(settings, store).keys)
    if models is not None and models.holds(version):
        return models.registry.bundle(version)
    return bundle.read(Path(settings.model), settings.model_digest)


def no_champion(url: str) -> SettingError:
    """What is said where nothing can serve."""
    return SettingError(
        f"the registry {url} has no champion yet: promote a model (ringfence models promote), or give "
        "--model DIR to serve until then"
    )
