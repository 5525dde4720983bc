"""Takes over the registry's champion in one process: loaded and warmed beside the requests, put in place
between two of them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from gnn.registry.history import RegisteredModel
from graph.model.errors import BundleError
from service.assessment.context import AppContext
from service.assessment.served_model import with_model
from service.assessment.warm_up import exercise_kernels
from service.registered_models import RegisteredModels

log = logging.getLogger("ringfence.champion")


class ChampionFollower:
    """One look a step. `current` gives the context that answers now, `take` puts another in its place, which
    requests that have begun do not see; `failed` hears of a champion that cannot serve.
    """

    def __init__(
        self,
        models: RegisteredModels,
        current: Callable[[], AppContext],
        take: Callable[[AppContext], None],
        failed: Callable[[], None] = lambda: None,
    ) -> None:
        self._models, self._current, self._take, self._failed = models, current, take, failed
        self._unusable: RegisteredModel | None = None

    def step(self) -> bool:
        """Take the champion over where another one serves; nothing is left to do afterwards.

        Raises RegistryError and BundleError: the model that serves goes on then. A bundle that cannot be read
        is not tried again until the history has gone on.
        """
        champion = self._models.champion()
        serving = self._current().model
        if champion is None or champion == self._unusable:
            return True
        if serving is not None and champion.version == serving.version:
            return True
        try:
            scorer = self._models.scorer(champion.version)
        except BundleError:
            self._unusable = champion
            self._failed()
            raise
        context = with_model(self._current(), scorer)
        exercise_kernels(scorer, context.policy)
        self._take(context)
        log.info(
            "model %s serves from here on, after %s", champion.version, serving.version if serving else "none"
        )
        return True
