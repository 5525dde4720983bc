"""Applies the facts of a journal entry to the frame: each gets its row and its places in the lists."""

from __future__ import annotations

import numpy as np

from graph.facts.tables import ROLES, Column
from graph.frame.columns import intern
from graph.frame.columns.insert import insert, lacks_items, needed, release
from graph.frame.columns.intern import EntryNames, has_room, size_of
from graph.frame.columns.layout import (
    EVENTS,
    FROM_APPLICATION,
    FROM_EVENT,
    LABELS,
    NEVER,
    NONE,
    OUTCOMES,
    STEP,
    TERM_ROWS,
    USED,
    Arrays,
    Int,
)
from graph.frame.columns.lists import BY_APPLICATION, BY_EVENT, BY_LABEL, BY_STATUS, moment_at, row_at
from graph.frame.entries.batch import SPARE, EntryBatch, add_mentions, keep_mentions, size_of_mentions
from graph.frame.entries.mention import FROM_NO_ROW, add_mention
from graph.kernels.compiled import lean

_OWN, _CONTACT = (np.int64([str(role) for role in ROLES].index(word)) for word in ("own", "contact"))
_SELF = np.frombuffer(b"self", "u1")


@lean
def add_application(arrays: Arrays, batch: EntryBatch, row: Int, revision: Int) -> bool:
    """An application, its ties, and the labels that waited for it."""
    reported, names, header = batch.applications[row], batch.names, arrays.header
    if header[STEP] == 0:
        size = (
            size_of(names, reported.application_id)
            + size_of(names, reported.applicant)
            + size_of(names, reported.platform)
            + size_of(names, reported.product)
        )
        size += (
            size_of(names, reported.merchant)
            + size_of(names, reported.agent)
            + size_of(names, reported.channel)
            + size_of(names, reported.city)
        )
        size += size_of(names, reported.attributes) + size_of_mentions(
            batch, reported.mention, reported.mentions
        )
        if not has_room(header, SPARE + reported.mentions, size):
            return False
    number = intern.application(arrays, names, reported.application_id)
    if header[STEP] == 0:
        if not _make_application(arrays, batch, row, number, revision):
            return False
        header[STEP] = 1
    stored = arrays.applications[number]
    if not has_room(header, SPARE + reported.mentions, np.int64(0)):
        return False
    when, fact = (np.int64(stored.at), revision), number << 2 | FROM_APPLICATION
    if not add_mentions(
        arrays, np.int64(stored.applicant), fact, when, np.int64(stored.mention), np.int64(stored.mentions)
    ):
        return False
    return _labels_come(arrays, number)


@lean
def _make_application(arrays: Arrays, batch: EntryBatch, row: Int, number: Int, revision: Int) -> bool:
    reported, names = batch.applications[row], batch.names
    person, merchant, agent = (
        intern.person(arrays, names, reported.applicant),
        intern.word(arrays, names, reported.merchant),
        intern.word(arrays, names, reported.agent),
    )
    need = needed(np.int64(arrays.people[person].applications.count))
    need += needed(np.int64(arrays.words[merchant].at.count)) if merchant >= 0 else np.int64(0)
    need += needed(np.int64(arrays.words[agent].through.count)) if agent >= 0 else np.int64(0)
    if lacks_items(arrays.header, need):
        return False
    stored = arrays.applications[number]
    stored.amount, stored.face_match, stored.liveness = (
        reported.amount,
        reported.face_match,
        reported.liveness,
    )
    stored.term_months, stored.birth_year, stored.three_element, stored.new_citizen = (
        reported.term_months,
        reported.birth_year,
        reported.three_element,
        reported.new_citizen,
    )
    stored.applicant, stored.merchant, stored.agent, stored.platform = (
        person,
        merchant,
        agent,
        intern.word(arrays, names, reported.platform),
    )
    stored.product, stored.channel = (
        intern.word(arrays, names, reported.product),
        intern.word(arrays, names, reported.channel),
    )
    stored.city, stored.attributes = (
        intern.word(arrays, names, reported.city),
        intern.text(arrays, names, reported.attributes),
    )
    stored.mention, stored.mentions = (
        keep_mentions(arrays, batch, reported.mention, reported.mentions),
        reported.mentions,
    )
    stored.at, stored.mark = reported.at, revision
    insert(arrays, BY_APPLICATION, arrays.people[person].applications, reported.at, number, revision)
    if merchant >= 0:
        insert(arrays, BY_APPLICATION, arrays.words[merchant].at, reported.at, number, revision)
    if agent >= 0:
        insert(arrays, BY_APPLICATION, arrays.words[agent].through, reported.at, number, revision)
    return True


