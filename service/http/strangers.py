"""Hits against misses: a party nearly all of whose questions are about people whom nobody knows, while others ask for known ones, tries numbers."""

from __future__ import annotations

import logging
import struct
from collections.abc import Callable
from pathlib import Path
from time import monotonic

from service.http import metrics
from service.http.shared_counters import Tallies

log = logging.getLogger("ringfence.probing")

WINDOW_S = 3_600.0
ENOUGH = 200  # questions in a window that say something of whoever asks
STRANGE = 0.95  # share of strangers of a party that tries numbers
USUAL = 0.8  # and of the others at most, who ask the same store: in a young one everybody is a stranger
_PARTIES = 1_024
_COUNTED = struct.Struct("=Q?QQ")  # in which window, whether the alarm was raised, how many were asked for, how many of them nobody knew
_EVERYBODY = ""


class Strangers:
    """How many of those whom each party asked for somebody knew. `path` names a file that all workers of a machine share."""

    def __init__(self, path: Path | None = None, tick: Callable[[], float] = monotonic) -> None:
        self._tick = tick
        self._counts = Tallies(_COUNTED, _PARTIES, path, tick)

    def asked(self, party: str | None, *, stranger: bool) -> None:
        """Count a question, of a party or (None) of the operator; raise the alarm, once in a window, where it looks like trying numbers."""
        with self._counts.held():
            window, _, all_asked, all_strange = self._counted(_EVERYBODY)
            all_asked, all_strange = all_asked + 1, all_strange + stranger
            self._counts.write(_EVERYBODY, window, False, all_asked, all_strange)
            if not party:
                return
            _, alarmed, asked, strange = self._counted(party)
            asked, strange = asked + 1, strange + stranger
            others = all_asked - asked
            odd = min(asked, others) >= ENOUGH and strange >= STRANGE * asked and all_strange - strange <= USUAL * others
            self._counts.write(party, window, alarmed or odd, asked, strange)
        if odd and not alarmed:
            metrics.PROBING.labels("strangers").inc()
            log.warning("%s has asked for %d people of whom %d are known to nobody, others have not: is it trying numbers?", party, asked, strange)

    def _counted(self, name: str) -> tuple[int, bool, int, int]:
        window = int(self._tick() // WINDOW_S)
        found = self._counts.read(name)
        if found is None or found.values[0] != window:
            return window, False, 0, 0
        _, alarmed, asked, strange = found.values
        return window, alarmed, asked, strange
