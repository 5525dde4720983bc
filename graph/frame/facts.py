"""The facts of a journal entry come into the frame one by one: each gets its row and its places in the lists."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from graph.frame import intern
from graph.frame.insert import insert, lacks_items, needed, release
from graph.frame.intern import Names, has_room, size_of
from graph.frame.layout import (
    DEVICES,
    EVENTS,
    FROM_APPLICATION,
    FROM_EVENT,
    LABELS,
    MENTIONS,
    NEVER,
    NO_MARK,
    NONE,
    OUTCOMES,
    STEP,
    TERM_ROWS,
    USED,
    Arrays,
    Int,
    Rows,
)
from graph.frame.lists import BY_APPLICATION, BY_EVENT, BY_LABEL, BY_STATUS, moment_at, row_at
from graph.frame.mention import FROM_NO_ROW, add_mention
from graph.journal import entry
from graph.kernels.by_address import by_address
from graph.kernels.compiled import lean
from graph.store.tables import ROLES, Column

SPARE = np.int64(16)  # rows of each table that one fact may take, but for what it mentions
_OWN, _CONTACT = (np.int64([str(role) for role in ROLES].index(word)) for word in ("own", "contact"))
_SELF = np.frombuffer(b"self", "u1")


@by_address(
    names=Names, platforms=entry.PLATFORM, merchants=entry.MERCHANT, devices=entry.DEVICE, applications=entry.APPLICATION, events=entry.EVENT,
    mentions=entry.MENTION, contacts=entry.CONTACT, outcomes=entry.OUTCOME, labels=entry.LABEL,
)  # fmt: skip
class Batch(NamedTuple):
    """The facts of a journal entry, as `graph.journal.entry.Entry` has them, and what they name."""

    names: Names
    platforms: Rows
    merchants: Rows
    devices: Rows
    applications: Rows
    events: Rows
    mentions: Rows
    contacts: Rows
    outcomes: Rows
    labels: Rows


@lean
def add_platform(arrays: Arrays, batch: Batch, row: Int, mark: Int) -> bool:
    """What is told of a lender."""
    told = batch.platforms[row]
    if not has_room(arrays.header, SPARE, size_of(batch.names, told.platform)):
        return False
    word = arrays.words[intern.word(arrays, batch.names, told.platform)]
    if word.platform_mark == NO_MARK:
        word.type, word.own, word.platform_mark = told.type, told.own, mark
    return True


@lean
def add_merchant(arrays: Arrays, batch: Batch, row: Int, mark: Int) -> bool:
    """What is told of a shop."""
    told, names = batch.merchants[row], batch.names
    if not has_room(arrays.header, SPARE, size_of(names, told.merchant) + size_of(names, told.category) + size_of(names, told.city)):
        return False
    category, city = intern.word(arrays, names, told.category), intern.word(arrays, names, told.city)
    word = arrays.words[intern.word(arrays, names, told.merchant)]
    if word.merchant_mark == NO_MARK:
        word.opened_at, word.category, word.city, word.merchant_mark = told.opened_at, category, city, mark
    return True


@lean
def add_device(arrays: Arrays, batch: Batch, row: Int, mark: Int) -> bool:
    """What is told of a device."""
    told, names, header = batch.devices[row], batch.names, arrays.header
    size = intern.size_of_identifier(names, told.identifier) + size_of(names, told.os) + size_of(names, told.model)
    if not has_room(header, SPARE, size):
        return False
    identifier = intern.identifier(arrays, names, told.identifier)
    if arrays.identifiers[identifier].device < 0:
        fresh = header[USED + DEVICES]
        header[USED + DEVICES] = fresh + 1
        device = arrays.devices[fresh]
        device.os, device.model = intern.word(arrays, names, told.os), intern.word(arrays, names, told.model)
        device.emulator, device.rooted, device.mark = told.emulator, told.rooted, mark
        arrays.identifiers[identifier].device = fresh
    return True


@lean
def size_of_mentions(batch: Batch, begins: Int, count: Int) -> Int:
    """How many bytes of `texts` the identifiers of those mentions may take."""
    size = np.int64(0)
    for n in range(begins, begins + count):
        size += intern.size_of_identifier(batch.names, batch.mentions[n].identifier)
    return size


@lean
def keep_mentions(arrays: Arrays, batch: Batch, begins: Int, count: Int) -> Int:
    """What a fact mentions, written down side by side; where it begins."""
    header = arrays.header
    first = header[USED + MENTIONS]
    for n in range(count):
        said = batch.mentions[begins + n]
        arrays.mentions[first + n] = intern.identifier(arrays, batch.names, said.identifier) << 2 | said.role
    header[USED + MENTIONS] = first + count
    return np.int64(first)


@lean
def add_mentions(arrays: Arrays, person: Int, fact: Int, when: tuple[Int, Int], first: Int, count: Int) -> bool:
    """The ties of a fact of that moment and mark, from the one on where it was left (STEP)."""
    header = arrays.header
    while header[STEP] <= count:
        if not add_mention(arrays, person, np.int64(arrays.mentions[first + header[STEP] - 1]), fact, when[0], when[1]):
            return False
        header[STEP] += 1
    return True


@lean
def add_application(arrays: Arrays, batch: Batch, row: Int, mark: Int) -> bool:
    """An application, its ties, and the labels that waited for it."""
    told, names, header = batch.applications[row], batch.names, arrays.header
    if header[STEP] == 0:
        size = size_of(names, told.application_id) + size_of(names, told.applicant) + size_of(names, told.platform) + size_of(names, told.product)
        size += size_of(names, told.merchant) + size_of(names, told.agent) + size_of(names, told.channel) + size_of(names, told.city)
        size += size_of(names, told.attributes) + size_of_mentions(batch, told.mention, told.mentions)
        if not has_room(header, SPARE + told.mentions, size):
            return False
    number = intern.application(arrays, names, told.application_id)
    if header[STEP] == 0:
        if not _make_application(arrays, batch, row, number, mark):
            return False
        header[STEP] = 1
    made = arrays.applications[number]
    if not has_room(header, SPARE + told.mentions, np.int64(0)):
        return False
    when, fact = (np.int64(made.at), mark), number << 2 | FROM_APPLICATION
    if not add_mentions(arrays, np.int64(made.applicant), fact, when, np.int64(made.mention), np.int64(made.mentions)):
        return False
    return _labels_come(arrays, number)


@lean
def _make_application(arrays: Arrays, batch: Batch, row: Int, number: Int, mark: Int) -> bool:
    told, names = batch.applications[row], batch.names
    person, merchant, agent = (
        intern.person(arrays, names, told.applicant),
        intern.word(arrays, names, told.merchant),
        intern.word(arrays, names, told.agent),
    )
    need = needed(np.int64(arrays.people[person].applications.count))
    need += needed(np.int64(arrays.words[merchant].at.count)) if merchant >= 0 else np.int64(0)
    need += needed(np.int64(arrays.words[agent].through.count)) if agent >= 0 else np.int64(0)
    if lacks_items(arrays.header, need):
        return False
    made = arrays.applications[number]
    made.amount, made.face_match, made.liveness = told.amount, told.face_match, told.liveness
    made.term_months, made.birth_year, made.three_element, made.new_citizen = told.term_months, told.birth_year, told.three_element, told.new_citizen
    made.applicant, made.merchant, made.agent, made.platform = person, merchant, agent, intern.word(arrays, names, told.platform)
    made.product, made.channel = intern.word(arrays, names, told.product), intern.word(arrays, names, told.channel)
    made.city, made.attributes = intern.word(arrays, names, told.city), intern.text(arrays, names, told.attributes)
    made.mention, made.mentions = keep_mentions(arrays, batch, told.mention, told.mentions), told.mentions
    made.at, made.mark = told.at, mark
    insert(arrays, BY_APPLICATION, arrays.people[person].applications, told.at, number, mark)
    if merchant >= 0:
        insert(arrays, BY_APPLICATION, arrays.words[merchant].at, told.at, number, mark)
    if agent >= 0:
        insert(arrays, BY_APPLICATION, arrays.words[agent].through, told.at, number, mark)
    return True


@lean
def _labels_come(arrays: Arrays, number: Int) -> bool:
    """The labels that waited for an application come to its applicant."""
    made, header = arrays.applications[number], arrays.header
    person, first, waiting = np.int64(made.applicant), np.int64(made.labels.start), np.int64(made.labels.count)
    while header[STEP] <= made.mentions + waiting:
        if lacks_items(header, needed(np.int64(arrays.people[person].labels.count))):
            return False
        n = np.int64(header[STEP] - made.mentions - 1)
        row, at = row_at(arrays, first, waiting, n), moment_at(arrays, BY_LABEL, first, waiting, n)
        insert(arrays, BY_LABEL, arrays.people[person].labels, at, row, np.int64(arrays.labels[row].mark))
        header[STEP] += 1
    release(arrays, made.labels)
    return True


@lean
def add_event(arrays: Arrays, batch: Batch, row: Int, mark: Int) -> bool:
    """An event, its ties, and its place among the dealings of both sides."""
    told, names, header = batch.events[row], batch.names, arrays.header
    size = size_of(names, told.event_id) + size_of(names, told.kind) + size_of(names, told.applicant) + size_of(names, told.counterparty)
    size += size_of(names, told.merchant) + size_of(names, told.attributes) + size_of_mentions(batch, told.mention, told.mentions)
    if not has_room(header, SPARE + told.mentions, size if header[STEP] == 0 else np.int64(0)):
        return False
    if header[STEP] == 0:
        if not _make_event(arrays, batch, row, mark):
            return False
        header[STEP] = 1
    number = np.int64(header[USED + EVENTS]) - 1
    made = arrays.events[number]
    when, fact = (np.int64(made.at), mark), number << 2 | FROM_EVENT
    return add_mentions(arrays, np.int64(made.applicant), fact, when, np.int64(made.mention), np.int64(made.mentions))


@lean
def _make_event(arrays: Arrays, batch: Batch, row: Int, mark: Int) -> bool:
    told, names, header = batch.events[row], batch.names, arrays.header
    person, other = intern.person(arrays, names, told.applicant), intern.person(arrays, names, told.counterparty)
    need = needed(np.int64(arrays.people[person].events.count))
    if other >= 0:
        need += needed(np.int64(arrays.people[person].dealings.count)) + needed(np.int64(arrays.people[other].dealings.count))
    if lacks_items(header, need):
        return False
    number = header[USED + EVENTS]
    header[USED + EVENTS] = number + 1
    made = arrays.events[number]
    made.at, made.mark, made.applicant, made.terms = told.at, mark, person, _terms(arrays, batch, row, other)
    made.id, made.kind = intern.text(arrays, names, told.event_id), intern.word(arrays, names, told.kind)
    made.mention, made.mentions = keep_mentions(arrays, batch, told.mention, told.mentions), told.mentions
    insert(arrays, BY_EVENT, arrays.people[person].events, told.at, number, mark)
    if other >= 0:
        insert(arrays, BY_EVENT, arrays.people[person].dealings, told.at, number, mark)
        if other != person:
            insert(arrays, BY_EVENT, arrays.people[other].dealings, told.at, number, mark)
    return True


@lean
def _terms(arrays: Arrays, batch: Batch, row: Int, other: Int) -> Int:
    """What an event says beyond who did what when, in a row of its own; -1 for nothing."""
    told, names, header = batch.events[row], batch.names, arrays.header
    if np.isnan(told.amount) and other < 0 and told.merchant < 0 and told.attributes < 0:
        return np.int64(NONE)
    number = np.int64(header[USED + TERM_ROWS])
    header[USED + TERM_ROWS] = number + 1
    terms = arrays.terms[number]
    terms.amount, terms.counterparty = told.amount, other
    terms.merchant, terms.attributes = intern.word(arrays, names, told.merchant), intern.text(arrays, names, told.attributes)
    return number


@lean
def add_contact(arrays: Arrays, batch: Batch, row: Int, mark: Int) -> bool:
    """A phone that somebody named as their own second one, or a contact's."""
    told, names = batch.contacts[row], batch.names
    if not has_room(arrays.header, SPARE, size_of(names, told.applicant) + intern.size_of_identifier(names, told.phone)):
        return False
    own = told.relation >= 0 and _is(names, told.relation, _SELF)
    phone = intern.identifier(arrays, names, told.phone)
    person, packed = intern.person(arrays, names, told.applicant), phone << 2 | (_OWN if own else _CONTACT)
    return add_mention(arrays, person, packed, FROM_NO_ROW, np.int64(told.at), mark)


