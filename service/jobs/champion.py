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
from service.assessment.warm_up import exercise_where_there_is_room
from service.jobs.pauses import Pauses
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
        self._unusable = Pauses[RegisteredModel](lambda: current().clock())

    def step(self) -> bool:
        """Take the champion over where another one serves; nothing is left to do afterwards.

        Raises RegistryError, and BundleError where another one is pinned: the model that serves goes on then,
        and so it does where the bundle cannot be read, which is tried again after a pause: it may be back.
        """
        champion = self._models.champion()
        serving = self._current().model
        if champion is None or champion in self._unusable:
            return True
        if serving is not None and champion.version == serving.version:
            return True
        try:
            scorer = self._models.scorer(champion.version)
        except BundleError as error:
            pause = self._unusable.failed(champion)
            log.warning("the champion cannot be taken over: %s; tried again in %s", error, pause)
            self._failed()
            return True
        self._unusable.over(champion)
        context = with_model(self._current(), scorer)
        exercise_where_there_is_room(scorer, context.policy)
        self._take(context)
        log.info(
            "model %s serves from here on, after %s", champion.version, serving.version if serving else "none"
        )
        return True
