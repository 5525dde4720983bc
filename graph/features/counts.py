"""Reference counts: plain counts on what is shared, as any table of a tabular model would have them, over a
neighbourhood.
"""

from __future__ import annotations

import numpy as np

from graph.facts.fraud_labels import compiled_fraud_status
from graph.facts.local_time import year
from graph.facts.tables import KINDS, Column
from graph.facts.ties import STRONG_KINDS
from graph.features.holder_tallies import is_newcomer
from graph.features.workspace import Precomputed
from graph.frame.neighbourhood import NOBODY, Neighbourhood
from graph.kernels.compiled import compiled, inner, lean

_OF_EACH = ("values", "holders", "known_fraud")
_CAME_TO = tuple(kind for kind in KINDS if kind in STRONG_KINDS)
_OWN = (
    "own_applications", "own_applications_7d", "own_applications_30d", "own_lenders", "own_known_fraud",
    "sharers", "sharers_known_fraud", "transfers_sent", "transfers_received",
)  # fmt: skip
_APPLIED = ("amount", "term_months", "face_match", "liveness", "age")
NAMES: tuple[str, ...] = (
    *(f"{kind.value}_{what}" for kind in KINDS for what in _OF_EACH),
    *(f"{kind.value}_newcomers_30d" for kind in _CAME_TO),
    *_OWN,
    *_APPLIED,
)
"""For each kind the subject's values, and the most holders and known-bad ones among the others, of any; the
most newcomers at what people do not share by living together; then the subject's own counts.
"""

_FIRST_NEW = len(KINDS) * len(_OF_EACH)
_FIRST_OWN = _FIRST_NEW + len(_CAME_TO)
_FIRST_APPLIED = _FIRST_OWN + len(_OWN)
_NEW = np.array([_CAME_TO.index(kind) if kind in _CAME_TO else -1 for kind in KINDS])
_DAY = 86_400_000_000  # microseconds


@compiled
def fill(n: Neighbourhood, r: Precomputed, row: Column) -> None:
    """Write the counts into `row` (NAMES,) float64; NaN is *not known*. `precompute` comes before."""
    row[:_FIRST_APPLIED] = 0.0
    row[_FIRST_APPLIED:] = np.nan
    me, bad = n.people[0], np.zeros(n.subject[0].people, np.bool_)
    for person in range(len(bad)):
        if n.people[person].labels:
            bad[person] = compiled_fraud_status(
                n.labels, n.people[person].label, n.people[person].labels
            ).fraud
    shares = np.zeros(len(bad), np.bool_)
    for place in range(me.tie, me.tie + me.ties):
        _shared(n, n.ties[n.ties_of[place]].identifier, (bad, shares), row)
    _came(r, n.subject[0].as_of, row[_FIRST_NEW:_FIRST_OWN])
    _own(n, row[_FIRST_OWN:_FIRST_APPLIED])
    own = row[_FIRST_OWN:_FIRST_APPLIED]
    own[4] = bad[0]
    for person in range(len(bad)):
        own[5] += shares[person]
        own[6] += shares[person] and bad[person]
    if n.subject[0].asked:
        application, rows = n.applications[0], row[_FIRST_APPLIED:]
        rows[0], rows[1], rows[2], rows[3] = (
            application.amount,
            application.term_months,
            application.face_match,
            application.liveness,
        )
        if application.birth_year > 0:
            rows[4] = year(application.at) - application.birth_year


@inner
def _shared(n: Neighbourhood, identifier: int, people: tuple[Column, Column], row: Column) -> None:
    """Count one identifier of the subject, and who else holds it."""
    bad, shares = people
    one, first = n.identifiers[identifier], n.identifiers[identifier].kind * len(_OF_EACH)
    known = 0
    for place in range(one.tie, one.tie + one.ties):
        person = n.ties[place].person
        if person != 0:
            shares[person] = True
            known += bad[person]
    row[first] += 1
    row[first + 1] = max(row[first + 1], one.holders)
    row[first + 2] = max(row[first + 2], known)


@lean
def _came(r: Precomputed, t: int, row: Column) -> None:
    """The most newcomers at one identifier of each kind of _CAME_TO."""
    for h in range(r.whole[0].held):
        held, newcomers = r.held[h], 0
        place = _NEW[held.kind]
        if place >= 0:
            for o in range(held.other, held.other + held.others):
                other = r.others[o]
                newcomers += is_newcomer(other, r.people[other.person], t)
            row[place] = max(row[place], newcomers)


@inner
def _own(n: Neighbourhood, own: Column) -> None:
    """What the subject did: earlier applications and their lenders, dealings with others."""
    subject, first, size = n.subject[0], n.people[0].application, n.people[0].applications
    own[0] = size
    for row in range(first, first + size):
        past = subject.as_of - n.applications[row].at
        own[1] += past < 7 * _DAY
        own[2] += past < 30 * _DAY
        new = 1
        for before in range(first, row):
            if n.applications[before].platform == n.applications[row].platform:
                new = 0
                break
        own[3] += new
    for place in range(subject.received):
        own[7] += n.events[place].other != NOBODY
    own[8] = subject.events - subject.received
