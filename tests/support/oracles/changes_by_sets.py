"""What became of each ring by sets of texts, as it was worked out before `graph.rings.weekly.changes`."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from graph.model.types import RingChange

_HALF = 0.5  # an old ring lives on in a group when the overlap is at least half of the smaller of the two
_PART = 3  # so many members of an old ring in another group make it a part of that ring


@dataclass(frozen=True)
class FlagStates:
    """Which of the new groups (by number) and of the old rings (by id) are flagged."""

    groups: frozenset[int] = frozenset()
    before: frozenset[str] = frozenset()


@dataclass
class _Match:
    """Overlaps between new groups (by number) and old rings (by id), and who inherits which id."""

    groups: Sequence[Collection[str]]
    before: Mapping[str, Collection[str]]
    flagged: FlagStates
    common: dict[int, dict[str, int]] = field(default_factory=dict)
    heir: dict[int, str] = field(default_factory=dict)
    parts: dict[str, set[int]] = field(default_factory=dict)

    def with_old(self, number: int) -> Mapping[str, int]:
        """How many people a group has in common with each old ring, where there are any."""
        return self.common.get(number, {})

    def jaccard(self, number: int, old: str) -> float:
        shared = self.with_old(number).get(old, 0)
        return shared / (len(self.groups[number]) + len(self.before[old]) - shared)


def compared_by_sets(
    groups: Sequence[Collection[str]],
    before: Mapping[str, Collection[str]],
    as_of: datetime,
    flagged: FlagStates = FlagStates(),
) -> tuple[RingChange, ...]:
    """A change with a lasting id for each group of different people, in the groups' order, then one for each
    old ring that is gone.

    `before` holds the previous snapshot's rings by id. Heirs are chosen by the largest overlap first, then
    Jaccard, then id, and of a flagged ring those among flagged groups before others: the answer does not hang
    on any order. An id is never given twice: a new one is a digest of the moment and the members.
    """
    match = _matched(groups, before, flagged)
    living = [_change(match, number, as_of) for number in range(len(groups))]
    kept = {change.ring_id for change in living}
    gone = []
    for old in sorted(set(before) - kept):
        into = tuple(sorted(living[n].ring_id for n in match.parts.get(old, ())))
        gone.append(
            RingChange(
                ring_id=old, change="dissolved", from_rings=into, joined=0, left=len(before[old]), jaccard=0.0
            )
        )
    return (*living, *gone)


def _matched(
    groups: Sequence[Collection[str]], before: Mapping[str, Collection[str]], flagged: FlagStates
) -> _Match:
    home = {member: old for old in sorted(before) for member in before[old]}
    match = _Match(groups, before, flagged)
    candidates = []
    for number, members in enumerate(groups):
        common = Counter(home[m] for m in members if m in home)
        if common:
            match.common[number] = dict(common)
        for old, shared in common.items():
            if shared >= _PART or 2 * shared >= len(before[old]):
                match.parts.setdefault(old, set()).add(number)
            if shared >= 2 and shared >= _HALF * min(len(members), len(before[old])):
                lives = old in flagged.before and number in flagged.groups
                candidates.append(
                    (not lives, -shared, -match.jaccard(number, old), old, min(members), number)
                )
    taken: set[str] = set()
    for _, _, _, old, _, number in sorted(candidates):
        if number not in match.heir and old not in taken:
            match.heir[number] = old
            taken.add(old)
    return match


def _change(match: _Match, number: int, as_of: datetime) -> RingChange:
    members, common = match.groups[number], match.with_old(number)
    old = match.heir.get(number)
    roots = sorted(o for o in common if 2 * common[o] >= len(match.before[o]) or o == old)
    if old is None:
        return _newcomer(match, number, as_of)
    joined, left = len(members) - common[old], len(match.before[old]) - common[old]
    if len(roots) > 1:
        what = "merged"
    elif len(match.parts.get(old, ())) > 1 and left >= _PART:
        what = "split"
    elif joined == left == 0:
        what = "unchanged"
    else:
        what = "grown" if joined >= left else "shrunk"
    return RingChange(
        ring_id=old,
        change=what,
        from_rings=tuple(roots),
        joined=joined,
        left=left,
        jaccard=match.jaccard(number, old),
    )


def _newcomer(match: _Match, number: int, as_of: datetime) -> RingChange:
    """A group that inherits no id: born, or split from a ring that lives on elsewhere."""
    members, common = match.groups[number], match.with_old(number)
    origin = tuple(sorted(o for o in common if number in match.parts.get(o, ()) and len(match.parts[o]) > 1))
    nearest = max(common, key=lambda o: (common[o], o), default=None)
    return RingChange(
        ring_id="R-"
        + hashlib.sha256("|".join([as_of.isoformat(), *sorted(members)]).encode()).hexdigest()[:10],
        change="split" if origin else "born",
        from_rings=origin,
        joined=len(members),
        left=0,
        jaccard=match.jaccard(number, nearest) if nearest else 0.0,
    )
