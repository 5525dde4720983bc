"""Texts in the frame: compared as the port orders them, and people, identifiers, words and applications found by theirs."""

from __future__ import annotations

import numpy as np

from graph.compiled import lean, shared
from graph.frame.layout import SEED, TEXT_STEP, Arrays, Int
from graph.tables import Column

# What a slot names, in the low bits of its hash.
A_PERSON, AN_IDENTIFIER, A_WORD, AN_APPLICATION, A_TIE = (np.int64(n) for n in range(5))
NO_KIND = np.int64(0)  # of what is no identifier
OF_BITS = 3
_ABOVE = np.uint64(0xFFFFFFFF - 7)
_PRIME, _ODD, _ODDER = np.uint64(0x100000001B3), np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9)
_HALF, _THIRD = np.uint64(32), np.uint64(29)


@lean
def length_of(texts: Column, text: Int) -> Int:
    """How many bytes a text has; that of -1 has none."""
    if text < 0:
        return np.int64(0)
    at = np.int64(text) * TEXT_STEP
    return np.int64(texts[at]) | np.int64(texts[at + 1]) << 8 | np.int64(texts[at + 2]) << 16 | np.int64(texts[at + 3]) << 24


@shared
def compare(texts: Column, one: Int, other: Int) -> Int:
    """-1, 0 or 1: whether a text stands before another by its characters (which UTF-8 keeps in order); -1 stands for the empty text."""
    if one == other:
        return np.int64(0)
    mine, theirs = length_of(texts, one), length_of(texts, other)
    a, b = (np.int64(one) + 1) * TEXT_STEP, (np.int64(other) + 1) * TEXT_STEP
    for n in range(min(mine, theirs)):
        if texts[a + n] != texts[b + n]:
            return np.int64(-1) if texts[a + n] < texts[b + n] else np.int64(1)
    return np.int64(0) if mine == theirs else np.int64(-1) if mine < theirs else np.int64(1)


@lean
def is_text(texts: Column, text: Int, heap: Column, begins: Int, ends: Int) -> bool:
    """Whether a text is the one of those bytes of a heap."""
    if length_of(texts, text) != ends - begins:
        return False
    at = (np.int64(text) + 1) * TEXT_STEP
    for n in range(ends - begins):  # noqa: SIM110 - plainer in machine code
        if texts[at + n] != heap[begins + n]:
            return False
    return True


@lean
def settled(h: Int, of: Int) -> Int:
    """A hash as a slot keeps it: 32 bits, the low ones say of what."""
    h = (h ^ (h >> _HALF)) * _ODDER
    h = h ^ (h >> _THIRD)
    return (h & _ABOVE) | np.uint64(of)


@lean
def text_hash(header: Column, of: Int, kind: Int, heap: Column, begins: Int, ends: Int) -> Int:
    """The hash of a text of that sort; `kind` is an identifier's, else NO_KIND."""
    h = (np.uint64(header[SEED]) ^ np.uint64(of * 16 + kind + 1)) * _ODD
    for n in range(begins, ends):
        h = (h ^ np.uint64(heap[n])) * _PRIME
    return settled(h, of)


@lean
def text_of(arrays: Arrays, of: Int, row: Int) -> Int:
    """The text by which a row is found."""
    if of == A_PERSON:
        return np.int64(arrays.people[row].name)
    if of == AN_IDENTIFIER:
        return np.int64(arrays.identifiers[row].token)
    if of == A_WORD:
        return np.int64(arrays.words[row].text)
    return np.int64(arrays.applications[row].id)


@lean
def slot_of(arrays: Arrays, h: Int, of: Int, kind: Int, heap: Column, begins: Int, ends: Int) -> Int:
    """Where in `slots` a text is, or the empty slot where it belongs. `h` is its `text_hash`."""
    slots = arrays.slots
    at = np.int64(h >> np.uint64(OF_BITS)) & (len(slots) - 1)
    while slots[at].row != 0:
        if slots[at].hash == h:
            row = slots[at].row - 1
            if (of != AN_IDENTIFIER or arrays.identifiers[row].kind == kind) and is_text(arrays.texts, text_of(arrays, of, row), heap, begins, ends):
                break
        at = (at + 1) & (len(slots) - 1)
    return at


@shared
def find(arrays: Arrays, of: Int, kind: Int, heap: Column, begins: Int, ends: Int) -> Int:
    """The row of a person, identifier (of that kind), word or application with that text, or -1."""
    at = slot_of(arrays, text_hash(arrays.header, of, kind, heap, begins, ends), of, kind, heap, begins, ends)
    return np.int64(arrays.slots[at].row) - 1


@lean
def tie_hash(header: Column, person: Int, packed: Int) -> Int:
    """The hash of a tie; `packed` is identifier << 2 | role."""
    return settled((np.uint64(header[SEED]) ^ np.uint64(np.int64(person) << 32 | np.int64(packed))) * _ODD, A_TIE)


@lean
def tie_slot(arrays: Arrays, h: Int, person: Int, packed: Int) -> Int:
    """Where in `slots` the tie is that stands, or the empty slot where it belongs. `h` is its `tie_hash`."""
    slots, ties = arrays.slots, arrays.ties
    at = np.int64(h >> np.uint64(OF_BITS)) & (len(slots) - 1)
    while slots[at].row != 0:
        if slots[at].hash == h:
            tie = ties[slots[at].row - 1]
            if tie.person == person and tie.identifier == packed >> 2 and tie.role == packed & 3:
                break
        at = (at + 1) & (len(slots) - 1)
    return at
