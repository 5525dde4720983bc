"""Seals what assessments and cases have written down, beside the requests, and says the anchor every hour."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from investigations.casebook import Casebook
from investigations.casebook.seals import AT_ONCE

log = logging.getLogger("ringfence.seals")
_SAYS = timedelta(hours=1)


class Sealer:
    """Makes one seal a step."""

    def __init__(self, casebook: Casebook, clock: Callable[[], datetime]) -> None:
        self._casebook, self._clock = casebook, clock
        self._said: datetime | None = None

    def step(self) -> bool:
        """Seal; whether nothing is left to do for now."""
        now = self._clock()
        done = self._casebook.seals.seal(now) < AT_ONCE
        if done and (self._said is None or now - self._said >= _SAYS):
            head = self._casebook.seals.head()
            log.info("the audit's anchor is %d:%s", head.position, head.digest)
            self._said = now
        return done
