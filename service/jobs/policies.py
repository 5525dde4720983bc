"""Takes over the policy files that are put in force, in one process, between two requests."""

from __future__ import annotations

import logging
from collections.abc import Callable

from graph.model.errors import StoreChangedError
from service.assessment.policies.files import PolicyFiles

log = logging.getLogger("ringfence.policies")


class PolicyFollower:
    """One look a step; a request keeps the policy that it found. `taken` hears that others are in force,
    `failed` that one of them cannot be read.
    """

    def __init__(self, files: PolicyFiles, taken: Callable[[], None], failed: Callable[[], None]) -> None:
        self._files, self._taken, self._failed = files, taken, failed

    def step(self) -> bool:
        """Decide by what is in force from here on; nothing is left to do afterwards.

        Raises StoreUnavailableError, and StoreChangedError for a file that cannot be read: those from before
        stay in force, and it is tried again at the next look.
        """
        try:
            others = self._files.refresh()
        except StoreChangedError:
            self._failed()
            raise
        if others:
            self._taken()
            log.info("policy files in force from here on: %s", ", ".join(self._files.named()) or "none")
        return True
