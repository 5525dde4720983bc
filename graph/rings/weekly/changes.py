"""Ring identity over time: matches this week's groups to last week's rings and classifies each change."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import numpy as np

from graph.facts.tables import Column
from graph.model.types import RingChange

NONE = -1  # the place of no ring
_PART = 3  # so many members of an old ring in another group make it a part of that ring

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
    """Groups of now by number, 0 to G - 1, and rings of before by their place in `rings`, which are ids,
    ascending (R,).

    `first` (G,) is the position of each group's first member, `size` (G,) counts members, and `size_before`
    (R,) those of before, also who are no applicants any more. `flagged` (G,) and `flagged_before` (R,) are
    bool. Pairs that have somebody in common, by group, then ring (P,): `group`, `ring`, and how many they
    `share`.
    """

    first: Column
    size: Column
    flagged: Column
    rings: Sequence[str]
    size_before: Column
    flagged_before: Column
    group: Column
    ring: Column
    share: Column


def in_common(group: Column, ring: Column, rings: int) -> tuple[Column, Column, Column]:
    """The pairs (P,) of a group and one of so many rings with somebody in common, by group, then ring, and
    how many they share; `group` and `ring` (N,) are where some people are and were, -1: nowhere.
    """
    both = np.flatnonzero((group >= 0) & (ring >= 0))
    pairs, share = np.unique(group[both].astype(np.int64) * max(rings, 1) + ring[both], return_counts=True)
    of, before = np.divmod(pairs, max(rings, 1))
    return of.astype(np.int32), before.astype(np.int32), share.astype(np.int32)


@dataclass(frozen=True)
class Changes:
    """What became of each group and each old ring, by `weeks`; `heir` (G,) is the place of the old ring whose
    id each group inherits, NONE: of none.

    An id is never given twice: a new one is a digest of the moment and the members.
    """

    weeks: TwoWeeks
    as_of: datetime
    heir: Column

    @classmethod
    def between(cls, weeks: TwoWeeks, as_of: datetime) -> Changes:
        """Heirs are chosen by the largest overlap first, then Jaccard, then id, and of a flagged ring those
        among flagged groups before others: the answer does not hang on any order.
        """
        return cls(weeks, as_of, _heirs(weeks))

    def of(self, number: int, members: Sequence[str]) -> RingChange:
        """What became of a group with these `members`, ids in ascending order."""
        weeks, old, kin = self.weeks, int(self.heir[number]), int(self._kin[number])
        if kin == NONE:
            return _newcomer(members, (), 0.0, self._as_of)
        pairs = slice(self._ends[number], self._ends[number + 1])
        roots = self._named(weeks.ring[pairs][self._roots[pairs]])
        jaccard = float(self._jaccard[kin])
        if old == NONE:
            return _newcomer(members, roots, jaccard, self._as_of)
        stayed = int(weeks.share[kin])
        joined, left = len(members) - stayed, int(weeks.size_before[old]) - stayed
        return RingChange(
            ring_id=weeks.rings[old],
            change=_what(len(roots), int(self._parts[old]), joined, left),
            from_rings=roots,
            joined=joined,
            left=left,
            jaccard=jaccard,
        )

    def gone(self, names: Sequence[str]) -> Iterator[RingChange]:
        """Old rings that nobody inherits, by id, with the groups that are parts of them now; `names` (G,) are
        the ids of the groups.
        """
        weeks, lives = self.weeks, np.zeros(len(self.weeks.rings), bool)
        lives[self.heir[self.heir != NONE]] = True
        some = np.flatnonzero(self._part & ~lives[weeks.ring])
        some = some[np.argsort(weeks.ring[some], kind="stable")]
        gone = np.flatnonzero(~lives)
        ends = np.asarray(np.searchsorted(weeks.ring[some], np.r_[gone, len(lives)]))
        for old, begin, end in zip(gone.tolist(), ends[:-1].tolist(), ends[1:].tolist()):
            yield RingChange(
                ring_id=weeks.rings[old],
                change="dissolved",
                from_rings=tuple(sorted(names[group] for group in weeks.group[some[begin:end]].tolist())),
                joined=0,
                left=int(weeks.size_before[old]),
                jaccard=0.0,
            )

    @cached_property
    def _as_of(self) -> str:
        return self.as_of.isoformat()

    @cached_property
    def _ends(self) -> Column:
        """Where the pairs of each group begin, and the last one's end (G + 1,)."""
        return np.searchsorted(self.weeks.group, np.arange(len(self.heir) + 1))

    @cached_property
    def _kin(self) -> Column:
        """The pair of each group (G,) with the ring whose id it inherits, or else with that of the most
        people in common, the last one; NONE without any.
        """
        group, ring, share = self.weeks.group, self.weeks.ring, self.weeks.share
        order = np.lexsort((ring, share, self._lives, group))
        out = np.full(len(self.heir), NONE)
        out[group[order]] = order  # the last one stays
        return out

    @cached_property
    def _lives(self) -> Column:
        """Pairs (P,) bool whose group inherits the ring's id."""
        return np.asarray(self.heir[self.weeks.group] == self.weeks.ring)

    @cached_property
    def _roots(self) -> Column:
        """Pairs (P,) bool whose ring is one that the group comes from."""
        share, ring = self.weeks.share, self.weeks.ring
        of_heir = self._lives | (2 * share >= self.weeks.size_before[ring])
        split = self._part & (self._parts[ring] > 1)
        return np.where(self.heir[self.weeks.group] == NONE, split, of_heir)

    @cached_property
    def _jaccard(self) -> Column:
        """Of pairs (P,)."""
        return _jaccard(self.weeks, np.arange(len(self.weeks.share)))

    @cached_property
    def _part(self) -> Column:
        """Pairs (P,) bool whose group is a part of the ring."""
        share, then = self.weeks.share, self.weeks.size_before[self.weeks.ring]
        return np.asarray((share >= _PART) | (2 * share >= then))

    @cached_property
    def _parts(self) -> Column:
        """How many groups are parts of each old ring (R,)."""
        return np.bincount(self.weeks.ring[self._part], minlength=len(self.weeks.rings))

    def _named(self, rings: Column) -> tuple[str, ...]:
        return tuple([self.weeks.rings[ring] for ring in rings.tolist()])


