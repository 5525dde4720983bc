"""Ring identity over time: matches this week's groups to last week's rings and classifies each change."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import numpy as np

from graph.facts.lists import Lists
from graph.facts.tables import Column
from graph.model.types import RingChange

_PART = 3  # so many members of an old ring in another group make it a part of that ring
_NOBODY = -1
_AT_ONCE = 500_000  # people whose ids are asked for at once

STATES = {
    "born": "new",
    "grown": "growing",
    "shrunk": "shrinking",
    "merged": "merged",
    "split": "split",
    "unchanged": "stable",
}


@dataclass(frozen=True)
class TwoWeeks:
    """In which group each applicant is now, and in which ring each was before.

    `group` (A,) is the number of the group, of 0 to G - 1, which all have members, and `ring` (A,) the place
    of the ring in `rings` (R,), which are ids, ascending; -1 is none. Applicants are positions in the order
    of their ids, of which `names` gives those of some. `size` (R,) counts the members of then, also those who
    are no applicants any more. `flagged` (G,) and `flagged_before` (R,) are bool.
    """

    names: Callable[[Column], Column]
    group: Column
    ring: Column
    rings: Sequence[str]
    size: Column
    flagged: Column
    flagged_before: Column


def compared(weeks: TwoWeeks, as_of: datetime) -> Iterator[RingChange]:
    """A change with a lasting id for each group, in the groups' order, then one for each old ring that is
    gone.

    Heirs are chosen by the largest overlap first, then Jaccard, then id, and of a flagged ring those among
    flagged groups before others: the answer does not hang on any order. An id is never given twice: a new
    one is a digest of the moment and the members.
    """
    overlaps = _overlaps(weeks)
    heir = _heirs(weeks, overlaps)
    names = []
    for change in _living(weeks, overlaps, heir, as_of):
        names.append(change.ring_id)
        yield change
    yield from _gone(weeks, overlaps, heir, names)


@dataclass(frozen=True)
class _Overlaps:
    """Pairs of a group and an old ring that have somebody in common, by group, then ring (P,): how many they
    `share`, and whether the group is a `part` of the ring; `size` (G,) of the groups.
    """

    group: Column
    ring: Column
    share: Column
    part: Column
    jaccard: Column
    size: Column

    @cached_property
    def of_group(self) -> Lists:
        """The pairs of each group."""
        return Lists.places(self.group, len(self.size))


def _overlaps(weeks: TwoWeeks) -> _Overlaps:
    both = np.flatnonzero((weeks.group >= 0) & (weeks.ring >= 0))
    pairs, share = np.unique(
        weeks.group[both].astype(np.int64) * max(len(weeks.rings), 1) + weeks.ring[both], return_counts=True
    )
    group, ring = np.divmod(pairs, max(len(weeks.rings), 1))
    now = np.bincount(weeks.group[weeks.group >= 0], minlength=len(weeks.flagged))
    then = weeks.size[ring]
    part = (share >= _PART) | (2 * share >= then)
    return _Overlaps(group, ring, share, part, share / (now[group] + then - share), now)


def _heirs(weeks: TwoWeeks, o: _Overlaps) -> Column:
    """The old ring whose id each group inherits (G,): where the overlap is at least half of the smaller of
    the two.
    """
    first = np.zeros(len(o.size), np.int64)  # the member of each group whose id comes first
    people = np.flatnonzero(weeks.group >= 0)[::-1]
    first[weeks.group[people]] = people
    at = np.flatnonzero((o.share >= 2) & (2 * o.share >= np.minimum(o.size[o.group], weeks.size[o.ring])))
    group, ring = o.group[at], o.ring[at]
    lives = weeks.flagged_before[ring] & weeks.flagged[group]
    order = np.lexsort((first[group], ring, -o.jaccard[at], -o.share[at], ~lives))
    heir, taken = np.full(len(o.size), _NOBODY), np.zeros(len(weeks.rings), bool)
    for place in order:
        if heir[group[place]] == _NOBODY and not taken[ring[place]]:
            heir[group[place]], taken[ring[place]] = ring[place], True
    return heir


def _living(weeks: TwoWeeks, o: _Overlaps, heir: Column, as_of: datetime) -> Iterator[RingChange]:
    parts = np.bincount(o.ring[o.part], minlength=len(weeks.rings))
    root = (2 * o.share >= weeks.size[o.ring]) | (o.ring == heir[o.group])
    origin = o.part & (parts[o.ring] > 1)
    newcomers = _members(weeks, np.flatnonzero(heir == _NOBODY), o.size)
    for number, old in enumerate(heir.tolist()):
        pairs = o.of_group[number]
        if old == _NOBODY:
            from_rings = _named(weeks, o.ring[pairs[origin[pairs]]])
            yield _newcomer(next(newcomers), from_rings, o.jaccard[pairs[_nearest(o, pairs)]], as_of)
            continue
        same = int(pairs[o.ring[pairs] == old][0])
        joined, left = int(o.size[number] - o.share[same]), int(weeks.size[old] - o.share[same])
        roots = _named(weeks, o.ring[pairs[root[pairs]]])
        yield RingChange(
            ring_id=weeks.rings[old],
            change=_what(len(roots), int(parts[old]), joined, left),
            from_rings=roots,
            joined=joined,
            left=left,
            jaccard=float(o.jaccard[same]),
        )


def _members(weeks: TwoWeeks, groups: Column, size: Column) -> Iterator[list[str]]:
    """The ids of each group's members, ascending; those of some _AT_ONCE people are asked for together."""
    members = Lists.places(weeks.group, len(size))
    batch = np.cumsum(size[groups]) // _AT_ONCE
    for some in np.split(groups, np.flatnonzero(np.diff(batch)) + 1):
        names = weeks.names(members.of(some))
        for end, count in zip(np.cumsum(size[some]).tolist(), size[some].tolist()):
            yield names[end - count : end].tolist()


