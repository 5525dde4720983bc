"""Flag retention: a ring flagged last time stays flagged until there is evidence against it; a lower score
alone does not remove the flag.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from graph.facts.hubs import BATCH_GUARD, GUARD
from graph.facts.tables import KINDS, Column
from graph.model.types import Ring
from graph.rings.applicants.labelled import LabelledApplicants, StoreLabels
from graph.rings.applicants.rows import ApplicantRows
from graph.rings.groups.shared_items import NEVER, SharedItems, shared_items
from graph.rings.links.projection import LINK_KINDS, SOFT
from graph.rings.sharing.incidence import VALUE_KINDS
from graph.rings.sharing.rows import SharingRows
from graph.rings.suspicion.scores import SMALLEST

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
    labels: StoreLabels,
    facts: tuple[ApplicantRows, SharingRows],
) -> RetainedFlags:
    """What becomes of the flagged rings of `before`. `flagged`: who is in a flagged group now, positions."""
    (applicants, rows), out = facts, RetainedFlags()
    rings = _people_of(before, applicants)
    everyone = np.unique(np.concatenate([np.zeros(0, np.int64), *(people for _, people in rings)]))
    labelled, again = labels.of(everyone), np.isin(everyone, flagged)
    lost = [
        (ring, people, of)
        for ring, people in rings
        if _is_lost(again[at := np.searchsorted(everyone, people)], of := labelled.of(at))
    ]
    if not lost:
        return out
    everyone = np.unique(np.concatenate([people for _, people, _ in lost]))
    places, group = [np.searchsorted(everyone, people) for _, people, _ in lost], np.full(len(everyone), -1)
    for number, some in enumerate(places):
        group[some] = number
    sharing, names = rows.of(everyone), applicants.names(everyone)
    sharing = replace(sharing, who=np.searchsorted(everyone, sharing.who))
    events = applicants.facts_of(everyone).events
    anything = shared_items(events, sharing, group)
    ties = shared_items(events, sharing, group, _GUARD)
    for number, (ring, people, of) in enumerate(lost):
        stays = (of.fraud | ~of.good) & ~np.isin(people, flagged)
        if ring.shared_by_kind:
            stays &= anything.tied[places[number]] < NEVER
        against = (
            *_verdicts(of, names[places[number]]),
            *_loans(of),
            *_ties(ring, (anything, ties), number, int(stays.sum())),
        )
        if against:
            out.gone[ring.ring_id] = against
        else:
            out.retained[ring.ring_id] = people[stays]
    return out


def _people_of(rings: Sequence[Ring], applicants: ApplicantRows) -> list[tuple[Ring, Column]]:
    """Each ring with those of its members who are still there, positions in ascending order."""
    at = applicants.places([member.applicant_id for ring in rings for member in ring.members])
    ends = np.cumsum([len(ring.members) for ring in rings])[:-1]
    return [(ring, np.sort(some[some >= 0])) for ring, some in zip(rings, np.split(at, ends))]


def _is_lost(flagged: Column, labelled: LabelledApplicants) -> bool:
    """Whether fewer than half of those whom nobody has cleared are in flagged groups now; both of the people
    of one ring (N,).
    """
    suspects = flagged[labelled.fraud | ~labelled.good]
    return bool(len(flagged)) and not (len(suspects) and 2 * suspects.sum() >= len(suspects))


def _verdicts(labelled: LabelledApplicants, names: Column) -> tuple[str, ...]:
    cleared = names[labelled.good & ~labelled.fraud]
    enough = len(cleared) >= CLEARED * len(names) or len(names) - len(cleared) < SMALLEST <= len(names)
    return (f"cleared={','.join(cleared.tolist())}",) if len(cleared) and enough else ()


def _loans(labelled: LabelledApplicants) -> tuple[str, ...]:
    good, people = int(labelled.performing.sum()), len(labelled.fraud)
    bad = labelled.late.any() or labelled.fraud.any()
    return (f"paid_as_agreed={good}/{people}",) if good and good >= AS_AGREED * people and not bad else ()


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