@lean
def _labels_come(arrays: Arrays, number: Int) -> bool:
    """The labels that waited for an application come to its applicant."""
    stored, header = arrays.applications[number], arrays.header
    person, first, waiting = (
        np.int64(stored.applicant),
        np.int64(stored.labels.start),
        np.int64(stored.labels.count),
    )
    while header[STEP] <= stored.mentions + waiting:
        if lacks_items(header, needed(np.int64(arrays.people[person].labels.count))):
            return False
        n = np.int64(header[STEP] - stored.mentions - 1)
        row, at = row_at(arrays, first, waiting, n), moment_at(arrays, BY_LABEL, first, waiting, n)
        insert(arrays, BY_LABEL, arrays.people[person].labels, at, row, np.int64(arrays.labels[row].mark))
        header[STEP] += 1
    release(arrays, stored.labels)
    return True


@lean
def add_event(arrays: Arrays, batch: EntryBatch, row: Int, revision: Int) -> bool:
    """An event, its ties, and its place among the dealings of both sides."""
    reported, names, header = batch.events[row], batch.names, arrays.header
    size = (
        size_of(names, reported.event_id)
        + size_of(names, reported.kind)
        + size_of(names, reported.applicant)
        + size_of(names, reported.counterparty)
    )
    size += (
        size_of(names, reported.merchant)
        + size_of(names, reported.attributes)
        + size_of_mentions(batch, reported.mention, reported.mentions)
    )
    if not has_room(header, SPARE + reported.mentions, size if header[STEP] == 0 else np.int64(0)):
        return False
    if header[STEP] == 0:
        if not _make_event(arrays, batch, row, revision):
            return False
        header[STEP] = 1
    number = np.int64(header[USED + EVENTS]) - 1
    stored = arrays.events[number]
    when, fact = (np.int64(stored.at), revision), number << 2 | FROM_EVENT
    return add_mentions(
        arrays, np.int64(stored.applicant), fact, when, np.int64(stored.mention), np.int64(stored.mentions)
    )


@lean
def _make_event(arrays: Arrays, batch: EntryBatch, row: Int, revision: Int) -> bool:
    reported, names, header = batch.events[row], batch.names, arrays.header
    person, other = (
        intern.person(arrays, names, reported.applicant),
        intern.person(arrays, names, reported.counterparty),
    )
    need = needed(np.int64(arrays.people[person].events.count))
    if other >= 0:
        need += needed(np.int64(arrays.people[person].dealings.count)) + needed(
            np.int64(arrays.people[other].dealings.count)
        )
    if lacks_items(header, need):
        return False
    number = header[USED + EVENTS]
    header[USED + EVENTS] = number + 1
    stored = arrays.events[number]
    stored.at, stored.mark, stored.applicant, stored.terms = (
        reported.at,
        revision,
        person,
        _terms(arrays, batch, row, other),
    )
    stored.id, stored.kind = (
        intern.text(arrays, names, reported.event_id),
        intern.word(arrays, names, reported.kind),
    )
    stored.mention, stored.mentions = (
        keep_mentions(arrays, batch, reported.mention, reported.mentions),
        reported.mentions,
    )
    insert(arrays, BY_EVENT, arrays.people[person].events, reported.at, number, revision)
    if other >= 0:
        insert(arrays, BY_EVENT, arrays.people[person].dealings, reported.at, number, revision)
        if other != person:
            insert(arrays, BY_EVENT, arrays.people[other].dealings, reported.at, number, revision)
    return True


