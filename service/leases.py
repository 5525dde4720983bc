"""Leases: of several processes on one casebook one does a work, and another goes on when it is killed."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta

from investigations.casebook import Casebook

LASTS = timedelta(seconds=60)
_RENEWED = LASTS / 3  # before so much is left it is not written again


class Lease:
    """The right to do the work of that name; whoever dies loses it after LASTS. The owner is this process, or
    `owner`: all who name one have it together.
    """

    def __init__(self, casebook: Casebook, name: str, clock: Callable[[], datetime], owner: str = "") -> None:
        self._casebook, self._name, self._clock = casebook, name, clock
        self._owner = owner or secrets.token_hex(12)
        self._until: datetime | None = None

    def take(self) -> bool:
        """Whether the work is ours now."""
        now = self._clock()
        taken = None if self._until is None else self._until - LASTS
        if taken is None or not taken <= now <= taken + _RENEWED:  # before that: the clock was put back
            self._until = (
                now + LASTS if self._casebook.take_lease(self._name, self._owner, now, LASTS) else None
            )
        return self._until is not None

    def give_back(self) -> None:
        """Let somebody else have it at once."""
        if self._until is not None:
            self._casebook.give_back_lease(self._name, self._owner)
            self._until = None
