"""Events that nobody gave an id and that say the same: how often each has come in one delivery or request."""

from __future__ import annotations


class Repeats:
    """Counts contents by their digests, of which the first eight bytes tell them apart."""

    def __init__(self) -> None:
        self._once: set[bytes] = set()
        self._more: dict[bytes, int] = {}

    def number(self, digest: bytes) -> int:
        """1 for what comes for the first time, 2 for the second, ..."""
        known = digest[:8]
        if known not in self._once:
            self._once.add(known)
            return 1
        self._more[known] = number = self._more.get(known, 1) + 1
        return number