@lean
def _terms(arrays: Arrays, batch: EntryBatch, row: Int, other: Int) -> Int:
    """What an event says beyond who did what when, in a row of its own; -1 for nothing."""
    reported, names, header = batch.events[row], batch.names, arrays.header
    if np.isnan(reported.amount) and other < 0 and reported.merchant < 0 and reported.attributes < 0:
        return np.int64(NONE)
    number = np.int64(header[USED + TERM_ROWS])
    header[USED + TERM_ROWS] = number + 1
    terms = arrays.terms[number]
    terms.amount, terms.counterparty = reported.amount, other
    terms.merchant, terms.attributes = (
        intern.word(arrays, names, reported.merchant),
        intern.text(arrays, names, reported.attributes),
    )
    return number


@lean
def add_contact(arrays: Arrays, batch: EntryBatch, row: Int, revision: Int) -> bool:
    """A phone that somebody named as their own second one, or a contact's."""
    reported, names = batch.contacts[row], batch.names
    if not has_room(
        arrays.header,
        SPARE,
        size_of(names, reported.applicant) + intern.size_of_identifier(names, reported.phone),
    ):
        return False
    own = reported.relation >= 0 and _is(names, reported.relation, _SELF)
    phone = intern.identifier(arrays, names, reported.phone)
    person, packed = (
        intern.person(arrays, names, reported.applicant),
        phone << 2 | (_OWN if own else _CONTACT),
    )
    return add_mention(arrays, person, packed, FROM_NO_ROW, np.int64(reported.at), revision)


@lean
def _is(names: EntryNames, text: Int, word: Column) -> bool:
    begins = intern.begin_of(names, text)
    if names.ends[text] - begins != len(word):
        return False
    for n in range(len(word)):  # noqa: SIM110 - plainer in machine code
        if names.heap[begins + n] != word[n]:
            return False
    return True


@lean
def add_outcome(arrays: Arrays, batch: EntryBatch, row: Int, revision: Int) -> bool:
    """What became of an application, whether that has come or not."""
    reported, header = batch.outcomes[row], arrays.header
    if not has_room(header, SPARE, size_of(batch.names, reported.application)):
        return False
    application = intern.application(arrays, batch.names, reported.application)
    if lacks_items(header, needed(np.int64(arrays.applications[application].outcomes.count))):
        return False
    number = header[USED + OUTCOMES]
    header[USED + OUTCOMES] = number + 1
    stored = arrays.outcomes[number]
    stored.at, stored.amount, stored.application, stored.mark, stored.status = (
        reported.at,
        reported.amount,
        application,
        revision,
        reported.status,
    )
    insert(arrays, BY_STATUS, arrays.applications[application].outcomes, reported.at, number, revision)
    return True


@lean
def add_label(arrays: Arrays, batch: EntryBatch, row: Int, revision: Int) -> bool:
    """What somebody concluded: it comes to the person, or waits at an application that has not come yet."""
    reported, names, header = batch.labels[row], batch.names, arrays.header
    size = (
        size_of(names, reported.application)
        + size_of(names, reported.applicant)
        + size_of(names, reported.source)
        + size_of(names, reported.detail)
    )
    if not has_room(header, SPARE, size):
        return False
    application = (
        intern.application(arrays, names, reported.application)
        if reported.application >= 0
        else np.int64(NONE)
    )
    person = intern.person(arrays, names, reported.applicant)
    waits = application >= 0 and arrays.applications[application].at == NEVER
    about = np.int64(arrays.applications[application].applicant) if application >= 0 and not waits else person
    if lacks_items(
        header,
        needed(
            np.int64(
                arrays.applications[application].labels.count if waits else arrays.people[about].labels.count
            )
        ),
    ):
        return False
    number = header[USED + LABELS]
    header[USED + LABELS] = number + 1
    stored = arrays.labels[number]
    stored.known_at, stored.application, stored.person, stored.mark = (
        reported.known_at,
        application,
        person,
        revision,
    )
    stored.source, stored.detail = (
        intern.word(arrays, names, reported.source),
        intern.text(arrays, names, reported.detail),
    )
    stored.fraud, stored.by_person = reported.fraud, reported.by_person
    if waits:
        insert(arrays, BY_LABEL, arrays.applications[application].labels, reported.known_at, number, revision)
    else:
        insert(arrays, BY_LABEL, arrays.people[about].labels, reported.known_at, number, revision)
    return True
