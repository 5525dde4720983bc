"""The buffer of an evidence path in compiled code: steps from the application or applicant, and pieces that
several path rules share.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

import numpy as np

from graph.facts.tables import Column
from graph.features.bonds import tie_weight
from graph.features.workspace import Precomputed
from graph.frame.neighbourhood import NOBODY, UNDATED, Neighbourhood
from graph.kernels.by_address import by_address
from graph.kernels.compiled import inner


class Node(IntEnum):
    """What a step of a path is; its number is the `id` that the neighbourhood gives it, of a merchant and an
    agent the word's.
    """

    APPLICATION = 0
    PERSON = 1
    IDENTIFIER = 2
    MERCHANT = 3
    AGENT = 4
    RING = 5


APPLICATION, PERSON, IDENTIFIER, MERCHANT, AGENT, RING = (int(node) for node in Node)
LONGEST = 8
_ABOUT = np.dtype([("since", "i8"), ("steps", "i4"), ("beyond", "i1")], align=True)


@by_address(steps=("i4", 2), about=_ABOUT, chosen="i1")
class PathBuffer(NamedTuple):
    """Room for one path: `steps` (LONGEST, 2) int32 are a Node and its id. `about` (1,): how many there are,
    since when the last of them has been shared (UNDATED: nothing tells), and whether any leads beyond the
    application and its applicant. `chosen` (people,) is for counting.
    """

    steps: Column
    about: Column
    chosen: Column


def path_buffer_for(n: Neighbourhood) -> PathBuffer:
    """Room for any path through a neighbourhood of that size."""
    return PathBuffer(
        np.zeros((LONGEST, 2), np.int32), np.zeros(1, _ABOUT), np.zeros(max(1, len(n.people)), np.int8)
    )


@inner
def begin(n: Neighbourhood, t: PathBuffer) -> None:
    """At the application in question, or at the applicant where there is none."""
    t.about[0].steps, t.about[0].beyond, t.about[0].since = 0, 0, UNDATED
    if n.subject[0].asked:
        step(t, APPLICATION, n.applications[0].id)
    else:
        step(t, PERSON, n.people[0].id)
    t.about[0].beyond = 0


@inner
def step(t: PathBuffer, node: int, number: int) -> None:
    """One node more, which is not the subject's own."""
    place = t.about[0].steps
    t.steps[place, 0], t.steps[place, 1] = node, number
    t.about[0].steps, t.about[0].beyond = place + 1, 1


@inner
def to_subject(n: Neighbourhood, t: PathBuffer) -> None:
    """From the application to its applicant."""
    begin(n, t)
    if n.subject[0].asked:
        step(t, PERSON, n.people[0].id)
        t.about[0].beyond = 0


@inner
def towards(n: Neighbourhood, r: Precomputed, t: PathBuffer, identifier: int) -> None:
    """Up to an identifier of the subject: by way of the other applicant id that holds it, where it is one of
    those.
    """
    begin(n, t)
    one, by = n.identifiers[identifier], NOBODY
    for i in range(one.tie, one.tie + one.ties):
        person = n.ties[i].person
        if person == 0:
            by = np.int32(0)
            break
        if r.people[person].me and (by < 0 or n.people[person].name_rank < n.people[by].name_rank):
            by = person
    if by > 0:
        step(t, PERSON, n.people[by].id)
        t.about[0].beyond = 0
    step(t, IDENTIFIER, one.id)


@inner
def along(n: Neighbourhood, r: Precomputed, t: PathBuffer, bond: int) -> None:
    """Along one bond, by the identifier that says most."""
    person, best, via = r.bonds[bond].person, -1.0, -1
    for h in range(r.whole[0].held):
        held = r.held[h]
        for o in range(held.other, held.other + held.others):
            if r.others[o].person == person:
                weight = tie_weight(held, r.others[o])
                if weight > best:
                    best, via = weight, held.identifier
    towards(n, r, t, via)
    step(t, PERSON, n.people[person].id)
    t.about[0].since = r.bonds[bond].since


@inner
def over(n: Neighbourhood, r: Precomputed, t: PathBuffer, h: int, ways: int, strangers: int) -> bool:
    """Through one identifier of the subject to the other (one of `ways`, of `strangers` alone if so) who was
    seen last with it; False for nobody.
    """
    held, last = r.held[h], -1
    for o in range(held.other, held.other + held.others):
        other = r.others[o]
        if not ways & (1 << other.way) or (strangers and r.people[other.person].coherent):
            continue
        if last >= 0:
            best = r.others[last]
            if other.last < best.last or (
                other.last == best.last and n.people[other.person].name_rank < n.people[best.person].name_rank
            ):
                continue
        last = o
    if last < 0:
        return False
    towards(n, r, t, held.identifier)
    step(t, PERSON, n.people[r.others[last].person].id)
    t.about[0].since = max(n.subject[0].as_of if held.since == UNDATED else held.since, r.others[last].since)
    return True
