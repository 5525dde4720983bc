"""Builds a neighbourhood from the frame's arrays in compiled code, in microseconds; equal to the one built
from a view (`graph.frame.from_view`).
"""

from __future__ import annotations

import numpy as np

from graph.facts.hubs import COUNT_CAP
from graph.facts.tables import KINDS
from graph.frame.columns.layout import NO_MARK, Arrays, Int
from graph.frame.columns.order import is_before, sort_by_text
from graph.frame.neighbourhood import NOBODY, UNDATED, Neighbourhood
from graph.frame.walk.admission import find_identifier, link_of
from graph.frame.walk.beyond_bounds import add_beyond_bounds, mark_keys
from graph.frame.walk.past import (
    add_application_in_question,
    add_at_place,
    add_events,
    add_labels,
    add_own,
    add_rings,
    is_later,
)
from graph.frame.walk.query import IN_FRAME, SubjectQuery, about_application, about_person
from graph.frame.walk.reach import reach
from graph.frame.walk.scratch import (
    APPLICATIONS,
    DEALS,
    EVENTS,
    HUBS,
    IDENTIFIERS,
    INSIDE,
    LABELS,
    LACKS,
    LINKS,
    MENTIONS,
    OUTCOMES,
    PEOPLE,
    RINGS,
    TRUNCATED,
    Scratch,
)
from graph.kernels.compiled import lean
from graph.model.types import IdentifierKind

DEVICE = KINDS.index(IdentifierKind.DEVICE)


@lean
def walk_application(
    arrays: Arrays, application: Int, moment: tuple[Int, Int], work: Scratch, out: Neighbourhood
) -> bool:
    """`walk` about an application of the frame, at a moment: strictly before when (microseconds), and
    recorded by which revision.
    """
    if arrays.applications[application].mentions > len(work.question.mentions):
        return False
    about_application(arrays, application, moment, work.question)
    return walk(arrays, work.question, work, out)


@lean
def walk_person(
    arrays: Arrays, person: Int, moment: tuple[Int, Int], work: Scratch, out: Neighbourhood
) -> bool:
    """`walk` about somebody of the frame, without an application."""
    about_person(person, moment, work.question)
    return walk(arrays, work.question, work, out)


@lean
def walk(arrays: Arrays, q: SubjectQuery, work: Scratch, out: Neighbourhood) -> bool:
    """Write the neighbourhood. False where an array has too little room: with more of it everywhere, call
    again.
    """
    reach(arrays, q, work, out)
    if work.state[LACKS]:
        return False
    mark_keys(q, work, out)
    if is_later(q):
        _leave_out(q, work, out)
    work.state[INSIDE] = work.state[PEOPLE]
    subject = out.subject[0]
    _add_applications(arrays, q, work, out)
    add_labels(arrays, q, work, out)
    subject.received = add_events(arrays, q, work, out)
    add_rings(arrays, q, work, out)
    _add_ties(work, out)
    _add_dealings(work, out)
    _describe_devices(arrays, q, work, out)
    _rank_names(arrays, q, work, out)
    _write_sizes(arrays, q, work, out)
    return bool(work.state[LACKS] == 0)


@lean
def _leave_out(q: SubjectQuery, work: Scratch, out: Neighbourhood) -> None:
    """What only the application in question says is tied since nothing, as it was at the first scan
    (`graph.store.evidence.leave_out`).
    """
    for m in range(q.about[0].mentions):
        mention = q.mentions[m]
        identifier = find_identifier(work, out, np.int64(mention.id))
        link = link_of(work, identifier, 0)
        if link >= 0 and work.links[link].since == q.in_question[0].at:
            work.links[link].since = work.links[link].last = UNDATED
            if 0 < out.identifiers[identifier].holders < COUNT_CAP:
                out.identifiers[identifier].holders -= 1


@lean
def _add_applications(arrays: Arrays, q: SubjectQuery, work: Scratch, out: Neighbourhood) -> None:
    state, subject = work.state, out.subject[0]
    merchant, agent = np.int64(NOBODY), np.int64(NOBODY)
    if q.about[0].asked:
        add_application_in_question(arrays, q, work, out)
        merchant, agent = np.int64(q.in_question[0].merchant), np.int64(q.in_question[0].agent)
    add_own(arrays, q, work, out)
    own = state[APPLICATIONS]
    subject.at_merchant = own
    if merchant >= 0:
        add_at_place(arrays, q, work, out, arrays.words[merchant].at)
    subject.at_merchant_n = state[APPLICATIONS] - subject.at_merchant
    subject.at_agent = state[APPLICATIONS]
    if agent >= 0:
        add_at_place(arrays, q, work, out, arrays.words[agent].through)
    subject.at_agent_n = state[APPLICATIONS] - subject.at_agent
    subject.elsewhere = state[APPLICATIONS]
    add_beyond_bounds(arrays, q, work, out)
    subject.elsewhere_n = state[APPLICATIONS] - subject.elsewhere
    for person in range(state[INSIDE], state[PEOPLE]):
        out.people[person].application, out.people[person].applications = own, 0


