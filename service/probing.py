"""Guessing is noticed: somebody who asks for many numbers that look alike behind their mask is looking for the one that is known."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from threading import Lock
from time import monotonic

from graph.model import IdentifierKind, Mention
from service import metrics

log = logging.getLogger("ringfence.probing")

# Numbers whose mask leaves some ten thousand apart: honest callers name two behind one mask once in half a million applications.
GUESSABLE = frozenset({IdentifierKind.PHONE, IdentifierKind.NATIONAL_ID, IdentifierKind.BANK_CARD})
MOST = 20  # different numbers behind one mask that a caller may name within the window
WINDOW_S = 3_600.0
_REMEMBERED = 50_000  # masks at hand, the latest

Shape = tuple[str, str, str]  # caller, kind, mask


@dataclass
class _Asked:
    since: float
    tokens: set[str] = field(default_factory=set)


class Probing:
    """What callers asked for lately, by the mask of what they named; one process's share of it."""

    def __init__(self, tick: Callable[[], float] = monotonic) -> None:
        self._tick = tick
        self._asked: OrderedDict[Shape, _Asked] = OrderedDict()
        self._lock = Lock()

    def wait(self, caller: str, mentions: Iterable[Mention]) -> float:
        """Seconds until this caller may name these; 0.0 where nothing looks like guessing. The first refusal of a shape raises the alarm."""
        now, longest = self._tick(), 0.0
        with self._lock:
            for mention in mentions:
                one = mention.identifier
                if one.kind in GUESSABLE and one.linking and one.masked.strip("*"):
                    longest = max(longest, self._wait((caller, one.kind.value, one.masked), one.token, now))
        return longest

    def _wait(self, shape: Shape, token: str, now: float) -> float:
        asked = self._asked.pop(shape, None)
        if asked is None or now - asked.since > WINDOW_S:
            asked = _Asked(now)
        self._asked[shape] = asked
        if len(self._asked) > _REMEMBERED:
            self._asked.popitem(last=False)
        if token in asked.tokens or len(asked.tokens) < MOST:
            asked.tokens.add(token)
            return 0.0
        if len(asked.tokens) == MOST:
            asked.tokens.add("")  # said once
            metrics.PROBING.labels(shape[1]).inc()
            log.warning(
                "key %s has named %d different values of kind %s that look alike behind their mask: is it guessing?", shape[0], MOST, shape[1]
            )
        return WINDOW_S - (now - asked.since)
