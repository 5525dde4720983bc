"""Warm-up before the first request: kernels compiled, model loaded, store reachable."""

from __future__ import annotations

import logging
from time import monotonic

from graph.model.errors import StoreError
from service.assessment.assess import warm_up
from service.assessment.context import AppContext

log = logging.getLogger("ringfence.app")
# how long a worker waits at its start for a store that is there and answers late: a warm-up may take half of
# it
WARM_S = 120.0


def warm(context: AppContext) -> None:
    """Be ready before the first caller comes. A server that plans its first statements answers late: it is
    asked again while it is there.
    """
    until: float | None = None
    while True:
        try:
            warm_up(context)
            return
        except StoreError as error:
            try:
                context.store.revision()
            except StoreError:
                log.warning(
                    "the store cannot be used at the start, answers are degraded until it can: %s", error
                )
                return
            until = until or monotonic() + WARM_S  # of the store: what was compiled before is not its time
            if monotonic() > until:
                log.warning("the store answers late at the start, some answers may be degraded: %s", error)
                return