def _jaccard(weeks: TwoWeeks, pairs: Column) -> Column:
    share = weeks.share[pairs]
    return np.asarray(share / (weeks.size[weeks.group[pairs]] + weeks.size_before[weeks.ring[pairs]] - share))


def _heirs(weeks: TwoWeeks) -> Column:
    """Heirs (G,): where the overlap is at least half of the smaller of the two."""
    smaller = np.minimum(weeks.size[weeks.group], weeks.size_before[weeks.ring])
    at = np.flatnonzero((weeks.share >= 2) & (2 * weeks.share >= smaller))
    group, ring = weeks.group[at], weeks.ring[at]
    lives = weeks.flagged_before[ring] & weeks.flagged[group]
    order = np.lexsort((weeks.first[group], ring, -_jaccard(weeks, at), -weeks.share[at], ~lives))
    heir, taken = np.full(len(weeks.size), NONE, np.int32), np.zeros(len(weeks.rings), bool)
    for place in order:
        if heir[group[place]] == NONE and not taken[ring[place]]:
            heir[group[place]], taken[ring[place]] = ring[place], True
    return heir


def _what(roots: int, parts: int, joined: int, left: int) -> str:
    if roots > 1:
        return "merged"
    if parts > 1 and left >= _PART:
        return "split"
    if joined == left == 0:
        return "unchanged"
    return "grown" if joined >= left else "shrunk"


def _newcomer(who: Sequence[str], origin: tuple[str, ...], jaccard: float, as_of: str) -> RingChange:
    """A group that inherits no id: born, or split from a ring that lives on elsewhere."""
    digest = hashlib.sha256("|".join([as_of, *who]).encode()).hexdigest()
    return RingChange(
        ring_id=f"R-{digest[:10]}",
        change="split" if origin else "born",
        from_rings=origin,
        joined=len(who),
        left=0,
        jaccard=jaccard,
    )
