"""A ring that was flagged last time stays flagged until evidence against it comes: the estimate of one week alone takes no flag away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from graph.facts.hubs import BATCH_GUARD, GUARD
from graph.model.types import Ring
from graph.rings.known import Known
from graph.rings.projection import LINK_KINDS, SOFT
from graph.rings.scores import SMALLEST
from graph.rings.sharing import VALUE_KINDS, Sharing
from graph.rings.things import NEVER, Things, things_of
from graph.store.tables import KINDS, Column, Tables

CLEARED = 0.5  # of its members cleared, and a flag goes
AS_AGREED = 1 / 3  # of its members with a loan that had time to go bad and did not, nobody late and nobody known for fraud, and a flag goes
_GUARD = np.array([*(GUARD[kind] for kind in KINDS), *[BATCH_GUARD] * (len(VALUE_KINDS) - len(KINDS))])


@dataclass(frozen=True)
class Flags:
    """What becomes of the rings that were flagged last time, by ring id.

    `held`: stay for want of evidence against them, with the members (positions) who stay; `gone`: the evidence against, as words like
    `cleared=a,b` (docs/rings.md has all). A ring of which at least half are in flagged groups anyway is in neither.
    """

    held: dict[str, Column] = field(default_factory=dict)
    gone: dict[str, tuple[str, ...]] = field(default_factory=dict)


def flags_of(before: Sequence[Ring], flagged: Column, known: Known, seen: tuple[Tables, Sharing]) -> Flags:
    """What becomes of the flagged rings of `before`. `flagged` (A,) bool: who is in a flagged group now."""
    tables, sharing = seen
    ids, out = tables.applicant_ids, Flags()
    lost = {ring.ring_id: people for ring in before if len(people := _lost(ring, ids, flagged, known))}
    if not lost:
        return out
    group = np.full(len(ids), -1)
    for number, people in enumerate(lost.values()):
        group[people] = number
    anything, ties = things_of(tables, sharing, group), things_of(tables, sharing, group, _GUARD)
    for number, ring in enumerate(ring for ring in before if ring.ring_id in lost):
        people = lost[ring.ring_id]
        rest = people[(known.fraud | ~known.good)[people] & ~flagged[people]]
        still = rest[anything.tied[rest] < NEVER] if ring.shared_by_kind else rest
        against = (*_verdicts(people, known, ids), *_loans(people, known), *_ties(ring, (anything, ties), number, len(still)))
        if against:
            out.gone[ring.ring_id] = against
        else:
            out.held[ring.ring_id] = still
    return out


def _lost(ring: Ring, ids: Column, flagged: Column, known: Known) -> Column:
    """The ring's people (positions) where fewer than half of those whom nobody has cleared are in flagged groups now; else nobody."""
    names = np.array(sorted(m.applicant_id for m in ring.members), dtype=object)
    at = np.minimum(np.searchsorted(ids, names), len(ids) - 1)
    people: Column = at[ids[at] == names]
    suspects = people[(known.fraud | ~known.good)[people]]
    return np.zeros(0, np.int64) if len(suspects) and 2 * flagged[suspects].sum() >= len(suspects) else people


def _verdicts(people: Column, known: Known, ids: Column) -> tuple[str, ...]:
    cleared = people[(known.good & ~known.fraud)[people]]
    enough = len(cleared) >= CLEARED * len(people) or len(people) - len(cleared) < SMALLEST <= len(people)
    return (f"cleared={','.join(ids[cleared].tolist())}",) if len(cleared) and enough else ()


def _loans(people: Column, known: Known) -> tuple[str, ...]:
    good = int(known.performing[people].sum())
    bad = known.late[people].any() or known.fraud[people].any()
    return (f"paid_as_agreed={good}/{len(people)}",) if good and good >= AS_AGREED * len(people) and not bad else ()


def _ties(ring: Ring, seen: tuple[Things, Things], number: int, still: int) -> tuple[str, ...]:
    """Which ties are gone: nobody is left to be tied, or what tied them has become a place where anybody may be."""
    anything, ties = seen
    hard = [name for name in ring.shared_by_kind if name not in SOFT]
    left = {name for k, name in enumerate(LINK_KINDS) if ties.counts[number, k]}
    if hard and not left & set(hard):
        places = [name for name in hard if anything.counts[number, LINK_KINDS.index(name)]]
        return (f"become_a_place={','.join(places)}",) if places else (f"ties_gone={','.join(hard)}",)
    return () if still >= SMALLEST else ("too_few_left",)
