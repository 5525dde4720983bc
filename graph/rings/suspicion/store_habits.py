"""Groups that are improbable under the store's own habits of sharing: a scan over short times that needs no
label.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from graph.facts.tables import Column
from graph.rings.applicants.everybody import Everybody, Rows
from graph.rings.error_shares import FALSE_ALARMS
from graph.rings.sharing.rows import SharingRows
from graph.rings.suspicion.fast_sharing import (
    KINDS_AT_MOST,
    FastPairs,
    Linked,
    attached,
    fast_pairs,
    linked,
    queued,
    unusual_within,
)
from graph.rings.suspicion.scores import SMALLEST

_HOUR = 3_600_000_000  # microseconds
SCALES = tuple(int(hours * _HOUR) for hours in (1 / 6, 1, 24, 168, 720))
REASON_OF_SCALE = dict(
    zip(
        SCALES,
        (
            "RING_WITHIN_AN_HOUR",
            "RING_WITHIN_AN_HOUR",
            "RING_WITHIN_A_DAY",
            "RING_WITHIN_A_WEEK",
            "RING_WITHIN_A_MONTH",
        ),
        strict=True,
    )
)
WAYS = ("shared", "shared_twice", "same_amount")  # how those who belong together are linked
REASON_OF_WAY: dict[str, tuple[str, ...]] = {
    "shared": (),
    "shared_twice": ("RING_TWO_KINDS_AT_ONCE",),
    "same_amount": ("RING_SAME_AMOUNT_AT_ONCE",),
}
_OF_THE_AGE = 0.3  # of the time that a store has seen, the longest at which its habits can be known
_ROUNDS = 3  # of estimating the habits without the groups that stood out
# what is expected of how often a pair becomes three before a store has shown it, and for how many pairs it
# counts
_ON, _ON_COUNTS = 0.15, 2.0


@dataclass(frozen=True)
class UnusualGroups:
    """Groups that stand out by how fast their people came to share things.

    `people` (M,), positions in ascending order, and the `group` of each. By group (G,): `chance` that the
    store's habits make a group at least as large in so short a time, `false`: the share of groups at least
    as improbable that chance would make of all that were looked at (a q-value, Benjamini and Hochberg 1995),
    `within` microseconds and `way`, a position in WAYS: where it stands out most.
    """

    people: Column
    group: Column
    chance: Column
    false: Column
    within: Column
    way: Column

    def reasons(self, among: Column) -> dict[int, tuple[str, ...]]:
        """Codes by group of `among` (M,) int, the groups of our people: why the most improbable of ours of
        which enough are in it stands out, where one is.
        """
        pairs, people = np.unique(
            among.astype(np.int64) * max(len(self.chance), 1) + self.group, return_counts=True
        )
        out: dict[int, tuple[str, ...]] = {}
        # they are numbered by how improbable they are: the first stays
        for pair in pairs[people >= SMALLEST][::-1].tolist():
            ours = pair % len(self.chance)
            out[pair // len(self.chance)] = (
                REASON_OF_SCALE[int(self.within[ours])],
                *REASON_OF_WAY[WAYS[self.way[ours]]],
            )
        return out


@dataclass(frozen=True)
class _Look:
    """All groups of two or more by one way of being linked within one time: `counts` (C,) float is how many
    people each counts for, fewer than it has where some came to a thing one after another; `attached` (L,)
    bool are merely attached to theirs; `alone` other applicants are in none.
    """

    among: Linked
    way: int
    within: int
    counts: Column
    attached: Column
    alone: int

    def chance(self, aside: Column) -> Column:
        """By group (C,): how often the store's habits make one at least as large, learned without those
        `aside`, positions in any order, each once.
        """
        size, inside = self.counts, np.isin(self.among.people, aside, assume_unique=True)
        quiet = np.bincount(self.among.part, weights=inside) == 0
        ones = float(self.alone - (len(aside) - int(inside.sum())))
        twos, threes = (float((quiet & (size == n)).sum()) for n in (2, 3))
        begins = (twos + threes + 1.0) / (ones + twos + threes + 2.0)
        on = max((threes + _ON * _ON_COUNTS) / (twos + _ON_COUNTS), begins)
        return np.minimum(begins * min(on, 1.0) ** np.maximum(size - 2.0, 0), 1.0)


def no_groups() -> UnusualGroups:
    """Of a store without people."""
    none, nobody = np.zeros(0), np.zeros(0, np.int64)
    return UnusualGroups(nobody, nobody, none, none, nobody, nobody)


def unusual_groups(
    everybody: Everybody, sharing: SharingRows, as_of: int, level: float = FALSE_ALARMS
) -> UnusualGroups:
    """The groups as of a moment (microseconds) of which at most the share `level` are there by chance.

    At each of several times, and by each way of being linked, people who came to share something telling that
    fast are a group. How often one begins, and how often a pair becomes three, is the store's own rate; a
    larger group is that rate to the power of its size. Groups that stand out are left out when the rates are
    estimated again.
    """
    scales, size = _scales(everybody, as_of), len(everybody)
    came = sharing.arrivals(scales[-1])
    people, place = np.unique(came.who, return_inverse=True)
    amount = everybody.of(people, "first_amount")["first_amount"][place]
    pairs = fast_pairs(amount, came, scales[-1])
    looks = [look for scale in scales for look in _looks(pairs, scale, size)]
    aside = np.zeros(0, np.int64)
    for _ in range(_ROUNDS):
        chances = [look.chance(aside) for look in looks]
        false = _false_discoveries(chances, sum(look.alone for look in looks))
        stand_out = zip(false, looks, strict=True)
        aside = np.unique(
            np.concatenate([at.among.people[(q <= level)[at.among.part]] for q, at in stand_out])
        )
    return _settled(looks, chances, false, level)


def _scales(everybody: Everybody, as_of: int) -> list[int]:
    """Times (microseconds) of which the store has seen enough to know what is usual within them."""
    begun = min(
        [as_of, *(int(rows["since"].min(initial=as_of)) for rows in everybody.answers(_first, ("since",)))]
    )
    return [scale for scale in SCALES if scale <= _OF_THE_AGE * (as_of - begun)] or [SCALES[0]]


def _first(rows: Rows, given: Rows) -> Rows:
    """When the first of these people applied first."""
    since = rows["since"]
    return {"since": since.min(keepdims=True) if len(since) else since}


def _looks(pairs: FastPairs, scale: int, size: int) -> list[_Look]:
    near = unusual_within(pairs, scale)
    pair = pairs.a[near] * size + pairs.b[near]
    kinds = np.unique(pair * KINDS_AT_MOST + pairs.kind[near]) // KINDS_AT_MOST
    often, count = np.unique(kinds, return_counts=True)
    both = near.copy()
    both[near] = np.isin(pair, often[count >= 2])
    ways = (near, both, near & pairs.alike)
    return [_look(pairs, linking, way, scale, size) for way, linking in enumerate(ways)]


def _look(pairs: FastPairs, linking: Column, way: int, scale: int, size: int) -> _Look:
    among = linked(pairs, linking)
    people = np.bincount(among.part)
    counts = np.maximum(people - queued(pairs.line, among), np.minimum(people, 2))
    return _Look(among, way, scale, counts, attached(pairs.line, among), size - len(among.people))


def _false_discoveries(chances: list[Column], alone: int) -> list[Column]:
    """q-values (Benjamini and Hochberg 1995) of the groups of all looks, beside which `alone` people were
    looked at as groups of one, whom chance explains.
    """
    chance = np.concatenate(chances)
    order = np.argsort(chance)
    place = np.arange(1, len(chance) + 1, dtype=np.float64)
    least = np.minimum.accumulate((chance[order] * ((len(chance) + alone) / place))[::-1])[::-1]
    out = np.empty(len(chance))
    out[order] = np.minimum(least, 1.0)
    return np.split(out, np.cumsum([len(c) for c in chances])[:-1])


def _settled(looks: list[_Look], chances: list[Column], false: list[Column], level: float) -> UnusualGroups:
    """Whatever stands out by `level`, the most improbable first, each person once."""
    everyone = np.unique(np.concatenate([look.among.people for look in looks]))
    group = np.full(len(everyone), -1)
    rows: list[tuple[float, int, int]] = []
    people: list[tuple[Column, Column]] = []
    for n, look in enumerate(looks):
        size = np.bincount(look.among.part)
        people.append((np.argsort(look.among.part, kind="stable"), np.r_[0, np.cumsum(size)]))
        unlikely = np.flatnonzero((false[n] <= level) & (size >= SMALLEST)).tolist()
        rows += [(float(chances[n][part]), n, part) for part in unlikely]
    kept: list[tuple[float, float, int, int]] = []
    for chance, n, part in sorted(rows):
        order, start = people[n]
        members = order[start[part] : start[part + 1]]
        who = np.searchsorted(everyone, looks[n].among.people[members[~looks[n].attached[members]]])
        if len(who) < SMALLEST or (group[who] >= 0).any():
            continue
        group[who] = len(kept)
        kept.append((chance, float(false[n][part]), looks[n].within, looks[n].way))
    columns = list(zip(*kept)) or [(), (), (), ()]
    inside = group >= 0
    return UnusualGroups(
        everyone[inside],
        group[inside],
        np.array(columns[0], np.float64),
        np.array(columns[1], np.float64),
        np.array(columns[2], np.int64),
        np.array(columns[3], np.int64),
    )
