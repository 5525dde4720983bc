"""Flag retention: a ring flagged last time stays flagged until there is evidence against it; a lower score
alone does not remove the flag.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from graph.facts.hubs import BATCH_GUARD, GUARD
from graph.facts.tables import KINDS, Column, Tables
from graph.model.types import Ring
from graph.rings.incidence import VALUE_KINDS
from graph.rings.labelled import LabelledApplicants
from graph.rings.projection import LINK_KINDS, SOFT
from graph.rings.scores import SMALLEST
from graph.rings.shared_items import NEVER, SharedItems, shared_items
from graph.rings.sharing_rows import SharingRows

CLEARED = 0.5  # of its members cleared, and a flag goes
# of its members with a loan that had time to go bad and did not, nobody late and nobody known for fraud, and
# a flag goes
AS_AGREED = 1 / 3
_GUARD = np.array([*(GUARD[kind] for kind in KINDS), *[BATCH_GUARD] * (len(VALUE_KINDS) - len(KINDS))])


@dataclass(frozen=True)
class RetainedFlags:
    """What becomes of the rings that were flagged last time, by ring id.

    `retained`: stay for want of evidence against them, with the members (positions) who stay; `gone`: the
    evidence against, as words like `cleared=a,b` (docs/rings.md has all). A ring of which at least half are
    in flagged groups anyway is in neither.
    """

    retained: dict[str, Column] = field(default_factory=dict)
    gone: dict[str, tuple[str, ...]] = field(default_factory=dict)


def retained_flags(
    before: Sequence[Ring],
    flagged: Column,
    labelled: LabelledApplicants,
    facts: tuple[Tables, SharingRows],
) -> RetainedFlags:
    """What becomes of the flagged rings of `before`. `flagged` (A,) bool: who is in a flagged group now."""
    tables, rows = facts
    ids, out = tables.applicant_ids, RetainedFlags()
    lost = {ring.ring_id: people for ring in before if len(people := _lost(ring, ids, flagged, labelled))}
    if not lost:
        return out
    group = np.full(len(ids), -1)
    for number, people in enumerate(lost.values()):
        group[people] = number
    sharing = rows.of(np.flatnonzero(group >= 0))
    anything = shared_items(tables.events, sharing, group)
    ties = shared_items(tables.events, sharing, group, _GUARD)
    for number, ring in enumerate(ring for ring in before if ring.ring_id in lost):
        people = lost[ring.ring_id]
        rest = people[(labelled.fraud | ~labelled.good)[people] & ~flagged[people]]
        still = rest[anything.tied[rest] < NEVER] if ring.shared_by_kind else rest
        against = (
            *_verdicts(people, labelled, ids),
            *_loans(people, labelled),
            *_ties(ring, (anything, ties), number, len(still)),
        )
        if against:
            out.gone[ring.ring_id] = against
        else:
            out.retained[ring.ring_id] = still
    return out


def _lost(ring: Ring, ids: Column, flagged: Column, labelled: LabelledApplicants) -> Column:
    """The ring's people (positions) where fewer than half of those whom nobody has cleared are in flagged
    groups now; else nobody.
    """
    names = np.array(sorted(m.applicant_id for m in ring.members), dtype=object)
    at = np.minimum(np.searchsorted(ids, names), len(ids) - 1)
    people: Column = at[ids[at] == names]
    suspects = people[(labelled.fraud | ~labelled.good)[people]]
    return np.zeros(0, np.int64) if len(suspects) and 2 * flagged[suspects].sum() >= len(suspects) else people


def _verdicts(people: Column, labelled: LabelledApplicants, ids: Column) -> tuple[str, ...]:
    cleared = people[(labelled.good & ~labelled.fraud)[people]]
    enough = len(cleared) >= CLEARED * len(people) or len(people) - len(cleared) < SMALLEST <= len(people)
    return (f"cleared={','.join(ids[cleared].tolist())}",) if len(cleared) and enough else ()


def _loans(people: Column, labelled: LabelledApplicants) -> tuple[str, ...]:
    good = int(labelled.performing[people].sum())
    bad = labelled.late[people].any() or labelled.fraud[people].any()
    return (
        (f"paid_as_agreed={good}/{len(people)}",)
        if good and good >= AS_AGREED * len(people) and not bad
        else ()
    )


def _ties(
    ring: Ring, before_and_now: tuple[SharedItems, SharedItems], number: int, still: int
) -> tuple[str, ...]:
    """Which ties are gone: nobody is left to be tied, or what tied them has become a place where anybody may
    be.
    """
    anything, ties = before_and_now
    hard = [name for name in ring.shared_by_kind if name not in SOFT]
    left = {name for k, name in enumerate(LINK_KINDS) if ties.counts[number, k]}
    if hard and not left & set(hard):
        places = [name for name in hard if anything.counts[number, LINK_KINDS.index(name)]]
        return (f"become_a_place={','.join(places)}",) if places else (f"ties_gone={','.join(hard)}",)
    return () if still >= SMALLEST else ("too_few_left",)
