"""Companions of known frauds: people who share several rare things with several of these and came when these
did.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from graph.facts.lists import Lists
from graph.facts.tables import KINDS, ROLES, Column
from graph.model.moments import DAY
from graph.model.types import Role
from graph.rings.applicants.labelled import LabelledApplicants
from graph.rings.links.projection import HARD
from graph.rings.sharing.incidence import Incidence
from graph.rings.sharing.rows import SharingRows
from graph.rings.suspicion.improbable import frauds_elsewhere

NOBODY = -1
RARE = 10  # holders at most of what is shared
# known frauds, and things shared with them: one of either is a second-hand phone, a friend, a relative
SEVERAL = 2
SOON = 30  # days at most between two first applications, and between both first mentions of what is shared
_HONEST = 1.0  # of twenty companions, before any of this store is judged
_HARD = [number for number, kind in enumerate(KINDS) if kind.value in HARD]
_EMPLOYER = ROLES.index(Role.EMPLOYER)


def companion_suspicion(
    rows: SharingRows, people: Column, coarse: Column, labelled: LabelledApplicants
) -> tuple[Column, Column]:
    """Of `people` (N,), positions in ascending order, who are suspicious enough to be drawn to others, the
    companions of known frauds (M,), their places, and the chance to be bad of those whom nobody has judged
    (M,), 0 for the others: the share of frauds among the judged companions of the other groups of the first
    cut `coarse` (N,). All known frauds are among the people.
    """
    known = labelled.fraud
    if not known.any():
        return np.zeros(0, np.int64), np.zeros(0)
    sharing = held_by(rows, people)
    everyone = np.ones(len(people), bool)
    some = np.unique(companions(sharing, np.where(known, 0, NOBODY), everyone, labelled.since)[0])
    fraud, good = known[some], (labelled.good & ~known)[some]
    of = np.unique(coarse[some], return_inverse=True)[1]
    return some, np.where(fraud | good, 0.0, frauds_elsewhere(of, fraud, good, _HONEST)[of])


def held_by(rows: SharingRows, people: Column) -> Incidence:
    """What `people` (N,), positions in ascending order, hold; `who` are places among these."""
    sharing = rows.of(people)
    return replace(sharing, who=np.searchsorted(people, sharing.who))


def companions(sharing: Incidence, ring: Column, people: Column, since: Column) -> tuple[Column, Column]:
    """Those of `people` (A,) bool who share SEVERAL rare, hard things with SEVERAL known frauds of a ring and
    came within days of these (N,), ascending, and of which ring each is a companion (N,).

    `sharing` is what they and the known frauds hold, `ring` (A,) the ring of each known fraud, NOBODY for
    everybody else, and `since` (A,) the first applications, int64 microseconds.
    """
    row, known = _pairs(sharing, ring, people)
    who, of, value = sharing.who[row], sharing.who[known], sharing.value_of_row[row]
    soon = np.maximum(np.abs(since[who] - since[of]), np.abs(sharing.since[row] - sharing.since[known]))
    at = (who != of) & (soon <= SOON * DAY)
    who, of, value = (column[at].astype(np.int64) for column in (who, of, value))
    rings = int(ring.max(initial=0)) + 1
    tie, at = np.unique(who * rings + ring[of], return_inverse=True)
    frauds, things = _different(at, of, len(tie)), _different(at, value, len(tie))
    tied = np.flatnonzero((frauds >= SEVERAL) & (things >= SEVERAL))
    tied = tied[np.lexsort((tie[tied], -things[tied], -frauds[tied], tie[tied] // rings))]
    person, to = np.divmod(tie[tied], rings)
    nearest = np.flatnonzero(np.diff(person, prepend=NOBODY))
    return person[nearest], to[nearest]


def _pairs(sharing: Incidence, ring: Column, people: Column) -> tuple[Column, Column]:
    """Rows of `people` and of known frauds who hold the same rare and hard thing (P,), each with each."""
    value = sharing.value_of_row
    telling = (sharing.hub == 0) & (sharing.holders <= RARE) & np.isin(sharing.kind, _HARD)
    rows = np.flatnonzero(telling[value] & (sharing.role != _EMPLOYER))
    frauds = rows[ring[sharing.who[rows]] != NOBODY]
    others = rows[people[sharing.who[rows]]]
    of_value = Lists(value[frauds], frauds, len(sharing.kind))
    count = np.diff(of_value.ends)[value[others]]
    return np.repeat(others, count), of_value.of(value[others])


def _different(key: Column, what: Column, keys: int) -> Column:
    """How many different `what` (P,) each of so many keys has (keys,)."""
    once = np.unique(np.stack([key, what]), axis=1)
    return np.bincount(once[0], minlength=keys)