@lean
def _add_ties(work: Scratch, out: Neighbourhood) -> None:
    """The ties by identifier, and their positions by person."""
    state, total, people = work.state, 0, work.state[PEOPLE]
    if state[LINKS] > len(out.ties) or state[LINKS] > len(out.ties_of):
        state[LACKS] = 1
        return
    for person in range(people):
        out.people[person].ties = 0
    for identifier in range(state[IDENTIFIERS]):
        one, link = out.identifiers[identifier], work.things[identifier].first
        one.tie = total
        while link >= 0:
            link_row, tie = work.links[link], out.ties[total]
            tie.since, tie.last, tie.person, tie.identifier, tie.role = (
                link_row.since,
                link_row.last,
                link_row.person,
                identifier,
                link_row.role,
            )
            out.people[link_row.person].ties += 1
            total += 1
            link = link_row.next
        one.ties = total - one.tie
    begins = 0
    for person in range(people):
        out.people[person].tie = begins
        begins += out.people[person].ties
        out.people[person].ties = 0
    for n in range(total):
        one_of = out.people[out.ties[n].person]
        out.ties_of[one_of.tie + one_of.ties] = n
        one_of.ties += 1


@lean
def _add_dealings(work: Scratch, out: Neighbourhood) -> None:
    total = 0
    if work.state[DEALS] > len(out.dealings):
        work.state[LACKS] = 1
        return
    for person in range(work.state[INSIDE]):
        number = work.partners[person].first
        while number >= 0:
            deal, dealing = work.deals[number], out.dealings[total]
            dealing.since, dealing.last, dealing.a, dealing.b, dealing.kind = (
                deal.since,
                deal.last,
                person,
                deal.other,
                deal.kind,
            )
            total += 1
            number = deal.next


@lean
def _describe_devices(arrays: Arrays, q: SubjectQuery, work: Scratch, out: Neighbourhood) -> None:
    for n in range(work.state[IDENTIFIERS]):
        one = out.identifiers[n]
        one.emulator, one.rooted = -1, -1
        if one.kind == DEVICE and one.id < IN_FRAME:
            row = arrays.identifiers[one.id].device
            if row >= 0 and arrays.devices[row].mark <= q.about[0].mark:
                one.emulator, one.rooted = arrays.devices[row].emulator, arrays.devices[row].rooted


@lean
def _rank_names(arrays: Arrays, q: SubjectQuery, work: Scratch, out: Neighbourhood) -> None:
    """Everybody's place in the order of ids; a subject that the frame does not know is put among the
    others.
    """
    people, first = work.state[PEOPLE], 0 if out.people[0].id < IN_FRAME else 1
    for person in range(first, people):
        work.names[person], work.order[person - first] = arrays.people[out.people[person].id].name, person
    sort_by_text(arrays.texts, work.names, work.keys, work.order, work.spare, people - first)
    stranger = 0
    for n in range(people - first):
        person = work.order[n]
        if first == 1 and is_before(arrays.texts, np.int64(work.names[person]), q.name):
            stranger += 1
            out.people[person].name_rank = n
        else:
            out.people[person].name_rank = n + first
    if first == 1:
        out.people[0].name_rank = stranger


@lean
def _write_sizes(arrays: Arrays, q: SubjectQuery, work: Scratch, out: Neighbourhood) -> None:
    state, subject = work.state, out.subject[0]
    subject.as_of, subject.asked = q.about[0].as_of, q.about[0].asked
    subject.people, subject.outsiders, subject.identifiers = (
        state[INSIDE],
        state[PEOPLE] - state[INSIDE],
        state[IDENTIFIERS],
    )
    subject.ties, subject.dealings, subject.rings, subject.applications = (
        state[LINKS],
        state[DEALS],
        state[RINGS],
        state[APPLICATIONS],
    )
    subject.mentions, subject.outcomes, subject.labels, subject.events = (
        state[MENTIONS],
        state[OUTCOMES],
        state[LABELS],
        state[EVENTS],
    )
    subject.hubs_ignored, subject.truncated = state[HUBS], state[TRUNCATED]
    subject.merchant_known, subject.merchant_city, subject.merchant_opened_at = 0, NOBODY, UNDATED
    if q.about[0].asked and q.in_question[0].merchant >= 0:
        shop = arrays.words[q.in_question[0].merchant]
        if shop.merchant_mark <= q.about[0].mark and shop.merchant_mark != NO_MARK:
            subject.merchant_known, subject.merchant_city, subject.merchant_opened_at = (
                1,
                shop.city,
                shop.opened_at,
            )
