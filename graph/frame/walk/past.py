"""Copies applications, outcomes, labels, events and rings of a neighbourhood's people from the frame."""

from __future__ import annotations

import numpy as np

from graph.facts.decisive import APPLICATIONS as LATEST
from graph.facts.decisive import DEALINGS
from graph.facts.decisive import EVENTS as LATEST_EVENTS
from graph.facts.tables import PLATFORM_TYPES, Column
from graph.frame.columns.layout import NO_MARK, SNAPSHOTS, USED, Arrays, Int, Rows
from graph.frame.columns.lists import (
    BY_APPLICATION,
    BY_EVENT,
    counterparty_of,
    latest_of,
    membership,
    snapshot_in_force,
)
from graph.frame.neighbourhood import LENDER_BANK, LENDER_KNOWN, LENDER_OWN, NOBODY, Neighbourhood
from graph.frame.walk.admission import admit_person, find_identifier
from graph.frame.walk.bounded import labels_of, outcomes_of
from graph.frame.walk.query import IN_FRAME, SubjectQuery, copy
from graph.frame.walk.reach import event_kind
from graph.frame.walk.scratch import (
    APPLICATIONS,
    EVENTS,
    INSIDE,
    LABELS,
    LACKS,
    MENTIONS,
    OUTCOMES,
    PEOPLE,
    RINGS,
    Scratch,
)
from graph.kernels.compiled import lean

_IS_BANK = np.array([kind.is_bank for kind in PLATFORM_TYPES])


@lean
def is_later(q: SubjectQuery) -> bool:
    """Whether the application in question may be in the frame before the moment (a later scan): it is left
    out of its own history.
    """
    return bool(q.about[0].asked and q.in_question[0].at < q.about[0].as_of)


@lean
def add_application_in_question(arrays: Arrays, q: SubjectQuery, work: Scratch, out: Neighbourhood) -> None:
    """The application in question is the first row."""
    out.applications[0] = q.in_question[0]
    one = out.applications[0]
    one.person, one.applicant, one.lender = 0, out.people[0].id, lender_of(arrays, q, np.int64(one.platform))
    one.mention, one.mentions, one.outcome, one.outcomes = 0, q.about[0].mentions, 0, 0
    if q.about[0].mentions > len(out.mentions):
        work.state[LACKS] = 1
        return
    for n in range(q.about[0].mentions):
        out.mentions[n] = q.mentions[n]
        out.mentions[n].identifier = find_identifier(work, out, np.int64(q.mentions[n].id))
    work.state[APPLICATIONS], work.state[MENTIONS] = 1, q.about[0].mentions


@lean
def add_own(arrays: Arrays, q: SubjectQuery, work: Scratch, out: Neighbourhood) -> None:
    """What everybody of the subgraph applied for, newest first."""
    for person in range(work.state[INSIDE]):
        one = out.people[person]
        one.application = work.state[APPLICATIONS]
        if one.id < IN_FRAME:
            for n in range(newest(arrays, q, arrays.people[one.id].applications, work.rows)):
                row = np.int64(work.rows[n])
                if person != 0 or row != q.about[0].application or not is_later(q):
                    add_application(arrays, q, work, out, row, person)
        one.applications = work.state[APPLICATIONS] - one.application


@lean
def add_at_place(arrays: Arrays, q: SubjectQuery, work: Scratch, out: Neighbourhood, there: Rows) -> None:
    """The latest applications of anybody at a place; who was not there comes in as an outsider."""
    for n in range(newest(arrays, q, there, work.rows)):
        row = np.int64(work.rows[n])
        if row == q.about[0].application and is_later(q):
            continue
        person = admit_person(work, out, np.int64(arrays.applications[row].applicant), np.int64(-1))
        if person >= 0:
            add_application(arrays, q, work, out, row, person)


@lean
def add_application(
    arrays: Arrays, q: SubjectQuery, work: Scratch, out: Neighbourhood, row: Int, person: Int
) -> None:
    """An application of the frame, what it mentions and what became of it."""
    state, application = work.state, arrays.applications[row]
    number, mention = state[APPLICATIONS], state[MENTIONS]
    if number == len(out.applications) or mention + application.mentions > len(out.mentions):
        state[LACKS] = 1
        return
    one = out.applications[number]
    copy(arrays, row, one)
    one.person, one.lender = person, lender_of(arrays, q, np.int64(application.platform))
    one.mention, one.mentions, one.outcome, one.outcomes = mention, application.mentions, state[OUTCOMES], 0
    for n in range(application.mentions):
        packed = np.int64(arrays.mentions[application.mention + n])
        named, identifier = out.mentions[mention + n], arrays.identifiers[packed >> 2]
        named.id, named.role, named.kind, named.linking = (
            packed >> 2,
            packed & 3,
            identifier.kind,
            identifier.linking,
        )
        named.identifier = find_identifier(work, out, packed >> 2)
    state[APPLICATIONS], state[MENTIONS] = number + 1, mention + application.mentions
    if row != q.about[0].application or not is_later(q):
        one.outcomes = _add_outcomes(arrays, q, work, out, row)


