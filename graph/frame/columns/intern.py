"""Interns people, identifiers, words and applications: each gets a row when a fact first names it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from graph.facts.tables import Column
from graph.frame.columns.insert import lacks
from graph.frame.columns.layout import (
    APPLICATIONS,
    IDENTIFIERS,
    MENTIONS,
    NEVER,
    NO_MARK,
    NONE,
    NOT_REPORTED,
    PEOPLE,
    SLOTS,
    TEXTS,
    USED,
    WORDS,
    Arrays,
    Int,
    Rows,
)
from graph.frame.columns.texts import (
    A_PERSON,
    A_WORD,
    AN_APPLICATION,
    AN_IDENTIFIER,
    MOST_BESIDE,
    NO_KIND,
    keep,
    slot_of,
    text_hash,
)
from graph.journal import entry
from graph.kernels.by_address import by_address
from graph.kernels.compiled import lean, shared


@by_address(heap="u1", ends="i4", identifiers=entry.IDENTIFIER, rows="i4")
class EntryNames(NamedTuple):
    """What a journal entry names: its texts and identifiers, and the rows that were found for them so far.

    heap, ends, identifiers  as in `graph.journal.entry.EncodedEntry`
    rows (2 T + I,) int32: of each text as a person, of each as a word, of each identifier; -1 until it is
    looked up
    """

    heap: Column
    ends: Column
    identifiers: Rows
    rows: Column


@lean
def begin_of(names: EntryNames, text: Int) -> Int:
    """Where a text of the entry begins in its heap; it ends at `ends`."""
    return np.int64(names.ends[text - 1]) if text > 0 else np.int64(0)


@lean
def size_of(names: EntryNames, text: Int) -> Int:
    """How many bytes of `texts` a text of the entry may take."""
    if text < 0:
        return np.int64(0)
    return np.int64(names.ends[text]) - begin_of(names, text) + MOST_BESIDE


@lean
def has_room(header: Column, rows: Int, size: Int) -> bool:
    """Whether every table has room for so many more rows, and `texts` for so many bytes; else the header says
    what lacks.
    """
    if lacks(header, np.int64(TEXTS), size) or lacks(header, np.int64(SLOTS), rows * 2):
        return False
    for file in range(PEOPLE, MENTIONS + 1):  # noqa: SIM110 - plainer in machine code
        if lacks(header, np.int64(file), rows):
            return False
    return True


@lean
def text(arrays: Arrays, names: EntryNames, number: Int) -> Int:
    """A text of the entry, kept; -1 for none."""
    return (
        keep(arrays, names.heap, begin_of(names, number), np.int64(names.ends[number]))
        if number >= 0
        else np.int64(NONE)
    )


@shared
def row_of(arrays: Arrays, of: Int, kind: Int, heap: Column, begins: Int, ends: Int) -> Int:
    """The row of a person, identifier, word or application with that text: a new one where there was none."""
    h = text_hash(arrays.header, of, kind, heap, begins, ends)
    at = slot_of(arrays, h, of, kind, heap, begins, ends)
    row = np.int64(arrays.slots[at].row) - 1
    if row < 0:
        row = _fresh(arrays, of, kind, keep(arrays, heap, begins, ends))
        arrays.slots[at].hash, arrays.slots[at].row = h, row + 1
        arrays.header[USED + SLOTS] += 1
    return row


@lean
def _fresh(arrays: Arrays, of: Int, kind: Int, text: Int) -> Int:
    """A new row of that sort; its lists are empty, as what was never used is zero."""
    header = arrays.header
    if of == A_PERSON:
        row, header[USED + PEOPLE] = header[USED + PEOPLE], header[USED + PEOPLE] + 1
        arrays.people[row].name = text
    elif of == AN_IDENTIFIER:
        row, header[USED + IDENTIFIERS] = header[USED + IDENTIFIERS], header[USED + IDENTIFIERS] + 1
        identifier = arrays.identifiers[row]
        identifier.token, identifier.kind, identifier.device = text, kind, NONE
    elif of == A_WORD:
        row, header[USED + WORDS] = header[USED + WORDS], header[USED + WORDS] + 1
        word = arrays.words[row]
        word.text, word.merchant_mark, word.platform_mark = text, NO_MARK, NO_MARK
        word.category, word.city, word.opened_at = NONE, NONE, NOT_REPORTED
    else:
        row, header[USED + APPLICATIONS] = header[USED + APPLICATIONS], header[USED + APPLICATIONS] + 1
        application = arrays.applications[row]
        application.id, application.at, application.mark = text, NEVER, NO_MARK
    return np.int64(row)


@lean
def person(arrays: Arrays, names: EntryNames, number: Int) -> Int:
    """The row of the person whom a text of the entry names, or -1."""
    if number < 0:
        return np.int64(NONE)
    if names.rows[number] < 0:
        names.rows[number] = row_of(
            arrays, A_PERSON, NO_KIND, names.heap, begin_of(names, number), np.int64(names.ends[number])
        )
    return np.int64(names.rows[number])


@lean
def word(arrays: Arrays, names: EntryNames, number: Int) -> Int:
    """The row of a text of the entry as a word, or -1."""
    if number < 0:
        return np.int64(NONE)
    at = len(names.ends) + number
    if names.rows[at] < 0:
        names.rows[at] = row_of(
            arrays, A_WORD, NO_KIND, names.heap, begin_of(names, number), np.int64(names.ends[number])
        )
    return np.int64(names.rows[at])


@lean
def application(arrays: Arrays, names: EntryNames, number: Int) -> Int:
    """The row of the application whose id a text of the entry is; one that has not come yet is there and
    waits.
    """
    return row_of(
        arrays, AN_APPLICATION, NO_KIND, names.heap, begin_of(names, number), np.int64(names.ends[number])
    )


@lean
def identifier(arrays: Arrays, names: EntryNames, number: Int) -> Int:
    """The row of an identifier of the entry."""
    at = 2 * len(names.ends) + number
    if names.rows[at] < 0:
        rows, before = names.identifiers[number], arrays.header[USED + IDENTIFIERS]
        row = row_of(
            arrays,
            AN_IDENTIFIER,
            np.int64(rows.kind),
            names.heap,
            begin_of(names, rows.token),
            np.int64(names.ends[rows.token]),
        )
        if row == before:
            text(arrays, names, rows.masked)  # right after the token
            arrays.identifiers[row].linking = rows.linking
        names.rows[at] = row
    return np.int64(names.rows[at])


@lean
def size_of_identifier(names: EntryNames, number: Int) -> Int:
    """How many bytes of `texts` an identifier of the entry may take."""
    return size_of(names, names.identifiers[number].token) + size_of(names, names.identifiers[number].masked)
