"""What failed is tried again after a pause, and after a longer one each time that it fails again."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from datetime import datetime, timedelta
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
FIRST, LONGEST = timedelta(minutes=1), timedelta(hours=1)


class Pauses(Generic[Key]):
    """By key how long, and until when, it is left alone; each pause is twice as long as the one before."""

    def __init__(
        self, clock: Callable[[], datetime], first: timedelta = FIRST, longest: timedelta = LONGEST
    ) -> None:
        self._clock, self._first, self._longest = clock, first, longest
        self._lasting: dict[Key, tuple[timedelta, datetime]] = {}

    def __contains__(self, key: Key) -> bool:
        """Whether its pause is not over."""
        return key in self._lasting and self._clock() < self._lasting[key][1]

    def failed(self, key: Key) -> timedelta:
        """It begins a pause, which lasts so long."""
        lasts = min(2 * self._lasting[key][0], self._longest) if key in self._lasting else self._first
        self._lasting[key] = lasts, self._clock() + lasts
        return lasts

    def over(self, key: Key) -> None:
        """It works: should it fail again, its pauses begin anew."""
        self._lasting.pop(key, None)
