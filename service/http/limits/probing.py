"""Detects probing: a caller who requests many values with the same masked form is guessing."""

from __future__ import annotations

import hashlib
import logging
import struct
from collections.abc import Callable, Iterable
from pathlib import Path
from time import monotonic

from graph.model.types import IdentifierKind, Mention
from service.http import metrics
from service.http.limits.shared_counters import SharedCounters

log = logging.getLogger("ringfence.probing")

# Numbers whose mask leaves some ten thousand apart: honest callers name two behind one mask once in half a
# million applications.
GUESSABLE = frozenset({IdentifierKind.PHONE, IdentifierKind.NATIONAL_ID, IdentifierKind.BANK_CARD})
MOST = 20  # different numbers behind one mask that a party may name within the window
LEAST = 4  # of these, however many machines share them
WINDOW_S = 3_600.0
_REMEMBERED = 65_536  # masks at hand, the latest
_NAMED = 8  # bytes by which a number is told from the others behind its mask
_RECORD = struct.Struct(f"=d?{MOST * _NAMED}s")  # since when, whether the alarm was raised, what was named


class Probing:
    """What each party asked for lately, by the mask of what it named. `path` names a file that all workers of
    a machine share; each of so many `machines` lets through its part.
    """

    def __init__(
        self,
        path: Path | None = None,
        tick: Callable[[], float] = monotonic,
        machines: Callable[[], int] = lambda: 1,
    ) -> None:
        self._tick, self._machines = tick, machines
        self._records = SharedCounters(_RECORD, _REMEMBERED, path, tick)

    def wait(self, party: str, mentions: Iterable[Mention]) -> float:
        """Seconds until this party may name these; 0.0 where nothing looks like guessing. The first refusal
        of a mask raises the alarm.
        """
        named = [
            m.identifier
            for m in mentions
            if m.identifier.kind in GUESSABLE and m.identifier.linking and m.identifier.masked.strip("*")
        ]
        if not named:
            return 0.0
        with self._records.held():
            return max(self._wait(party, one.kind, one.masked, one.token) for one in named)

    def _wait(self, party: str, kind: IdentifierKind, mask: str, token: str) -> float:
        now, shape = self._tick(), f"{party}\n{kind.value}\n{mask}"
        result = self._records.read(shape)
        since, alarmed, named = (
            result.values
            if result is not None and now - result.values[0] <= WINDOW_S
            else (now, False, bytes(_RECORD.size))
        )
        digest = hashlib.blake2b(token.encode(), digest_size=_NAMED).digest()
        places = [named[at : at + _NAMED] for at in range(0, MOST * _NAMED, _NAMED)]
        known = [place for place in places if any(place)]
        wait, most = 0.0, max(MOST // self._machines(), LEAST)
        if digest not in known and len(known) < most:
            known.append(digest)
        elif digest not in known:
            wait = WINDOW_S - (now - since)
            if not alarmed:
                alarmed = True
                metrics.PROBING.labels(kind.value).inc()
                log.warning(
                    (
                        "%s has named %d different values of kind %s that look alike behind their mask: is "
                        "it guessing?"
                    ),
                    party,
                    len(known),
                    kind.value,
                )
        self._records.write(shape, since, alarmed, b"".join(known))
        return wait
