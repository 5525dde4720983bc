"""Keys of the multi-lending variables: the subject's identifiers of each kind, and which applications name
them too.
"""

from __future__ import annotations

import numpy as np

from graph.facts.tables import KINDS, ROLES, Column
from graph.frame.neighbourhood import Neighbourhood
from graph.kernels.compiled import inner
from graph.model.types import Role
from graph.store.keys import KEY_KINDS

OWN = ROLES.index(Role.OWN)
PERSON = 1 << len(KINDS)  # the bit of the resolved person, above one for each kind of identifier
RING = PERSON << 1  # the bit of the members of the applicant's ring
_IS_KEY = np.array([kind in KEY_KINDS for kind in KINDS])


@inner
def named(n: Neighbourhood) -> tuple[Column, Column]:
    """What the subject names as its own: in the application in question, or without one ever.

    Returns which identifiers (I,) bool, of the kinds that are keys, hubs among them; and by kind (KINDS,)
    int8 why nothing is counted under it though it is named: a position in `graph.facts.hubs.REASONS`, 0 where
    something named there links, or nothing is named.
    """
    subject = n.subject[0]
    chosen, why = np.zeros(subject.identifiers, np.bool_), np.zeros(len(KINDS), np.int8)
    if subject.asked:
        first, size = n.applications[0].mention, n.applications[0].mentions
    else:
        first, size = n.people[0].tie, n.people[0].ties
    for place in range(first, first + size):
        if subject.asked:
            row, role = n.mentions[place].identifier, n.mentions[place].role
        else:
            row, role = n.ties[n.ties_of[place]].identifier, n.ties[n.ties_of[place]].role
        if row >= 0 and role == OWN and _IS_KEY[n.identifiers[row].kind] and not chosen[row]:
            chosen[row] = True
            if n.identifiers[row].hub:
                why[n.identifiers[row].kind] = n.identifiers[row].hub
    for row in range(len(chosen)):
        if chosen[row] and not n.identifiers[row].hub:
            why[n.identifiers[row].kind] = 0
    return chosen, why


@inner
def counted(n: Neighbourhood, selves: Column, chosen: Column) -> Column:
    """By application (N,) int32, under which keys it is counted: a bit for each kind of identifier
    (`1 << position`), PERSON for the resolved person.

    Under a kind, applications by anybody that name as the applicant's own one of the `chosen` (I,), hubs left
    aside; under the person, those of the people (P,) who are the subject. The application in question is
    under none.
    """
    subject, identifiers = n.subject[0], n.identifiers
    under, near = np.zeros(subject.applications, np.int32), np.zeros(subject.people, np.int32)
    kind_of = np.zeros(subject.identifiers, np.int32)
    for row in range(subject.identifiers):
        if chosen[row] and not identifiers[row].hub:
            kind_of[row] = 1 << identifiers[row].kind
            for place in range(identifiers[row].tie, identifiers[row].tie + identifiers[row].ties):
                near[n.ties[place].person] |= kind_of[row]
    for person in range(subject.people):
        first, size = n.people[person].application, n.people[person].applications
        under[first : first + size] = PERSON if selves[person] else 0
        if near[person]:
            _add_named(n, (first, size, near[person]), kind_of, under)
    _add_named(n, (subject.elsewhere, subject.elsewhere_n, PERSON - 1), kind_of, under)
    return under


@inner
def _add_named(n: Neighbourhood, which: tuple[int, int, int], kind_of: Column, under: Column) -> None:
    """Add to each of `size` applications from the first on which of `kinds` it names as the applicant's own;
    `kind_of` (I,) are those looked for.
    """
    first, size, kinds = which
    applications, mentions = n.applications, n.mentions
    for row in range(first, first + size):
        for place in range(applications[row].mention, applications[row].mention + applications[row].mentions):
            if mentions[place].identifier >= 0 and mentions[place].role == OWN:
                under[row] |= kind_of[mentions[place].identifier] & kinds
