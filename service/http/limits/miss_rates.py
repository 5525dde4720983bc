"""Miss rates: a party whose requests are nearly all about unknown people, while others' are not, is
enumerating identifiers.
"""

from __future__ import annotations

import logging
import struct
from collections.abc import Callable
from pathlib import Path
from time import monotonic

from service.http import metrics
from service.http.limits.shared_counters import SharedCounters

log = logging.getLogger("ringfence.probing")

WINDOW_S = 3_600.0
ENOUGH = 200  # requests in a window before a party's rate is judged
STRANGE = 0.95  # share of strangers of a party that tries numbers
USUAL = 0.8  # the share of misses of all others at most: in a new store everybody is unknown
_PARTIES = 1_024
# in which window, whether the alarm was raised, how many were asked for, how many of them nobody knew
_COUNTED = struct.Struct("=Q?QQ")
_EVERYBODY = ""


class MissRates:
    """How many of those whom each party asked for somebody knew. `path` names a file that all workers of a
    machine share.
    """

    def __init__(self, path: Path | None = None, tick: Callable[[], float] = monotonic) -> None:
        self._tick = tick
        self._counts = SharedCounters(_COUNTED, _PARTIES, path, tick)

    def count(self, party: str | None, *, stranger: bool) -> None:
        """Count a question, of a party or (None) of the operator; raise the alarm, once in a window, where it
        looks like trying numbers.
        """
        with self._counts.held():
            window, _, all_requests, all_strange = self._counted(_EVERYBODY)
            all_requests, all_strange = all_requests + 1, all_strange + stranger
            self._counts.write(_EVERYBODY, window, False, all_requests, all_strange)
            if not party:
                return
            _, alarmed, requested, strange = self._counted(party)
            requested, strange = requested + 1, strange + stranger
            others = all_requests - requested
            odd = (
                min(requested, others) >= ENOUGH
                and strange >= STRANGE * requested
                and all_strange - strange <= USUAL * others
            )
            self._counts.write(party, window, alarmed or odd, requested, strange)
        if odd and not alarmed:
            metrics.PROBING.labels("strangers").inc()
            log.warning(
                (
                    "%s has asked for %d people of whom %d are known to nobody, others have not: is it "
                    "trying numbers?"
                ),
                party,
                requested,
                strange,
            )

    def _counted(self, name: str) -> tuple[int, bool, int, int]:
        window = int(self._tick() // WINDOW_S)
        result = self._counts.read(name)
        if result is None or result.values[0] != window:
            return window, False, 0, 0
        _, alarmed, requested, strange = result.values
        return window, alarmed, requested, strange
