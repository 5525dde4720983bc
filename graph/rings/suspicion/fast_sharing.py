"""Pairs of applicants who came to share something telling within a short time, and in how many ways; what a
counter or a queue explains is left out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import betainc

from graph.facts.hubs import GUARD
from graph.facts.tables import KINDS, ROLES, Column
from graph.rings.links.communities import components
from graph.rings.sharing.arrivals import Arrivals
from graph.rings.sharing.counters import explained, is_queue

KINDS_AT_MOST = len(KINDS) * len(ROLES)  # a kind is below this
_NEXT = 3  # arrivals after each holder that it is paired with: whoever comes later is reached through these
_RUSH = 2  # people a turn, of those who came together: no counter serves so fast
_OWN_RATE_FROM = 5  # holders from which on a value has a rate of its own
# a counter is open for a third of the day: what comes within hours counts as three times as long, within days
# as a night longer
_HOUR = 3_600_000_000  # microseconds
_OPEN, _NIGHT = 3.0, 16 * _HOUR
_GUARD = np.array(
    [GUARD[kind] for kind in KINDS]
)  # more holders and it is a place, unless they all came at once
_USUAL = 0.01  # a run that the value's own rate explains with this chance is nothing unusual there
_SAME_AMOUNT = 0.02


@dataclass(frozen=True)
class FastPairs:
    """One row for each telling value and pair of near neighbours in time on it.

    a, b int (P,) applicants, a < b; gap int64 (P,) microseconds between their first mentions of it; kind int
    (P,): a phone as a contact's is another kind than as one's own; alike (P,) bool: they asked for nearly the
    same amount first; left, right int (P,): their rows in `line`.
    """

    a: Column
    b: Column
    gap: Column
    kind: Column
    alike: Column
    left: Column
    right: Column
    line: Arrivals


@dataclass(frozen=True)
class Linked:
    """Whom some pairs link: `people` (L,) in ascending order, the group `part` (L,) of each, numbered by its
    first one, and the `rows` of the line that they came by.
    """

    people: Column
    part: Column
    rows: Column


def linked(pairs: FastPairs, near: Column) -> Linked:
    """Those whom the pairs `near` (P,) bool link; nobody else takes any room."""
    people, place = np.unique(np.r_[pairs.a[near], pairs.b[near]], return_inverse=True)
    one, other = np.split(place, 2)
    rows = np.unique(np.concatenate([pairs.left[near], pairs.right[near]]))
    return Linked(people, components(len(people), one, other), rows)


def fast_pairs(amount: Column, line: Arrivals, within: int) -> FastPairs:
    """All pairs of neighbours in time with at most `within` microseconds between them; `amount` (R,) is what
    whoever came asked for first, by row of the line, NaN: not known.
    """
    left, right = [], []
    for step in range(1, _NEXT + 1):
        near = (line.value[step:] == line.value[:-step]) & (line.since[step:] - line.since[:-step] <= within)
        at = np.flatnonzero(near)
        left.append(at)
        right.append(at + step)
    one, other = np.concatenate(left), np.concatenate(right)
    a, b = line.who[one], line.who[other]
    with np.errstate(invalid="ignore"):
        alike = np.abs(amount[one] - amount[other]) <= _SAME_AMOUNT * np.maximum(amount[one], amount[other])
    return FastPairs(
        np.minimum(a, b),
        np.maximum(a, b),
        line.since[other] - line.since[one],
        line.kind[one],
        alike,
        one,
        other,
        line,
    )


def unusual_within(pairs: FastPairs, scale: int) -> Column:
    """Pairs (P,) bool that came within `scale` microseconds, unless the value's own rate explains the run of
    arrivals that they belong to.
    """
    line = pairs.line
    if not len(line.who):
        return np.zeros(0, bool)
    fresh = np.r_[True, (line.value[1:] != line.value[:-1]) | (np.diff(line.since) > scale)]
    run = np.cumsum(fresh) - 1
    begin = np.flatnonzero(fresh)
    people = np.bincount(run)
    span = line.since[np.r_[begin[1:], len(run)] - 1] - line.since[begin]
    value = line.value[begin]
    holders = np.bincount(line.value)[value]
    born = line.since[np.searchsorted(line.value, np.arange(line.value[-1] + 1))][value]
    span = np.maximum(np.minimum(_OPEN * span, span + _NIGHT), 1.0)
    share = np.clip(span / np.maximum(line.as_of - born, scale), 0.0, 1.0)
    # so many within this share of its life, were the holders spread over all of it
    more = np.maximum(people - 1.0, 1.0)
    chance = holders * betainc(more, np.maximum(holders - more, 1.0), share)
    place = holders > _GUARD[line.kind[begin] % len(KINDS)]
    turns = np.diff(np.r_[line.turn[begin], line.turn[-1] + 1])
    queue = is_queue(np.bincount(value, weights=turns)[value], line.counter[begin])
    served = line.lent[begin] & queue & (people < _RUSH * turns)
    own_rate = (holders >= _OWN_RATE_FROM) & (people >= 2) & (chance > _USUAL)
    usual = served | place & (scale > _HOUR) | own_rate
    return np.asarray((pairs.gap <= scale) & (run[pairs.left] == run[pairs.right]) & ~usual[run[pairs.left]])


def queued(line: Arrivals, among: Linked) -> Column:
    """How many people less each group counts for (C,), because some of them do no more than come to a thing
    one after another.
    """
    rows, person = among.rows, np.searchsorted(among.people, line.who[among.rows])
    tied = np.zeros(len(among.people), bool)
    tied[person[~line.lent[rows]]] = True
    rows = rows[line.lent[rows] & ~tied[person]]
    rows = _one_each(line, rows)
    part = among.part[np.searchsorted(among.people, line.who[rows])]
    turns = np.unique(np.stack([part, line.value[rows], line.turn[rows]]), axis=1)
    thing, length = np.unique(turns[:2], axis=1, return_counts=True)
    return np.bincount(thing[0], weights=explained(length), minlength=int(among.part.max(initial=-1)) + 1)


def attached(line: Arrivals, among: Linked) -> Column:
    """People (L,) bool whose only tie is one lent thing that they have with one other: a second-hand phone, a
    borrowed one.
    """
    rows, person = among.rows, np.searchsorted(among.people, line.who[among.rows])
    two = np.bincount(line.value[rows], minlength=1)[line.value[rows]] == 2
    ties = np.bincount(person, minlength=len(among.people))
    loose = np.bincount(person[two & line.lent[rows]], minlength=len(among.people))
    return np.asarray((ties == 1) & (loose == 1))


def _one_each(line: Arrivals, rows: Column) -> Column:
    """Of these rows the one of each person where most people come."""
    people = np.bincount(line.value[rows], minlength=1)[line.value[rows]]
    order = np.lexsort((line.value[rows], -people, line.who[rows]))
    first = np.r_[True, np.diff(line.who[rows][order]) != 0][: len(rows)]
    return np.asarray(rows[order[first]])