@lean
def _add_outcomes(
    arrays: Arrays, q: SubjectQuery, work: Scratch, out: Neighbourhood, application: Int
) -> Int:
    """How many steps of an application were added."""
    count, first = outcomes_of(arrays, q, application, work.spare), work.state[OUTCOMES]
    if first + count > len(out.outcomes):
        work.state[LACKS] = 1
        return np.int64(0)
    for n in range(count):
        stored, step = arrays.outcomes[work.spare[n]], out.outcomes[first + n]
        step.at, step.amount, step.status = stored.at, stored.amount, stored.status
    work.state[OUTCOMES] = first + count
    return count


@lean
def lender_of(arrays: Arrays, q: SubjectQuery, platform: Int) -> Int:
    """What is known of a lender, as bits."""
    if platform < 0 or arrays.words[platform].platform_mark > q.about[0].mark:
        return np.int64(0)
    lender = arrays.words[platform]
    return np.int64(LENDER_KNOWN + LENDER_BANK * _IS_BANK[lender.type] + LENDER_OWN * lender.own)


@lean
def add_labels(arrays: Arrays, q: SubjectQuery, work: Scratch, out: Neighbourhood) -> None:
    """What was said of everybody and their loans, oldest first."""
    for person in range(work.state[PEOPLE]):
        one, first = out.people[person], work.state[LABELS]
        one.label, one.labels = first, 0
        count = labels_of(arrays, q, np.int64(one.id), work.spare) if one.id < IN_FRAME else np.int64(0)
        if count < 0 or first + count > len(out.labels):
            work.state[LACKS] = 1
            return
        for n in range(count):
            stored, label = arrays.labels[work.spare[n]], out.labels[first + n]
            label.known_at, label.loan, label.fraud, label.by_person = (
                stored.known_at,
                stored.application,
                stored.fraud,
                stored.by_person,
            )
        one.labels = count
        work.state[LABELS] = first + count


@lean
def add_events(arrays: Arrays, q: SubjectQuery, work: Scratch, out: Neighbourhood) -> Int:
    """What the subject did, newest first, and then what others did towards them; where those begin."""
    if out.people[0].id >= IN_FRAME:
        return np.int64(0)
    me, state = arrays.people[out.people[0].id], work.state
    for n in range(
        latest_of(
            arrays,
            BY_EVENT,
            me.events,
            (q.about[0].as_of, q.about[0].mark),
            work.rows,
            np.int64(LATEST_EVENTS),
        )
    ):
        _add_event(arrays, work, out, np.int64(work.rows[n]), counterparty_of(arrays, np.int64(work.rows[n])))
    received = state[EVENTS]
    for n in range(
        latest_of(
            arrays, BY_EVENT, me.dealings, (q.about[0].as_of, q.about[0].mark), work.rows, np.int64(DEALINGS)
        )
    ):
        if counterparty_of(arrays, np.int64(work.rows[n])) == out.people[0].id:
            _add_event(
                arrays, work, out, np.int64(work.rows[n]), np.int64(arrays.events[work.rows[n]].applicant)
            )
    return received


@lean
def _add_event(arrays: Arrays, work: Scratch, out: Neighbourhood, row: Int, other: Int) -> None:
    number, stored = work.state[EVENTS], arrays.events[row]
    if number == len(out.events):
        work.state[LACKS] = 1
        return
    event = out.events[number]
    event.amount = np.nan if stored.terms < 0 else arrays.terms[stored.terms].amount
    event.at, event.other, event.kind = stored.at, other, event_kind(stored.kind)
    work.state[EVENTS] = number + 1


@lean
def add_rings(arrays: Arrays, q: SubjectQuery, work: Scratch, out: Neighbourhood) -> None:
    """The rings of the people of the subgraph in the snapshot in force."""
    snapshot = snapshot_in_force(arrays, arrays.header[USED + SNAPSHOTS], q.about[0].as_of, q.about[0].mark)
    for person in range(work.state[PEOPLE]):
        one = out.people[person]
        one.ring, one.core = NOBODY, 0
        if snapshot >= 0 and person < work.state[INSIDE] and one.id < IN_FRAME:
            place = membership(arrays, np.int64(one.id), snapshot)
            if place >= 0:
                one.ring, one.core = (
                    _ring(arrays, work, out, np.int64(arrays.members[place].ring)),
                    arrays.members[place].core,
                )


@lean
def _ring(arrays: Arrays, work: Scratch, out: Neighbourhood, row: Int) -> Int:
    count = work.state[RINGS]
    for n in range(count):
        if out.rings[n].id == row:
            return np.int64(n)
    if count == len(out.rings):
        work.state[LACKS] = 1
        return np.int64(NOBODY)
    ring, stored = out.rings[count], arrays.rings[row]
    ring.id, ring.score, ring.bad_rate, ring.size, ring.flagged = (
        row,
        stored.score,
        stored.bad_rate,
        stored.size,
        stored.flagged,
    )
    work.state[RINGS] = count + 1
    return np.int64(count)


@lean
def newest(arrays: Arrays, q: SubjectQuery, applications: Rows, rows: Column) -> Int:
    """How many of the latest applications of a list now stand in `rows`, newest first."""
    return latest_of(
        arrays, BY_APPLICATION, applications, (q.about[0].as_of, q.about[0].mark), rows, np.int64(LATEST)
    )


assert np.iinfo(np.int32).max == NO_MARK  # of what nobody has told: beyond every revision
