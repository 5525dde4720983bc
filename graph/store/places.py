"""Where a new name must stand: answers order people and facts by name where all else is equal, so that a
surrogate stands among those who can meet the old name in one answer as that did.
"""

from __future__ import annotations

import secrets
from bisect import bisect_left, bisect_right
from collections.abc import Container, Iterable, Iterator, Set
from dataclasses import dataclass

from graph.model.erasure import masked_tail, surrogate

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_LOW = "!-." + _ALPHABET  # of what may stand before a digit too
_TRIES = 3  # draws of each kind of place


@dataclass(frozen=True, slots=True)
class Forgotten:
    """Names that no surrogate may hold: those that are being erased, and those that were, `before`."""

    names: Set[str]
    before: Container[str] = frozenset()

    def stand_in(self, lead: str) -> bool:
        """Whether one of them stands in the beginning of a surrogate."""
        return _holds(lead, self.names) or any(lead[begin:] in self.before for begin in range(len(lead)))


def placed(old: str, others: Iterable[str], shown: int, forgotten: Forgotten) -> str:
    """A surrogate for `old` between its neighbours among `others`, in its lender's name space, with those of
    the last `shown` characters that a mask showed.

    It holds no forgotten name, and none of `others` unless these leave no other place; where there is none at
    all, it stands anywhere.
    """
    space = old[: old.index("/") + 1] if old.startswith("@") and "/" in old else ""
    posts = sorted(one[len(space) :] for one in others if one.startswith(space) and one != old)
    mine, tail = old[len(space) :], masked_tail(old, shown)
    low = posts[at - 1] if (at := bisect_left(posts, mine)) else ""
    high = posts[at] if (at := bisect_right(posts, mine)) < len(posts) else None
    for avoid in ({space + one for one in posts}, frozenset[str]()):
        for lead in _leads(low, high):
            name = surrogate(space + lead, tail)
            between = low < name[len(space) :] and (high is None or name[len(space) :] < high)
            if between and not _holds(space + lead, avoid) and not forgotten.stand_in(space + lead):
                return name
    return surrogate(space, tail)


def _leads(low: str, high: str | None) -> Iterator[str]:
    """Beginnings of texts between two, those that say least of either first."""
    same = 0
    while high is not None and same < min(len(low), len(high)) and low[same] == high[same]:
        same += 1
    for _ in range(_TRIES):
        above, below = low[same : same + 1], None if high is None else high[same : same + 1]
        if chosen := [c for c in _ALPHABET if above < c and (below is None or c < below)]:
            yield low[:same] + secrets.choice(chosen)
    for end in range(same + 1, len(low)):
        if chosen := [c for c in _ALPHABET if c > low[end]]:
            yield low[:end] + secrets.choice(chosen)
    yield low
    for end in range(same, len(high or "")):
        assert high is not None
        if chosen := [c for c in _LOW if c < high[end]]:
            yield high[:end] + secrets.choice(chosen)


def _holds(lead: str, avoid: Set[str]) -> bool:
    """Whether one of those names stands in it."""
    ends = range(1, len(lead) + 1)
    return any(lead[begin:end] in avoid for end in ends for begin in range(end))
