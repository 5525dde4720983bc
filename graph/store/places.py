"""Where a new name must stand: answers order people and facts by name where all else is equal, so that a
surrogate stands among those who can meet the old name in one answer as that did.
"""

from __future__ import annotations

import os
import re
import secrets
from bisect import bisect_left
from collections.abc import Callable, Container, Iterator, Set
from dataclasses import dataclass

from graph.model.erasure import masked_tail, surrogate
from graph.store.standing import Others

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_LETTERS = _ALPHABET[10:]
_TRIED = 3  # letters behind one beginning
_FAR = 8  # neighbours at most that a surrogate changes places with
_SAYS_NOTHING = 3  # characters: an id so short stands in many longer ones by chance
_NUMBER_GOES_ON = re.compile(r"\d\d|[^\W\d]{2}")
_LOW = "!-." + _ALPHABET  # of what may stand before a digit too


@dataclass(frozen=True, slots=True)
class Forgotten:
    """Names that no surrogate may hold: those that are being erased, of any kind and of the surrogate's own,
    and those that were erased before.
    """

    names: Set[str]
    own_kind: Set[str] = frozenset()
    before: Container[str] = frozenset()

    def stand_in(self, lead: str) -> bool:
        """Whether one of them stands in the beginning of a surrogate."""
        if _holds(lead, self.names):
            return True
        if not self.before:
            return False
        # a beginning differs from a name that stands in its last two characters at most
        late = ((begin, end) for end in range(max(1, len(lead) - 1), len(lead) + 1) for begin in range(end))
        return any(lead[begin:end] in self.before for begin, end in late)

    def stands_alone_in(self, lead: str) -> bool:
        """Whether one of them stands by itself in the beginning of a surrogate: `C-10` is not `C-1`."""
        return any(part in self.names or part in self.before for part in _parts(lead))

    def tells_more(self, lead: str, neighbour: str) -> bool:
        """Whether one of the surrogate's own kind, or one of before, stands there by itself, and not in the
        neighbour that stands before it too: then it tells nothing new.
        """
        beside = () if neighbour in self.own_kind else frozenset(_parts(neighbour))
        new = (part for part in _parts(lead) if part not in beside)
        return any(part in self.own_kind or part in self.before for part in new)


def placed(old: str, others: Others, shown: int, forgotten: Forgotten) -> str:
    """A surrogate for `old` between its neighbours among `others`, in its lender's name space, with those of
    the last `shown` characters that a mask showed.

    It holds no forgotten name, and none of `others`, unless these leave no other place: then none stands in
    it by itself, or none but what its neighbour tells, because the order is what others notice. Where every
    name between its neighbours would tell `old`, the order yields: it stands beyond the nearest that it can.
    """
    space = old[: old.index("/") + 1] if old.startswith("@") and "/" in old else ""
    tail = masked_tail(old, shown)
    allowed: tuple[Callable[[str, str], bool], ...] = (
        lambda lead, _: not _holds(lead, others) and not forgotten.stand_in(lead),
        lambda lead, _: not forgotten.stand_in(lead),
        lambda lead, _: old not in lead and not forgotten.stands_alone_in(lead),
        lambda lead, low: old not in lead and not forgotten.tells_more(lead, low),
    )
    for low, high in _rooms(old, space, others):
        for may_begin in allowed:
            for lead in _leads(low, high):
                name = surrogate(space + lead, tail)
                between = low < name[len(space) :] and (high is None or name[len(space) :] < high)
                if between and may_begin(space + lead, space + low):
                    return name
    return surrogate(space, tail)


def _rooms(old: str, space: str, others: Others) -> Iterator[tuple[str, str | None]]:
    """What lies between two others of that name space, or before and behind all: around the old name, then
    further and further from it.
    """
    low, high = others.beside(old)
    in_it = high is not None and high.startswith(space)
    yield low[len(space) :] if low.startswith(space) else "", high[len(space) :] if high and in_it else None
    posts = [one[len(space) :] for one in others.ordered() if one.startswith(space)]
    at = bisect_left(posts, old[len(space) :])
    for step in (at + far for n in range(1, _FAR) for far in (n, -n)):
        if 0 <= step <= len(posts):
            yield posts[step - 1] if step else "", posts[step] if step < len(posts) else None


def _leads(low: str, high: str | None) -> Iterator[str]:
    """Beginnings of texts between two, those that say least of either first."""
    same = 0
    while high is not None and same < min(len(low), len(high)) and low[same] == high[same]:
        same += 1
    above, below = low[same : same + 1], None if high is None else high[same : same + 1]
    chosen = [c for c in _ALPHABET if above < c and (below is None or c < below)]
    chosen.sort(key=dict(zip(chosen, os.urandom(len(chosen)), strict=True)).__getitem__)
    yield from (low[:same] + c for c in chosen)
    for end in range(same + 1, len(low)):
        if after := [c for c in _ALPHABET if c > low[end]]:
            yield low[:end] + secrets.choice(after)
    yield low
    for end in range(same, len(high or "")):
        assert high is not None
        yield from (high[:end] + c for c in _LOW if c < high[end])
    for begin in (low, *(low[:same] + c for c in chosen)):
        yield from (begin + c for c in secrets.SystemRandom().sample(_LETTERS, _TRIED))


def _parts(lead: str) -> Iterator[str]:
    """What may stand in it by itself."""
    ends = range(len(lead) + 1)
    cuts = [at for at in ends if not _NUMBER_GOES_ON.match(lead[max(0, at - 1) : at + 1])]
    for begin in cuts:
        for end in cuts:
            if begin < end and (end - begin > _SAYS_NOTHING or not _goes_on(lead, begin, end)):
                yield lead[begin:end]


def _goes_on(lead: str, begin: int, end: int) -> bool:
    """Whether letters or figures stand beside that part."""
    return lead[begin - 1 : begin].isalnum() or lead[end : end + 1].isalnum()


def _holds(lead: str, avoid: Container[str]) -> bool:
    """Whether one of those names stands in it."""
    ends = range(1, len(lead) + 1)
    return any(lead[begin:end] in avoid for end in ends for begin in range(end))