@lean
def _is(names: Names, text: Int, word: Column) -> bool:
    begins = intern.begin_of(names, text)
    if names.ends[text] - begins != len(word):
        return False
    for n in range(len(word)):  # noqa: SIM110 - plainer in machine code
        if names.heap[begins + n] != word[n]:
            return False
    return True


@lean
def add_outcome(arrays: Arrays, batch: Batch, row: Int, mark: Int) -> bool:
    """What became of an application, whether that has come or not."""
    told, header = batch.outcomes[row], arrays.header
    if not has_room(header, SPARE, size_of(batch.names, told.application)):
        return False
    application = intern.application(arrays, batch.names, told.application)
    if lacks_items(header, needed(np.int64(arrays.applications[application].outcomes.count))):
        return False
    number = header[USED + OUTCOMES]
    header[USED + OUTCOMES] = number + 1
    made = arrays.outcomes[number]
    made.at, made.amount, made.application, made.mark, made.status = told.at, told.amount, application, mark, told.status
    insert(arrays, BY_STATUS, arrays.applications[application].outcomes, told.at, number, mark)
    return True


@lean
def add_label(arrays: Arrays, batch: Batch, row: Int, mark: Int) -> bool:
    """What somebody concluded: it comes to the person, or waits at an application that has not come yet."""
    told, names, header = batch.labels[row], batch.names, arrays.header
    size = size_of(names, told.application) + size_of(names, told.applicant) + size_of(names, told.source) + size_of(names, told.detail)
    if not has_room(header, SPARE, size):
        return False
    application = intern.application(arrays, names, told.application) if told.application >= 0 else np.int64(NONE)
    person = intern.person(arrays, names, told.applicant)
    waits = application >= 0 and arrays.applications[application].at == NEVER
    about = np.int64(arrays.applications[application].applicant) if application >= 0 and not waits else person
    if lacks_items(header, needed(np.int64(arrays.applications[application].labels.count if waits else arrays.people[about].labels.count))):
        return False
    number = header[USED + LABELS]
    header[USED + LABELS] = number + 1
    made = arrays.labels[number]
    made.known_at, made.application, made.person, made.mark = told.known_at, application, person, mark
    made.source, made.detail = intern.word(arrays, names, told.source), intern.text(arrays, names, told.detail)
    made.fraud, made.by_person = told.fraud, told.by_person
    if waits:
        insert(arrays, BY_LABEL, arrays.applications[application].labels, told.known_at, number, mark)
    else:
        insert(arrays, BY_LABEL, arrays.people[about].labels, told.known_at, number, mark)
    return True
