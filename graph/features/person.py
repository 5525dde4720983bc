"""Entity resolution in compiled code: which applicants of a neighbourhood are the same person (rules at
`resolve`).
"""

from __future__ import annotations

import numpy as np

from graph.facts.tables import KINDS, Column
from graph.features.workspace import DEVICE, NATIONAL_ID, OWN, PHONE, Precomputed
from graph.frame.neighbourhood import NOBODY, Neighbourhood
from graph.kernels.compiled import lean
from graph.model.types import IdentifierKind as Kind

# issued to one person; two of them together are enough
PERSONAL = frozenset({Kind.PHONE, Kind.BANK_CARD, Kind.EMAIL})
RESOLVING = PERSONAL | {Kind.NATIONAL_ID, Kind.DEVICE}
_BIT = np.array([1 << n if kind in RESOLVING else 0 for n, kind in enumerate(KINDS)], np.uint8)
_PERSONAL = sum(1 << KINDS.index(kind) for kind in PERSONAL)


@lean
def resolve(n: Neighbourhood, r: Precomputed) -> None:
    """Say of everybody in the subgraph whether they are the subject (`me`), and how many are: transitive, and
    never more than what is there says.

    Two applicants are one person when they own the same national id; or two of {phone, bank card, e-mail} in
    common; or a phone and a device in common and the same year of birth. People with different national ids
    or different years of birth are never joined by the weaker two rules, nor is somebody who would so join
    two different people: a family around one handset stays a family.
    """
    people, certain, likely = int(n.subject[0].people), r.joined[0], r.joined[1]
    for p in range(people):
        certain[p] = p
        r.people[p].identified = 0
        for q in range(people):
            r.common[p, q] = 0
    if _owners(n, r):
        for p in range(people):
            likely[p] = certain[p]
        if _likely(n, r, likely) and _one_person(n, r, likely):
            certain = likely
    selves, me = 0, _root(certain, 0)
    for p in range(people):
        same = _root(certain, p) == me
        r.people[p].me = same
        selves += same
    r.whole[0].selves = selves


@lean
def _owners(n: Neighbourhood, r: Precomputed) -> bool:
    """Join who owns the same national id, and note which kinds each two people own in common; whether any two
    do.
    """
    matched = False
    for row in range(n.subject[0].identifiers):
        one = n.identifiers[row]
        bit = _BIT[one.kind]
        if bit == 0 or one.hub != 0 or (one.ties < 2 and one.kind != NATIONAL_ID):
            continue
        end, first = one.tie + one.ties, -1
        for i in range(one.tie, end):
            if n.ties[i].role != OWN:
                continue
            a = int(n.ties[i].person)
            if one.kind == NATIONAL_ID:
                r.people[a].identified = 1
                if first < 0:
                    first = a
                r.joined[0][_root(r.joined[0], a)] = _root(r.joined[0], first)
                continue
            for j in range(i + 1, end):
                if n.ties[j].role == OWN:
                    b = n.ties[j].person
                    r.common[min(a, b), max(a, b)] |= bit
                    matched = True
    return matched


@lean
def _likely(n: Neighbourhood, r: Precomputed, joined: Column) -> bool:
    """Join who owns enough in common to be one person; whether anybody does."""
    people, matched = int(n.subject[0].people), False
    for a in range(people):
        for b in range(a + 1, people):
            personal = r.common[a, b] & _PERSONAL
            if personal == 0:
                continue
            several = personal & (personal - 1) != 0
            by_phone = personal == 1 << PHONE and r.common[a, b] & (1 << DEVICE) != 0
            if several or (by_phone and _year_in_common(n, a, b)):
                joined[_root(joined, b)] = _root(joined, a)
                matched = True
    return matched


@lean
def _one_person(n: Neighbourhood, r: Precomputed, joined: Column) -> bool:
    """Whether nothing denies that who is joined to the subject is one person: people of one national id at
    most, and one year of birth.

    Somebody at the edge of the neighbourhood, whose own identifiers were not read, might have a national id
    of their own: that denies it too.
    """
    people, certain, identified, dated = int(n.subject[0].people), r.joined[0], -1, -1
    for p in range(people):
        if _root(joined, p) != _root(joined, 0):
            continue
        if r.people[p].identified:
            if identified < 0:
                identified = p
            if _root(certain, p) != _root(certain, identified):
                return False
        elif n.people[p].step > 1:
            return False
        if dated < 0 and _year(n, p, -1) != NOBODY:
            dated = p
    return dated < 0 or _year_of_all(n, joined, dated)


@lean
def _year_of_all(n: Neighbourhood, joined: Column, dated: int) -> bool:
    """Whether one of that person's years of birth is among those of everybody joined to the subject who has
    any.
    """
    for place in range(_applications(n, dated)):
        year = _year(n, dated, place)
        if year == NOBODY:
            continue
        agreed = True
        for p in range(int(n.subject[0].people)):
            if (
                _root(joined, p) == _root(joined, 0)
                and _year(n, p, -1) != NOBODY
                and not _is_born(n, p, year)
            ):
                agreed = False
        if agreed:
            return True
    return False


@lean
def _year_in_common(n: Neighbourhood, a: int, b: int) -> bool:
    for place in range(_applications(n, a)):
        year = _year(n, a, place)
        if year != NOBODY and _is_born(n, b, year):
            return True
    return False


@lean
def _is_born(n: Neighbourhood, person: int, year: int) -> bool:
    """Whether an application of theirs names that year of birth."""
    matched = False
    for place in range(_applications(n, person)):
        matched |= _year(n, person, place) == year
    return matched


@lean
def _applications(n: Neighbourhood, person: int) -> int:
    """How many applications of theirs are known, the one in question included."""
    return int(n.people[person].applications + (n.subject[0].asked if person == 0 else 0))


@lean
def _year(n: Neighbourhood, person: int, place: int) -> int:
    """The year of birth in an application of theirs; with a place of -1 the first that is known. NOBODY: not
    known.

    Row 0 is the application in question, and the subject's others follow it.
    """
    first = 0 if person == 0 else n.people[person].application
    if place >= 0:
        return int(n.applications[first + place].birth_year)
    for row in range(first, first + _applications(n, person)):
        if n.applications[row].birth_year != NOBODY:
            return int(n.applications[row].birth_year)
    return int(NOBODY)


@lean
def _root(joined: Column, person: int) -> int:
    while joined[person] != person:
        person = joined[person]
    return person