def _nearest(o: _Overlaps, pairs: Column) -> Column:
    """The pair of the most people in common, the last one of these; (0,) or (1,)."""
    return np.lexsort((o.ring[pairs], o.share[pairs]))[-1:]


def _what(roots: int, parts: int, joined: int, left: int) -> str:
    if roots > 1:
        return "merged"
    if parts > 1 and left >= _PART:
        return "split"
    if joined == left == 0:
        return "unchanged"
    return "grown" if joined >= left else "shrunk"


def _newcomer(who: list[str], origin: tuple[str, ...], jaccard: Column, as_of: datetime) -> RingChange:
    """A group that inherits no id: born, or split from a ring that lives on elsewhere."""
    digest = hashlib.sha256("|".join([as_of.isoformat(), *who]).encode()).hexdigest()
    return RingChange(
        ring_id=f"R-{digest[:10]}",
        change="split" if origin else "born",
        from_rings=origin,
        joined=len(who),
        left=0,
        jaccard=float(jaccard.sum()),
    )


def _gone(weeks: TwoWeeks, o: _Overlaps, heir: Column, names: list[str]) -> Iterator[RingChange]:
    """Old rings that nobody inherits, by id, with the groups that are parts of them now."""
    some = np.flatnonzero(o.part)
    into = Lists.places(o.ring[some], len(weeks.rings))
    for old in np.flatnonzero(~np.isin(np.arange(len(weeks.rings)), heir)).tolist():
        yield RingChange(
            ring_id=weeks.rings[old],
            change="dissolved",
            from_rings=tuple(sorted(names[group] for group in o.group[some[into[old]]].tolist())),
            joined=0,
            left=int(weeks.size[old]),
            jaccard=0.0,
        )


def _named(weeks: TwoWeeks, rings: Column) -> tuple[str, ...]:
    return tuple([weeks.rings[ring] for ring in rings.tolist()])
