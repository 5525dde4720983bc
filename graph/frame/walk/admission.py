"""Who and what has come into a neighbourhood: people, identifiers and their ties, found by their ids."""

from __future__ import annotations

import numpy as np

from graph.frame.columns.layout import Int
from graph.frame.neighbourhood import NOBODY, UNDATED, Neighbourhood
from graph.frame.walk.scratch import APPLICANTS, IDENTIFIERS, LACKS, LINKS, PEOPLE, TRUNCATED, Scratch
from graph.kernels.compiled import lean

_ROLE_RANK = np.array([0, 2, 1])  # own before employer before contact


@lean
def find_person(work: Scratch, out: Neighbourhood, row: Int) -> Int:
    """The person of that `id`, or NOBODY."""
    return np.int64(work.seats[_seat_of(work, out, row)]) - 1


@lean
def find_identifier(work: Scratch, out: Neighbourhood, row: Int) -> Int:
    """The identifier of that `id`, or NOBODY."""
    return np.int64(work.slots[_slot_of(work, out, row)]) - 1


@lean
def admit_person(work: Scratch, out: Neighbourhood, row: Int, step: Int) -> Int:
    """The person of that `id`; who was not there comes in now. NOBODY without room."""
    person = find_person(work, out, row)
    return person if person >= 0 else seat(work, out, row, step)


@lean
def link_of(work: Scratch, identifier: Int, person: Int) -> Int:
    """Their tie to an identifier, or NOBODY."""
    link = np.int64(work.things[identifier].first)
    while link >= 0 and work.links[link].person != person:
        link = np.int64(work.links[link].next)
    return link


@lean
def clear(work: Scratch, out: Neighbourhood) -> None:
    """Forget the subject before: nobody and nothing has come in."""
    state = work.state
    for n in range(state[IDENTIFIERS]):
        work.slots[work.things[n].slot] = 0
    for n in range(state[PEOPLE]):
        work.seats[work.seat[n]] = 0
    for n in range(len(state)):
        state[n] = 0
    for a in range(APPLICANTS):
        work.partners[a].first, work.partners[a].last = -1, -1
        for b in range(APPLICANTS):
            work.dealt[a, b] = 0


@lean
def _spread(row: Int) -> Int:
    return (np.int64(row) * np.int64(0x9E3779B1)) >> 12


@lean
def _seat_of(work: Scratch, out: Neighbourhood, row: Int) -> Int:
    seats = work.seats
    at = _spread(row) & (len(seats) - 1)
    while seats[at] != 0 and out.people[seats[at] - 1].id != row:
        at = (at + 1) & (len(seats) - 1)
    return at


@lean
def _slot_of(work: Scratch, out: Neighbourhood, row: Int) -> Int:
    slots = work.slots
    at = _spread(row) & (len(slots) - 1)
    while slots[at] != 0 and out.identifiers[slots[at] - 1].id != row:
        at = (at + 1) & (len(slots) - 1)
    return at


@lean
def seat(work: Scratch, out: Neighbourhood, row: Int, step: Int) -> Int:
    """Somebody who was not there comes in: the person, or NOBODY without room."""
    person = work.state[PEOPLE]
    if person == len(out.people):
        work.state[LACKS] = 1
        return np.int64(NOBODY)
    at = _seat_of(work, out, row)
    work.seats[at], work.seat[person] = person + 1, at
    out.people[person].id, out.people[person].step = row, step
    work.state[PEOPLE] = person + 1
    return np.int64(person)


@lean
def met(work: Scratch, out: Neighbourhood, row: Int, kind: Int, linking: Int) -> Int:
    """The identifier of that `id`; one that was not there comes in now. NOBODY without room."""
    at = _slot_of(work, out, row)
    if work.slots[at] != 0:
        return np.int64(work.slots[at]) - 1
    number = work.state[IDENTIFIERS]
    if number == len(out.identifiers):
        work.state[LACKS] = 1
        return np.int64(NOBODY)
    work.slots[at] = number + 1
    thing, identifier = work.things[number], out.identifiers[number]
    thing.slot, thing.dated, thing.first, thing.last, thing.cut = at, 0, -1, -1, 0
    identifier.id, identifier.kind, identifier.linking, identifier.holders, identifier.hub = (
        row,
        kind,
        linking,
        0,
        0,
    )
    work.state[IDENTIFIERS] = number + 1
    return np.int64(number)


@lean
def tie_to(
    work: Scratch, out: Neighbourhood, person: Int, identifier: Int, role: Int, since: Int, last: Int
) -> None:
    """The strongest role wins, `since` is the first mention and `last` the latest."""
    thing, link = work.things[identifier], link_of(work, identifier, person)
    if link < 0:
        join(work, out, person, identifier, role, since, last)
        thing.dated += since != UNDATED
        return
    link_row = work.links[link]
    if _ROLE_RANK[role] < _ROLE_RANK[link_row.role]:
        link_row.role = role
    if link_row.since == UNDATED:
        thing.dated += 1
        link_row.since, link_row.last = since, last
    else:
        link_row.since, link_row.last = min(link_row.since, since), max(link_row.last, last)


@lean
def join(
    work: Scratch, out: Neighbourhood, person: Int, identifier: Int, role: Int, since: Int, last: Int
) -> None:
    """A person's first tie to an identifier, at the end of those who hold it."""
    number, thing = work.state[LINKS], work.things[identifier]
    if number == len(work.links):
        work.state[LACKS] = 1
        return
    link = work.links[number]
    link.since, link.last, link.person, link.role, link.next = since, last, person, role, -1
    if thing.first < 0:
        thing.first = number
    else:
        work.links[thing.last].next = number
    thing.last = number
    work.state[LINKS] = number + 1


@lean
def admit_within(work: Scratch, out: Neighbourhood, row: Int, step: Int) -> Int:
    """The person of that `id`, who comes in now where there is room for one more, else NOBODY."""
    person = find_person(work, out, row)
    if person < 0 and work.state[PEOPLE] >= APPLICANTS:
        work.state[TRUNCATED] = 1
        return person
    return person if person >= 0 else seat(work, out, row, step)
